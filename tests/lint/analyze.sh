#!/bin/sh
# TAP over what two compilers think of each file when they look at all paths through it: minutes,
# so not a part of make lint. To be run in the build folder; $FLAGS: where libraries have headers.
set -u
src=${top_srcdir:?}
jobs=$(getconf _NPROCESSORS_ONLN)
flags="-std=gnu11 -D_GNU_SOURCE -DHAVE_CONFIG_H -I. -I$src/agent ${FLAGS:-}"
for name in TOP_SRCDIR DEFAULT_CONFIG_FILE DEFAULT_STATE_DIR DEFAULT_TEMPLATE_DIR; do
	flags="$flags -D$name='\"/\"'"
done
bad=0

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

echo 1..2
check 1 "clang-tidy" clang-tidy "clang-tidy --quiet \"\$1\" -- $flags 2>/dev/null"
# It loses sight of what is kept in a list that grew (leaks are what LeakSanitizer and memcheck
# find), and of what the optimiser has taken out.
check 2 "gcc -fanalyzer" gcc \
	"gcc -O0 -c -o /dev/null -fanalyzer -Wno-analyzer-malloc-leak -Werror $flags \"\$1\""
exit $bad
