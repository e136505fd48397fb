"""memcheck and AddressSanitizer inside snmpd: what they find while the module is loaded, read, set,
unloaded and loaded again.

snmpd's own leaks are not ours to mend, so a leak counts if the module is in its stack. Wrong accesses
count wherever they are, as a module can spoil what snmpd uses later.
"""
import os
import re
import signal
import subprocess
import unittest

import harness
import traps
from harness import ROOT, cell, scalar, wait_for
from sets import STATUS, Manager

DLMOD_STATUS = ".1.3.6.1.4.1.2021.13.14.2.1.5.1"  # UCD-DLMOD-MIB::dlmodStatus of the first module
UNLOAD, LOAD = 5, 4


def setUpModule():
    """Both tools make everything slower."""
    harness.SLOW *= 4


def sanitizer():
    """The runtime library of AddressSanitizer that the module was built for, or None."""
    needed = subprocess.run(["ldd", harness.MODULE], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = re.search(r"=> (\S*lib(?:clang_rt\.)?asan\S*)", needed)
    return found and found.group(1)


class Memory(harness.TestCase):
    form = "module"

    def play(self, tool):
        """All that a module does in its life, in a snmpd that `tool` watches."""
        receiver = self.process(traps.Receiver(os.path.join(self.directory, "t"))).start()
        bed = harness.Bed(os.path.join(self.directory, "0"), start=False, form="module",
                          conf="refreshInterval 1\nnotificationRate 0\n",
                          snmpd_conf=receiver.sinks["trap tcp"])
        self.beds.append(bed)
        # A second host, in a context of its own.
        other = self.process(harness.Simulator(os.path.join(self.directory, "s"), 2)).start()
        harness.InMaster(os.path.join(self.directory, "a"), other.address, bed.snmpd,
                         "refreshInterval 1\n", host="other")
        tool(bed.snmpd)
        bed.start()
        bed.manager = Manager(bed.snmpd, retries=3)
        self.addCleanup(bed.manager.close)
        self.read(bed)
        self.change(bed)
        self.roll_back(bed)
        wait_for(lambda: {"VCpuChange", "VMemChange", "StateChange", "OperationDone"} <=
                 {one.name for one in receiver.got()}, 30, "the notifications")
        bed.sim.do("disconnect")
        self.reload(bed, during=lambda: self.walk_until(bed))
        start = len(bed.agent.log())
        bed.snmpd.send(signal.SIGHUP)
        bed.agent.wait_log("in the master", 60, start)
        bed.wait_serving(60)
        self.leave_in_a_set(bed)
        self.assertEqual(bed.snmpd.stop(60), 0)

    def read(self, bed):
        for verb in ("walk", "bulkwalk"):
            self.assertGreater(len(bed.walk(ROOT, verb)), 500)
        for name in ("Name", "NumVCPU", "UUID"):
            self.assertTrue(bed.get(cell(name, 1)))
        other = bed.walk(ROOT, auth=[*harness.Snmpd.users["sha"], "-n", "other"])
        self.assertGreater(len(other), 100)
        # No such instance, object; behind our part of the tree.
        bed.snmp("get", [cell("Name", 4711), ROOT + ".9.9"], check=False)
        bed.snmp("getnext", [ROOT + ".2.9"], check=False)

    def set(self, bed, *varbinds):
        return bed.manager.set(*varbinds).error

    def wait_status(self, bed, index, *wanted):
        wait_for(lambda: STATUS[bed.get(cell("OperationStatus", index))] in wanted, 60,
                 f"{' or '.join(wanted)} of {index}")

    def change(self, bed):
        index = bed.indexes()["ldg1"]
        for column, kind, value in (("NumVCPU", "u", 8), ("MemSize", "u", 2048), ("AdminState", "i", 2),
                                    ("AdminState", "i", 1)):
            self.assertEqual(self.set(bed, (cell(column, index), kind, value)), "noError")
            self.wait_status(bed, index, "succeeded")
            wait_for(lambda c=column, v=value: bed.get(cell(c, index)) == v, 60, column)
        for refused in ((cell("NumVCPU", index), "i", 1), (cell("Name", index), "s", "other"),
                        (cell("NumVCPU", 4711), "u", 1), (cell("NumVCPU", index), "u", 100000),
                        (cell("OperState", index), "i", 1)):
            self.assertNotEqual(self.set(bed, refused), "noError", refused)

    def roll_back(self, bed):
        """The second step fails, the first one goes back."""
        indexes = bed.indexes()
        a, b = indexes["ldg1"], indexes["app01"]
        before = bed.get(cell("NumVCPU", a), cell("NumVCPU", b))
        bed.sim.do("fault refuse:no@set-vcpu/app01")
        self.set(bed, (cell("NumVCPU", a), "u", before[0] - 1), (cell("NumVCPU", b), "u", before[1] - 1))
        self.wait_status(bed, b, "failed", "rolledBack")
        wait_for(lambda: bed.get(cell("NumVCPU", a), cell("NumVCPU", b)) == before, 60, "what was before")
        bed.sim.do("clear")

    def reload(self, bed, during):
        during = harness.Thread(target=during)
        self.stop_walking = False
        during.start()
        try:
            for _ in range(3):
                self.assertEqual(self.set(bed, (DLMOD_STATUS, "i", UNLOAD)), "noError")
                wait_for(lambda: not bed.is_served(), 30, "the end of the module")
                self.assertEqual(self.set(bed, (DLMOD_STATUS, "i", LOAD)), "noError")
                bed.wait_serving(60)
        finally:
            self.stop_walking = True
            during.join()

    def walk_until(self, bed):
        while not self.stop_walking:
            bed.snmp("walk", [ROOT], ["-On"], check=False)

    def leave_in_a_set(self, bed):
        """A command is under way when snmpd ends."""
        bed.sim.do("fault delay:5@set-vcpu/ldg1")
        wait_for(lambda: scalar(bed, "ldomLinkState") == 1, 60, "the link")
        index = bed.indexes()["ldg1"]
        asked = (cell("NumVCPU", index), "u", bed.get(cell("NumVCPU", index)) - 1)
        self.assertEqual(self.set(bed, asked), "noError")
        self.wait_status(bed, index, "running")

    def test_memcheck(self):
        valgrind = harness.find_program("valgrind")
        if not valgrind:
            self.skipTest("there is no valgrind")
        if sanitizer():
            self.skipTest("the module has AddressSanitizer in it")
        log = os.path.join(self.directory, "memcheck.log")

        def tool(snmpd):
            snmpd.wrapper = [valgrind, "--quiet", f"--log-file={log}", "--leak-check=full",
                             "--show-leak-kinds=definite", "--child-silent-after-fork=yes", "--fullpath-after="]

        self.play(tool)
        with open(log, encoding="utf-8", errors="replace") as f:
            reports = re.split(r"(?m)^==\d+== *\n", f.read())
        self.assertEqual([report for report in reports if is_ours(report)], [])

    def test_address_sanitizer(self):
        runtime = sanitizer()
        if not runtime:
            self.skipTest("the module was built without AddressSanitizer (--enable-sanitizers=address)")
        log = os.path.join(self.directory, "asan")

        def tool(snmpd):
            snmpd.environment.update(
                LD_PRELOAD=runtime, LSAN_OPTIONS="exitcode=0",
                ASAN_OPTIONS=f"detect_leaks=1:log_path={log}:" + os.environ.get("ASAN_OPTIONS", ""))

        self.play(tool)
        reports = []
        for name in os.listdir(self.directory):
            if name.startswith("asan."):
                with open(os.path.join(self.directory, name), encoding="utf-8", errors="replace") as f:
                    reports += f.read().split("\n\n")
        self.assertEqual([report for report in reports if is_ours(report)], [])


def is_ours(report):
    """A place is the module where there are no line numbers, else a file of agent/."""
    return re.search(r"ldoms\.so|/agent/(module|snmp|tables|control|inventory|ldm|util|daemon)/|"
                     r"Invalid|Mismatched|ERROR: Add|runtime error", report)


if __name__ == "__main__":
    unittest.main()
