#!/usr/bin/env bash
# Builds the release of the commit that is checked out twice, in two fresh clones, each with a build cache of its own, and
# compares every byte. ARCHS as for build.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
commit=$(git rev-parse HEAD)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for n in one another/folder; do
	git clone -q . "$work/$n"
	(cd "$work/$n" && git checkout -q "$commit" && GOCACHE=$work/cache-${n%%/*} scripts/package/build.sh "$work/out-${n%%/*}" >/dev/null)
done
diff "$work/out-one/SHA256SUMS" "$work/out-another/SHA256SUMS" && echo "the same, twice:" && cat "$work/out-one/SHA256SUMS"
