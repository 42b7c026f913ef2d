#!/usr/bin/env bash
# What is known to be wrong with what we use, what is often wrong in code, and the licences of all parts. Exits with 1 if
# one of them finds something, or could not look.
#   scripts/security/check.sh [vulnerabilities] [code] [licences]     default: all
set -uo pipefail
cd "$(dirname "$0")/../.."
wanted=${*:-vulnerabilities code licences}
failed=0
say() { printf '\n== %s\n' "$*"; }

vulnerabilities() {
	say "known vulnerabilities (govulncheck)"
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...
}

code() {
	say "what is often wrong (gosec), beside what scripts/security/reviewed.txt explains"
	local found
	# It exits with 1 if it finds anything at all.
	found=$(go run github.com/securego/gosec/v2/cmd/gosec@v2.30.0 -quiet -exclude-dir=scripts -fmt=golint ./... 2>/dev/null)
	[ -n "$found" ] || { echo "gosec found nothing, not even what is known: it did not run"; return 1; }
	awk -v here="$PWD/" '
		NR == FNR { if ($0 !~ /^#/) known[$1 " " $2] = 1; next }
		{
			sub(here, ""); file = $0; sub(/:.*/, "", file)
			match($0, /Rule:G[0-9]+/); rule = substr($0, RSTART + 5, RLENGTH - 5)
			if (known[rule " *"] || known[rule " " file]) next
			print; new = 1
		}
		END { if (!new) print "nothing new"; exit new }' scripts/security/reviewed.txt - <<<"$found"
}

licences() {
	say "licences of the program's parts"
	local tool=github.com/google/go-licenses@v1.6.0
	go run $tool report ./cmd/countersign 2>/dev/null | cut -d, -f1,3 | sort -t, -k2,2 -k1,1 | column -s, -t
	go run $tool check ./cmd/countersign --allowed_licenses=MIT,BSD-2-Clause,BSD-3-Clause,Apache-2.0,ISC,MPL-2.0 2>/dev/null ||
		{ echo "a part has a licence that is not among these: MIT, BSD, Apache-2.0, ISC, MPL-2.0"; return 1; }
}

for what in $wanted; do
	case $what in
	vulnerabilities | code | licences) $what || failed=1 ;;
	*) echo "what is $what? vulnerabilities, code or licences"; exit 2 ;;
	esac
done
exit $failed
