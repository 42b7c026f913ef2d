#!/usr/bin/env bash
# Runs every fuzz target of the repository, one after the other: run.sh SECONDS [NAME…], all of them in SECONDS, not
# counting the compiler. With names only those whose package or target has one of them in it. A found input is written
# beside its test, in testdata/fuzz: add it to the repository with the repair, and it is a test from then on. Exit code
# 1: something was found.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:?how many seconds in all}
shift
targets=()
while IFS=: read -r file line; do
  name=${line#func }
  target="$(dirname "$file") ${name%%(*}"
  for wanted in "${@:-}"; do
    [[ $target == *"$wanted"* ]] && targets+=("$target") && break
  done
done < <(grep -rno --include='*_test.go' '^func Fuzz[A-Za-z0-9]*(' . | sed 's/:[0-9]*:/:/' | sort)

each=$((seconds / ${#targets[@]}))
((each > 0)) || each=1
echo "${#targets[@]} targets, $each s each"
found=0
for target in "${targets[@]}"; do
  read -r package name <<<"$target"
  echo "== $package $name"
  go test -run '^$' -fuzz "^$name\$" -fuzztime "${each}s" "$package" || found=1
done
exit $found
