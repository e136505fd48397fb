"""Counts: how many of the 78 assertions hold, by the logs of the tests that docs/conformance.md names;
and that the document says what the logs say.

The logs are those of this `make check`: the makefile has the tests run first.
"""
import glob
import os
import re
import unittest

import harness

DOCUMENT = os.path.join(harness.SRC, "docs", "conformance.md")
FOLDERS = ("conformance", "integration", "mib")
GOOD, SKIPPED, KNOWN, BAD = "ok", "skipped", "known to fail", "failed"


def read_results():
    """{test: how it ended}, of all logs that there are."""
    results = {}
    for folder in FOLDERS:
        for path in glob.glob(os.path.join(harness.BUILD, "tests", folder, "*.log")):
            with open(path, encoding="utf-8", errors="replace") as log:
                for no, name, rest in re.findall(r"^(not )?ok \d+ - ([\w.]+)(.*)$", log.read(), re.M):
                    results[name] = (SKIPPED if "# SKIP" in rest else
                                     KNOWN if no and "# TODO" in rest else BAD if no else GOOD)
    return results


def read_document():
    with open(DOCUMENT, encoding="utf-8") as document:
        return document.read()


def read_rows():
    """[(number, what is said of it, [tests])]"""
    return [(int(number), said.strip(), re.findall(r"`([\w.]+)`", tests))
            for number, said, tests in re.findall(
                r"^\| (\d+) \|[^|]*\|([^|]*)\|([^|]*)\|$", read_document(), re.M)]


def read_sources():
    """{number: tests of tests/conformance/ whose name has it}"""
    found = {}
    for path in glob.glob(os.path.join(harness.SRC, "tests", "conformance", "test_*.py")):
        module = os.path.basename(path)[:-3]
        if module == "test_library":
            continue
        with open(path, encoding="utf-8") as source:
            text = source.read()
        for owner, body in re.findall(r"^class (\w+)(.*?)(?=^\S|\Z)", text, re.M | re.S):
            for name, number in re.findall(r"^    def (test_(\d\d)_\w+)", body, re.M):
                found.setdefault(int(number), set()).add(f"{module}.{owner}.{name}")
    return found


class Tally(unittest.TestCase):

    def setUp(self):
        self.rows = read_rows()
        self.results = read_results()

    def test_each_assertion_is_there_once(self):
        self.assertEqual([number for number, _, _ in self.rows], list(range(1, 79)))
        for number, said, tests in self.rows:
            self.assertRegex(said, r"^(holds|deviates \(.+\))$", number)
            self.assertTrue(tests, number)

    def test_each_test_is_named(self):
        named = {number: set(tests) for number, _, tests in self.rows}
        for number, tests in read_sources().items():
            for test in tests:
                self.assertTrue({test, test.rpartition(".")[0]} & named[number], test)

    def outcomes(self, test):
        """A class stands for all its tests."""
        return {self.results[name] for name in self.results
                if name == test or name.startswith(test + ".")} or {BAD}

    def test_results(self):
        hold, hidden = 0, []
        for number, said, tests in self.rows:
            outcomes = set().union(*(self.outcomes(test) for test in tests))
            self.assertNotIn(BAD, outcomes, f"{number}: {tests}")
            self.assertEqual(KNOWN in outcomes, said != "holds", f"{number} {said}, but: {outcomes}")
            if SKIPPED in outcomes:
                hidden.append(str(number))
            hold += said == "holds"
        self.assertIn(f"**{hold} of 78 hold.**", read_document())
        note = f" (not all could be tried here: {', '.join(hidden)})" if hidden else ""
        print(f"# {hold} of 78 hold{note}", flush=True)

    def test_what_is_the_librarys(self):
        """Each failure in the document has its proof, and each proof its line."""
        proofs = {name for name in re.findall(r"`(test_library[\w.]+)`", read_document())}
        ran = {name for name in self.results if name.startswith("test_library.")}
        self.assertEqual(proofs, ran)
        for name in proofs:
            self.assertIn(self.results[name], (GOOD, SKIPPED), name)
