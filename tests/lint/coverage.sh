#!/bin/sh
# Sum up gcov's figures for agent/, file by file, and in total. To be run in the build folder.
set -eu
find agent -name '*.gcda' | sort | while read -r data; do
	gcov -b -n "$data" 2>/dev/null
done | awk '
	/^File / { file = $2; gsub(/\047/, "", file); sub(/^.*\/agent\//, "agent/", file) }
	/^Lines executed:/ { split($0, p, /[:%]/); lines[file] = $NF; reached[file] = p[2] * $NF / 100 }
	/^Branches executed:/ { }
	/^Taken at least once:/ { split($0, p, /[:%]/); branches[file] = $NF; taken[file] = p[2] * $NF / 100 }
	END {
		for (f in lines) {
			if (f !~ /^agent\/.*\.c$/) continue
			printf "%5.1f %% of %4d lines  %s\n", lines[f] ? 100 * reached[f] / lines[f] : 100, lines[f], f | "sort -n"
			n += lines[f]; r += reached[f]; b += branches[f]; t += taken[f]
		}
		close("sort -n")
		printf "\n%.1f %% of %d lines, %.1f %% of %d branches\n", n ? 100 * r / n : 0, n, b ? 100 * t / b : 0, b
	}'
