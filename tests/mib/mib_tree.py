#!/usr/bin/env python3
"""The tree of LDOMS-MIB: one line for each name, with its place below the module's root.

    mib_tree.py ../../mibs/LDOMS-MIB.txt >../../mibs/LDOMS-MIB.tree

A reader of its own for as much of SMIv2 as this needs, so that the golden tree depends on no tool.
"""
import re
import sys

_KINDS = ("MODULE-IDENTITY|OBJECT-TYPE|NOTIFICATION-TYPE|OBJECT-GROUP|NOTIFICATION-GROUP|"
          "MODULE-COMPLIANCE|OBJECT IDENTIFIER")
_DEFINITION = re.compile(
    rf"\b([a-z]\w*)\s+({_KINDS})\b((?:(?!::=).)*)::=\s*\{{\s*(\w+)\s+(\d+)\s*\}}", re.S)


def _plain(text):
    """Without comments and without what stands in quotes."""
    text = re.sub(r'"[^"]*"', '""', re.sub(r"--(?!.*\")[^\n]*", "", text))
    return text[re.search(r"\bIMPORTS\b.*?;", text, re.S).end():]


def _squeezed(text):
    return re.sub(r"\s+", " ", text).strip()


def _what(kind, body):
    if kind != "OBJECT-TYPE":
        return kind.lower().replace(" ", "-")
    syntax = re.search(r"\bSYNTAX\s+(.*?)\s*\b(?:UNITS|MAX-ACCESS)\b", body, re.S).group(1)
    access = re.search(r"\bMAX-ACCESS\s+([\w-]+)", body).group(1)
    return f"{access} {_squeezed(syntax)}"


def read(path):
    """{name: (arcs below the root, what it is)}"""
    with open(path, encoding="utf-8") as file:
        definitions = {name: (parent, int(number), _what(kind, body))
                       for name, kind, body, parent, number in
                       _DEFINITION.findall(_plain(file.read()))}

    def place(name):
        parent, number, what = definitions[name]
        if what == "module-identity":
            return ()
        if parent not in definitions:
            return None  # above the root
        above = place(parent)
        return None if above is None else above + (number,)

    return {name: (place(name), what) for name, (_, _, what) in definitions.items()
            if place(name) is not None}


def lines(tree):
    return [".".join(str(arc) for arc in (("",) + arcs)) + f" {name} {what}" if arcs else
            f". {name} {what}"
            for name, (arcs, what) in sorted(tree.items(), key=lambda item: item[1][0])]


if __name__ == "__main__":
    print("\n".join(lines(read(sys.argv[1]))))
