"""Every fault of ldmd at every moment, as docs/reliability.md says it has to be.

LDOMS_TEST_CELLS names some only: "tls/hang refresh/*".
"""
import collections
import fnmatch
import glob
import os
import queue
import re
import time

import failures
import harness

TABLE = os.path.join(harness.SRC, "docs", "reliability.md")
WANTED = os.environ.get("LDOMS_TEST_CELLS", "*").split()
# Cells mostly wait, so many can be tried at once.
RIGS = int(os.environ.get("LDOMS_TEST_RIGS", "8"))


def expectations():
    """{(moment, fault): [rows]}"""
    found = collections.defaultdict(list)
    for row in failures.read_table(TABLE):
        for moment in row.moments:
            for fault in row.faults:
                found[moment, fault].append(row)
    return found


class Table(harness.TestCase):

    def test_each_fault_at_each_moment_has_one_line(self):
        known = {(moment, fault) for moment, faults in failures.known().items() for fault in faults}
        table = expectations()
        self.assertEqual(sorted(known - table.keys()), [], "not in the table")
        self.assertEqual(sorted(table.keys() - known), [], "cannot happen")
        self.assertEqual([key for key, rows in table.items() if len(rows) > 1], [], "twice")


    def test_each_test_that_is_named_is_there(self):
        with open(TABLE, encoding="utf-8") as file:
            named = set(re.findall(r"`(test_\w+[a-z0-9])(?:\.py)?`", file.read()))
        there = set()
        for path in glob.glob(os.path.join(harness.SRC, "tests", "*", "*-test.c")) + glob.glob(
                os.path.join(harness.SRC, "tests", "*", "test_*.py")):
            there.add(os.path.basename(path).partition(".")[0])
            with open(path, encoding="utf-8") as file:
                there |= set(re.findall(r"\b(test_\w+)\(", file.read()))
        self.assertEqual(sorted(named - there), [])
        self.assertGreater(len(named), 20)


class Matrix(harness.TestCase):

    def test_each_cell(self):
        cells = queue.PriorityQueue()
        # Those that last longest first.
        for (moment, fault), (row, *_) in expectations().items():
            if any(fnmatch.fnmatch(f"{moment}/{fault}", pattern) for pattern in WANTED):
                cells.put((-row.fresh, moment != "command", moment, fault))
        count, begun = cells.qsize(), time.monotonic()
        self.problems, self.slowest, self.fresh = [], 0.0, []
        harness.run_all([harness.Thread(target=self.work, args=(number, cells))
                         for number in range(min(RIGS, count))])
        print(f"# {count} cells of {len(failures.MOMENTS)} moments and "
              f"{len({fault for some in failures.known().values() for fault in some})} faults in "
              f"{time.monotonic() - begun:.0f} s; slowest GET {1000 * self.slowest:.0f} ms; "
              f"fresh again after {sum(self.fresh) / len(self.fresh):.2f} s on average")
        self.assertEqual(self.problems, [])
        self.assertEqual(len(self.fresh), count, "each cell was tried")
        self.assertLess(self.slowest, 1.0 * harness.SLOW)

    def work(self, number, cells):
        """One rig. What a thread starts dies with it, so it also stops it."""
        rig = failures.Rig(os.path.join(self.directory, str(number)))
        try:
            rig.start()
            self.try_all(rig, cells)
        except AssertionError as error:
            self.problems.append(f"rig {number}: {error}")
        self.slowest = max(self.slowest, rig.slowest)
        self.problems += rig.stop()

    def try_all(self, rig, cells):
        table = expectations()
        while True:
            try:
                *_, moment, fault = cells.get_nowait()
            except queue.Empty:
                return
            try:
                found, took = rig.try_cell(moment, fault, table[moment, fault][0])
            except Exception as error:  # pylint: disable=broad-except
                self.problems.append(f"{moment}/{fault}: {error!r}")
                return
            self.fresh.append(took)
            if found:
                self.problems.append(f"{moment}/{fault}: {found}")
