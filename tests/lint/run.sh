#!/bin/sh
# TAP over all that can be said about the code without running it. What is not installed is skipped,
# except with LINT_ALL=yes.
# shellcheck disable=SC2317 # functions that check() calls
# shellcheck disable=SC2046 # no file has a space in its name
set -u
cd "${top_srcdir:-.}" || exit 99
n=0
bad=0

check() { # NAME TOOL COMMAND...
	name=$1 tool=$2
	shift 2
	n=$((n + 1))
	if ! command -v "$tool" >/dev/null && [ "${LINT_ALL:-no}" != yes ]; then
		echo "ok $n - $name # SKIP no $tool"
		return
	fi
	if output=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		echo "$output" | sed 's/^/# /'
		echo "not ok $n - $name"
		bad=1
	fi
}

all_c() { find agent clients tests/unit tests/ldmd-sim tests/fuzz tests/bench tests/conformance -name '*.[ch]' 2>/dev/null; }

format() { all_c | xargs clang-format --dry-run --Werror; }
cpp_check() {
	cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --enable=warning,performance,portability \
		--suppress=missingIncludeSystem --suppress=unknownMacro -D__GNUC__=12 -D_GNU_SOURCE \
		-Iagent --include=tests/lint/cppcheck.h \
		$(find agent tests/ldmd-sim tests/fuzz -name '*.c' ! -name '*-solaris.c')
}
shells() { shellcheck quickstart autogen.sh .ci/run tests/unit/run-unit $(find tests -name '*.sh'); }
manuals() {
	# A manual not installed here is no mistake in ours.
	! mandoc -Tlint docs/*.[1-8] 2>&1 | grep -vE 'mandoc.db|referenced manual not found'
}
pythons() { python3 -m compileall -q -f tests >/dev/null && find tests -name __pycache__ -exec rm -r {} +; }
# What a page links to is there.
links() {
	find . -name '*.md' ! -path './.quickstart/*' ! -path './build*' ! -path '*/node_modules/*' | while read -r page; do
		grep -oE '\]\([^):#]+' "$page" | cut -c3- | while read -r to; do
			[ -e "$(dirname "$page")/$to" ] || echo "$page: $to is not there"
		done
	done | { ! grep .; }
}

echo 1..9
check "folders include only those below" sh sh tests/lint/layers.sh
check "no circles between files" python3 python3 tests/lint/circles.py "${top_builddir:-.}"
check "no forbidden call" sh sh tests/lint/words.sh
check "clang-format" clang-format format
check "cppcheck" cppcheck cpp_check
check "shellcheck" shellcheck shells
check "mandoc" mandoc manuals
check "python" python3 pythons
check "links" sh links
exit $bad
