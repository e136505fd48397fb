#!/bin/sh
# TAP: the deliberate faults of `make mutants` still fit the sources, the tests that they name are
# there, and `make mutants` copies all folders that the build includes.
set -u
src=${top_srcdir:?}
command -v patch >/dev/null || { echo "1..0 # SKIP there is no patch"; exit 0; }
set -- "$src"/tests/mutations/*.patch
echo "1..$(($# + 1))"
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
folders=$(sed -n 's,^include \([^/]*\)/.*,\1,p' "$src/Makefile.am" | sort -u)
missing=
for folder in $folders; do
	sed -n '/tar cf/,/tar xf/p' "$src/tests/mutations/run.sh" | grep -qw "$folder" || missing="$missing $folder"
done
[ -z "$missing" ] || { echo "# run.sh does not copy$missing"; printf 'not '; }
echo "ok $((n + 1)) - folders of the build"
