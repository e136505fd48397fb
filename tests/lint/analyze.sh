#!/bin/sh
# TAP over what three analyzers think of each file when they look at all paths through it: minutes,
# so not a part of make lint. To be run in the build folder; $FLAGS: where libraries have headers.
set -u
src=${top_srcdir:?}
jobs=$(getconf _NPROCESSORS_ONLN)
flags="-std=gnu11 -include config.h -I. -I$src/agent ${FLAGS:-}"
for name in TOP_SRCDIR DEFAULT_CONFIG_FILE DEFAULT_STATE_DIR DEFAULT_TEMPLATE_DIR; do
	flags="$flags -D$name='\"/\"'"
done
bad=0

# What scan-build says of one file, but for what comes of what it does not know:
#   leaks: the cleanup attribute; LeakSanitizer and memcheck look for them
#   dead stores: the same; what disarms a cleanup function is never read, it thinks
#   size zero: that a transaction has a part, as control_start() makes none without
#   use after free: that TAILQ_REMOVE() and LIST_REMOVE() of the first change the head of the list
#     (simulator, history), and that a connection is not freed before conn_leave() of the last caller
scan() { # FILE
	scan-build --use-cc=gcc sh -c "\$CC -c -o /dev/null $flags \"\$1\"" sh "$1" 2>&1 |
		grep -E '(warning|error): ' |
		grep -vE 'Potential leak of memory|deadcode.DeadStores|allocated with size zero' |
		grep -vE '(tests/ldmd-sim/|agent/control/history.c|agent/ldm/conn.c).*Use of memory after'
}
[ "${1:-}" != scan ] || { ! scan "$2"; exit; }

files() { (cd "$src" && find agent tests/ldmd-sim -name '*.c' ! -name '*-solaris.c' | sort); }

# One process for each file: clang-tidy takes over what it believes from one file to the next.
check() { # NUMBER NAME TOOL COMMAND...
	number=$1 name=$2 tool=$3
	shift 3
	if ! command -v "$tool" >/dev/null; then
		echo "ok $number - $name # SKIP no $tool"
		return
	fi
	if output=$(files | sed "s,^,$src/," | xargs -P "$jobs" -n 1 sh -c "$*" sh 2>&1); then
		echo "ok $number - $name"
	else
		echo "$output" | sed 's/^/# /'
		echo "not ok $number - $name"
		bad=1
	fi
}

echo 1..3
check 1 "clang-tidy" clang-tidy "clang-tidy --quiet \"\$1\" -- $flags 2>/dev/null"
# It loses sight of what is kept in a list that grew (leaks are what LeakSanitizer and memcheck
# find), and of what the optimiser has taken out.
check 2 "gcc -fanalyzer" gcc \
	"gcc -O0 -c -o /dev/null -fanalyzer -Wno-analyzer-malloc-leak -Werror $flags \"\$1\""
check 3 "scan-build" scan-build "sh '$0' scan \"\$1\""
exit $bad
