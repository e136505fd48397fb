#!/usr/bin/env python3
"""circles.py BUILD-FOLDER: no two files of agent/ depend on each other in a circle. A file (NAME.c
and NAME.h count as one; a header alone is a part of whoever includes it) depends on those whose
headers it includes and whose functions or data it uses: the includes are read from the sources, the
symbols from the objects with nm(1).

Prints each circle as a list of files and one line per dependency in it.
"""
import collections
import os
import re
import subprocess
import sys

SOURCE = os.environ.get("top_srcdir", ".")


def units():
    """{unit: [source files]}, as agent/util/log: [.../log.c, .../log.h]."""
    found = collections.defaultdict(list)
    for folder, _, names in os.walk(os.path.join(SOURCE, "agent")):
        for name in names:
            if name.endswith((".c", ".h")):
                path = os.path.join(folder, name)
                found[os.path.relpath(path, SOURCE)[:-2]].append(path)
    return found


def includes(files, unit):
    """(other, why) of each, those of headers without a .c of their own among them."""
    for path in files[unit]:
        with open(path, encoding="utf-8") as source:
            for name in re.findall(r'^#include "([^"]+)\.h"', source.read(), re.M):
                other = "agent/" + name
                if other not in files or other == unit:
                    continue
                if any(path.endswith(".c") for path in files[other]):
                    yield other, f'includes "{name}.h"'
                else:
                    yield from includes(files, other)


def symbols(build, unit):
    """(defined, used) global symbols of the unit's object."""
    for name in (unit + ".o", os.path.join(os.path.dirname(unit),
                                           "libldoms_a-" + os.path.basename(unit) + ".o")):
        if os.path.exists(os.path.join(build, name)):
            break
    else:
        return set(), set()
    listing = subprocess.run(["nm", "-g", "-P", os.path.join(build, name)], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    defined, used = set(), set()
    for line in listing.splitlines():
        symbol, kind = line.split()[:2]
        (used if kind == "U" else defined).add(symbol)
    return defined, used


def dependencies(build):
    """{unit: {other: why}}."""
    found, owner, used = {}, {}, {}
    files = units()
    for unit, paths in files.items():
        if not any(path.endswith(".c") for path in paths):
            continue
        found[unit] = dict(includes(files, unit))
        defined, used[unit] = symbols(build, unit)
        owner.update((symbol, unit) for symbol in defined)
    for unit, others in found.items():
        for symbol in sorted(used[unit]):
            other = owner.get(symbol)
            if other:
                others[other] = f"uses {symbol}"
        others.pop(unit, None)
    return found


def circles(graph):
    """Strongly connected components of more than one unit (Tarjan)."""
    index, low, stack, result = {}, {}, [], []

    def visit(unit):
        index[unit] = low[unit] = len(index)
        stack.append(unit)
        for other in graph[unit]:
            if other not in index:
                visit(other)
                low[unit] = min(low[unit], low[other])
            elif other in stack:
                low[unit] = min(low[unit], index[other])
        if low[unit] == index[unit]:
            component = stack[stack.index(unit):]
            del stack[stack.index(unit):]
            if len(component) > 1:
                result.append(sorted(component))

    sys.setrecursionlimit(10000)
    for unit in sorted(graph):
        if unit not in index:
            visit(unit)
    return result


def main():
    graph = dependencies(sys.argv[1])
    if not any(why.startswith("uses") for others in graph.values() for why in others.values()):
        sys.exit(f"{sys.argv[1]}: no objects here; run make first")
    found = circles(graph)
    for circle in found:
        print("circle of", ", ".join(circle))
        for unit in circle:
            for other in sorted(graph[unit]):
                if other in circle:
                    print(f"\t{unit} {graph[unit][other]} of {other}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
