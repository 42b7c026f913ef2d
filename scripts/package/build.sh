#!/usr/bin/env bash
# Makes a release of the commit that is checked out: packages for amd64 and arm64, their programs, a list of what is in
# them, checksums. The same commit, with the same Go and C compiler, gives the same bytes, whoever builds it and where.
#   scripts/package/build.sh [OUT]       the release, into OUT (dist)
#   ARCHS=amd64 scripts/package/build.sh one architecture
# The version is that of the tag (v1.2.3 is 1.2.3); without one, or with files that were changed, it is one before 0.1.0.
# arm64 on amd64 needs Debian's gcc-aarch64-linux-gnu and libc6-dev-arm64-cross.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-dist}
archs=${ARCHS:-amd64 arm64}
nfpm=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
cyclonedx=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0

commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C
umask 022
date=$(date -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
if tag=$(git describe --exact-match --tags --match 'v[0-9]*' 2>/dev/null) && [ -z "$(git status --porcelain)" ]; then
	VERSION=${tag#v}
else
	VERSION=0.0.0-dev.$(date -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S).g${commit:0:12}
	[ -z "$(git status --porcelain)" ] || VERSION+=.modified
fi
export VERSION
echo "countersign $VERSION, commit $commit of $date"

# A static program runs on every Linux of its architecture, whatever its C library.
compiler() { # ARCH
	case "$1" in
	"$(go env GOHOSTARCH)") echo gcc ;;
	arm64) echo aarch64-linux-gnu-gcc ;;
	amd64) echo x86_64-linux-gnu-gcc ;;
	esac
}
compile() { # ARCH FILE
	local set="-X main.releaseVersion=v$VERSION -X main.releaseCommit=$commit -X main.releaseDate=$date"
	set+=" -X main.defaultData=/var/lib/countersign -X main.defaultConfig=/etc/countersign/countersign.yaml"
	CGO_ENABLED=1 GOOS=linux GOARCH=$1 CC=$(compiler "$1") GOFLAGS= go build -trimpath -buildvcs=false \
		-tags netgo,osusergo,sqlite_omit_load_extension \
		-ldflags "-s -w -buildid= -linkmode external -extldflags '-static -Wl,--build-id=none' $set" -o "$2" ./cmd/countersign
}

rm -rf "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What the program says about itself is the same on every architecture.
here=$(go env GOHOSTARCH)
for tool in $cyclonedx $nfpm; do GOBIN=$work go install "$tool"; done # run on this machine, whatever it builds for
compile "$here" "$work/$here"
about=$work/$here
"$about" manual | gzip -9n >"$work/countersign.8.gz"
for shell in bash zsh fish; do "$about" completion "$shell" >"$work/countersign.$shell"; done

# Licences ask for their texts beside the program, one for its source.
go run github.com/google/go-licenses@v1.6.0 save ./cmd/countersign --save_path="$work/licences" 2>/dev/null
mkdir "$work/licences/go" && cp "$(go env GOROOT)/LICENSE" "$work/licences/go/"
chmod -R u=rwX,go=rX "$work/licences"

for ARCH in $archs; do
	[ -e "$work/$ARCH" ] || compile "$ARCH" "$work/$ARCH"
	ln -f "$work/$ARCH" "$work/countersign"
	touch -d "@$SOURCE_DATE_EPOCH" "$work"/countersign*
	for packager in deb rpm; do
		ARCH=$ARCH OUT=$work "$work/nfpm" package --config scripts/package/nfpm.yaml --packager $packager --target "$out/"
	done
	tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
		-C "$work" -c countersign countersign.8.gz countersign.bash countersign.zsh countersign.fish licences |
		gzip -9n >"$out/countersign_${VERSION}_linux_$ARCH.tar.gz"
	GOARCH=$ARCH CGO_ENABLED=1 CC=$(compiler "$ARCH") "$work/cyclonedx-gomod" app -json -licenses -std -noserial -notimestamp -main cmd/countersign \
		-output "$out/countersign_${VERSION}_linux_$ARCH.cdx.json" .
done
(cd "$out" && sha256sum -- * >SHA256SUMS && cat SHA256SUMS)
