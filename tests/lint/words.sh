#!/bin/sh
# Calls that this code base does without. Prints where they are.
set -u
cd "${top_srcdir:-.}" || exit 99
bad=0

forbid() { # PATTERN WHY FILES...
	pattern=$1 why=$2
	shift 2
	if grep -nE "(^|[^_a-zA-Z0-9])($pattern)" "$@" /dev/null | grep -vE ':[0-9]+:[[:space:]]*(/\*|\*|//)'; then
		echo "^ $why"
		bad=1
	fi
}
files=$(find agent tests/ldmd-sim -name '*.[ch]' 2>/dev/null)
# shellcheck disable=SC2086
{
	forbid '(strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca)\(' \
		'no bound: use strdup, asprintf, util/buffer.h' $files
	forbid 'xml(KeepBlanksDefault|SubstituteEntitiesDefault|IndentTreeOutput|SetGenericErrorFunc)' \
		'a global switch of libxml2' $files
	forbid '(atoi|atol|atof)\(' 'no errors: use util/number.h' $files
}
# shellcheck disable=SC2046
forbid 'exit\(' 'a library does not end the process' $(find agent -name '*.c' ! -name main.c ! -name background.c)
exit $bad
