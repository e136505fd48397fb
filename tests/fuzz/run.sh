#!/bin/sh
# Builds the fuzz targets with clang, libFuzzer and sanitizers in ./fuzz-build, and runs each for
# $FUZZ_SECONDS seconds (60). What it finds is left in ./fuzz-build/trouble; what reaches new code
# is kept in ./fuzz-build/grown from run to run.
#
# $FUZZ_TARGETS: some of them. $CLANG: which clang. $FUZZ_OPTIONS: more options of libFuzzer.
set -eu
seconds=${FUZZ_SECONDS:-60}
clang=${CLANG:-clang}
src=${top_srcdir:?}
here=$(pwd)
work=$here/fuzz-build
all="frame document xmpp mask settings registry history template capture read transport set ldmd"

command -v "$clang" >/dev/null || { echo "make fuzz needs clang" >&2; exit 1; }
mkdir -p "$work"
cd "$work"
[ -e config.status ] || "$src/configure" -q CC="$clang" CFLAGS='-g -O1' --disable-hardening \
	--enable-sanitizers=fuzzer-no-link,address,undefined >/dev/null

# In memory where it can be: the targets that need files write them anew for each input.
tmp=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)/ldoms-fuzz.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM
export FUZZ_TMPDIR="$tmp"
export ASAN_OPTIONS=detect_stack_use_after_return=1:allocator_may_return_null=1:detect_leaks=1
export UBSAN_OPTIONS=print_stacktrace=1
found=0

run_one() {
	mkdir -p "grown/$1" trouble
	dict="$src/tests/fuzz/dict/$1.dict"
	[ -e "$dict" ] || dict="$src/tests/fuzz/dict/xml.dict"
	case $1 in set) dict="" max=1024 ;; read | transport) dict="" max=16384 ;; ldmd) max=8192 ;; *) max=16384 ;; esac
	rc=0
	# shellcheck disable=SC2086
	tests/fuzz/fuzz-"$1" -max_total_time="$seconds" -max_len=$max -timeout=30 -rss_limit_mb=2048 \
		-print_final_stats=1 -use_value_profile=1 ${dict:+-dict="$dict"} \
		-artifact_prefix="trouble/$1-" ${FUZZ_OPTIONS:-} "grown/$1" \
		"$src/tests/fuzz/corpus/$1" >"$1.log" 2>&1 || rc=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$1.log")
	speed=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$1.log")
	cov=$(sed -n 's/^#.* cov: \([0-9]*\) ft: \([0-9]*\) .*/\1 \2/p' "$1.log" | tail -1)
	printf '%-10s %4s s %10s inputs %7s/s  edges %s  features %s  %s\n' "$1" "$seconds" \
		"${runs:--}" "${speed:--}" "${cov% *}" "${cov#* }" \
		"$([ $rc = 0 ] && echo 'nothing found' || echo "FOUND SOMETHING: $work/$1.log")"
	[ $rc = 0 ] || found=1
}

targets=${FUZZ_TARGETS:-$all}
set --
for target in $targets; do set -- "$@" "tests/fuzz/fuzz-$target"; done
jobs=$(getconf _NPROCESSORS_ONLN)
if ! make -s -j"$jobs" libldoms.a >make.log 2>&1 || ! make -s -j"$jobs" "$@" >>make.log 2>&1; then
	tail -30 make.log
	exit 1
fi
for target in $targets; do run_one "$target"; done
if [ $found != 0 ]; then
	echo "Inputs that made trouble are in $work/trouble. When it is fixed, they go to"
	echo "tests/fuzz/found/TARGET, where make check feeds them for ever."
fi
exit $found
