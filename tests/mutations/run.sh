#!/bin/sh
# Does any test notice? Builds with one deliberate fault at a time, each a patch in this folder, and
# runs the test that the patch names in its "Caught-by:" line, which has to fail.
#
# Usage: run.sh [PATCH]...   works in ./mutants, on a copy of the sources
set -eu
src=${top_srcdir:?}
work=$(pwd)/mutants
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
[ $# -gt 0 ] || set -- "$src"/tests/mutations/*.patch

caught_by() { sed -n 's/^Caught-by: //p' "$1"; }

copy_sources() {
	rm -rf "$work"
	mkdir -p "$work/src" "$work/build"
	(cd "$src" && tar cf - --exclude='*.o' --exclude=.deps --exclude='*.log' --exclude='*.trs' \
		agent clients tests mibs docs packaging m4 build-aux configure configure.ac aclocal.m4 Makefile.am \
		Makefile.in ./*.h.in README.md NEWS LICENSE) | tar xf - -C "$work/src"
	cd "$work/build"
	../src/configure -q --disable-hardening CFLAGS='-g -O1' >configure.log 2>&1
}

# What a test needs to be there.
programs_of() {
	case $1 in
	*.py) echo ldoms-agentx ldmd-sim ;;
	*) echo "$1" ;;
	esac
}

build() {
	# shellcheck disable=SC2046
	make -s -j"$jobs" $(programs_of "$1") >make.log 2>&1 || {
		cat make.log
		exit 1
	}
}

# passes TEST [CASE]...
passes() {
	case $1 in
	*.py)
		file=$1
		shift
		top_srcdir=$work/src top_builddir=$work/build timeout 600 python3 -B \
			"$work/src/tests/integration/run-tap.py" "$work/src/$file" "$@" >test.log 2>&1
		! grep -q '^not ok' test.log
		;;
	*) timeout 600 "./$1" >test.log 2>&1 ;;
	esac
}

copy_sources
count=0
caught=0
for patch in "$@"; do
	count=$((count + 1))
	name=$(basename "$patch" .patch)
	test=$(caught_by "$patch")
	build "${test%% *}"
	# shellcheck disable=SC2086
	passes $test || { echo "$test fails without a fault: see $work/build/test.log"; exit 1; }
	patch -s -p1 -d ../src <"$patch"
	build "${test%% *}"
	# shellcheck disable=SC2086
	if passes $test; then
		echo "$name: NOT CAUGHT by $test"
	else
		echo "$name: caught by $test"
		caught=$((caught + 1))
	fi
	patch -s -R -p1 -d ../src <"$patch"
done
echo "$caught of $count caught"
[ $caught = $count ] || exit 1
rm -rf "$work"
