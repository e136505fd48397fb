#!/bin/sh
# TAP: the deliberate faults of `make mutants` still fit the sources, and the tests that they name
# are there.
set -u
src=${top_srcdir:?}
command -v patch >/dev/null || { echo "1..0 # SKIP there is no patch"; exit 0; }
set -- "$src"/tests/mutations/*.patch
echo "1..$#"
n=0
for patch in "$@"; do
	n=$((n + 1))
	test=$(sed -n 's/^Caught-by: \([^ ]*\).*/\1/p' "$patch")
	if [ -e "$src/$test" ] || [ -e "$src/$test.c" ]; then
		output=$(patch -f -p1 --dry-run -d "$src" <"$patch" 2>&1)
	else
		output="there is no $test"
		false
	fi || { echo "$output" | sed 's/^/# /'; printf 'not '; }
	echo "ok $n - $(basename "$patch" .patch)"
done
