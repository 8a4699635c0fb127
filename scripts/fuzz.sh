#!/bin/sh
# Runs every fuzz target for the given time each (default 60s). A finding is
# written below the package's testdata/fuzz: commit it with its mend.
set -eu
time=${1:-60s}
cd "$(dirname "$0")/.."
go list -f '{{.Dir}}' ./... | while read -r dir; do
  targets=$(grep -hoE '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go 2>/dev/null | sed 's/^func //' || true)
  for t in $targets; do
    echo "== ${dir#"$PWD"/} $t"
    (cd "$dir" && go test -run '^$' -fuzz "^$t\$" -fuzztime "$time" -fuzzminimizetime 10x .)
  done
done
