#!/usr/bin/env bash
# Fetches the packages of packages.txt into a folder, checks their hashes, and prints the folder.
# Usage: scripts/npm/fetch.sh [FOLDER]
set -euo pipefail
list=$(cd "$(dirname "$0")" && pwd)/packages.txt
folder=${1:-$(mktemp -d)}
mkdir -p "$folder"
grep -v '^#' "$list" | while read -r package hash file _; do
	tarball=$(cd "$folder" && npm pack --silent "$package" | tail -1)
	got=sha512-$(openssl dgst -sha512 -binary "$folder/$tarball" | base64 -w0)
	if [ "$got" != "$hash" ]; then
		echo "$package has another hash than packages.txt says: $got" >&2
		exit 1
	fi
	tar -xzOf "$folder/$tarball" "$file" >"$folder/$(basename "$file")"
done
echo "$folder"
