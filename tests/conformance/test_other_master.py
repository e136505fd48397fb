"""The agent behind any AgentX master: what snmpd shows of a host is what that master has to show, cell
by cell, and SETs, notifications and the session work through it.

The master is $LDOMS_TEST_MASTER (harness.Snmpd); without one it is snmpd once more, over TCP, so that
this file is known to work. docs/conformance.md tells which masters were tried.
"""
import os
import stat

import conformance
import harness
import sets
import traps
from harness import ROOT, SCALARS, cell, find_program, wait_for

# What two agents of one host may see differently: what moves, and times of their masters.
OWN = conformance.MOVING | {conformance.OBJECTS[name].arcs for name in (
    "ldomNormUtilization", "ldomLastChange", "ldomTableLastChange", "ldomLinkLastChange")}
V2C = ("-v2c", "-c", "private")


def snmpd_script(directory):
    """Takes -c FILE, as another master would."""
    path = os.path.join(directory, "master")
    with open(path, "w", encoding="utf-8") as script:
        script.write(f"#!/bin/sh\nexec {find_program('snmpd')} -f -C \"$@\" -A "
                     f"-Lf {directory}/messages -p {directory}/pid -I -smux\n")
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return path


class OtherMaster(harness.TestCase):
    """One bed for each test, whose snmpd is the other master."""

    def other_bed(self, snmpd_conf="", sim=None, plain=False):
        """plain: behind snmpd after all."""
        if not find_program("snmpd"):
            self.skipTest("there is no snmpd")
        directory = os.path.join(self.directory, str(len(self.beds)))
        bed = harness.Bed(directory, start=False)
        master = os.path.join(directory, "o")
        os.mkdir(master)
        bed.snmpd = harness.Snmpd(master, snmpd_conf, "" if plain else
                                  harness.Snmpd.other or snmpd_script(master))
        bed.agent.agentx = bed.snmpd.address
        bed.agent.ldm = (sim or bed.sim).address
        bed.agent.configure("")
        self.beds.append(bed)
        if not sim:
            bed.sim.start()
        bed.snmpd.start()
        bed.agent.start()
        bed.wait_serving()
        # The lists of devices come a little after the domains.
        wait_for(lambda: bed.get(SCALARS["ldomCpuRpFree"]), 20, "the pools")
        return bed

    def cells(self, bed, verb="walk"):
        return {name: (kind, value) for name, kind, value in bed.walk(ROOT, verb=verb)}

    def test_same_as_snmpd(self):
        """By GetNext, and by GetBulk, which snmpd itself never sends to a subagent."""
        plain = self.other_bed(plain=True)
        other = self.other_bed(sim=plain.sim)

        def difference(verb):
            here, there = self.cells(plain), self.cells(other, verb)
            found.clear()
            found.update((name, (here.get(name), there.get(name))) for name in set(here) | set(there)
                         if here.get(name) != there.get(name) and conformance.arcs_of(name) not in OWN)
            return found

        found = {}
        for verb in ("walk", "bulkwalk"):
            try:
                wait_for(lambda verb=verb: not difference(verb), 20, f"{verb}: the same cells")
            except AssertionError as error:
                self.fail(f"{error}: {found}")
        self.assertGreater(len(self.cells(other)), 1000)

    def test_get_and_exceptions(self):
        bed = self.other_bed()
        found = bed.snmp("get", [cell("Name", 1), cell("Name", 99), ROOT + ".1.99.0"],
                         ["-On", "-Oe"]).stdout
        kinds = [kind for _, kind, _ in harness.parse_varbinds(found)]
        self.assertEqual(kinds[0], "OCTETS")
        self.assertTrue(all(kind.startswith("No Such") for kind in kinds[1:]), kinds)
        found = bed.snmp("bulkget", [cell("Name", 0), cell("Name", 0), cell("NumVCPU", 0)],
                         ["-On", "-Oe", "-Cn1", "-Cr3"]).stdout
        names = [name for name, _, _ in harness.parse_varbinds(found)]
        self.assertEqual(names, [harness.oid(cell(column, index)) for column, index in (
            ("Name", 1), ("Name", 1), ("NumVCPU", 1), ("Name", 2), ("NumVCPU", 2), ("Name", 3),
            ("NumVCPU", 3))])

    def test_set(self):
        """Two columns as one; refused in the first phase; failed in the second, and taken back."""
        bed = self.other_bed()
        guest = bed.indexes()["ldg1"]
        before = bed.get(cell("NumVCPU", guest), cell("MemSize", guest))

        def set_(vcpus, memory):
            return bed.snmp("set", [cell("NumVCPU", guest), "u", str(vcpus), cell("MemSize", guest),
                                    "u", str(memory)], auth=V2C, check=False).stderr

        def ended():
            return bed.get(cell("OperationStatus", guest)) in sets.ENDED_NUMBERS

        self.assertEqual(set_(before[0] + 1, before[1] + 256), "")
        wait_for(ended, 20, "the end")
        self.assertEqual(bed.get(cell("NumVCPU", guest), cell("MemSize", guest)),
                         [before[0] + 1, before[1] + 256])
        for _ in range(100):
            self.assertIn("wrongValue", set_(before[0], 2 ** 32 - 1) + set_(65536, before[1]))
        bed.sim.do("fault refuse:no such luck@set-memory")
        answer = set_(before[0], before[1])
        # Where everything is slow, the verdict comes after the answer.
        self.assertTrue("commitFailed" in answer or answer == "", answer)
        wait_for(ended, 20, "the end of the rollback")
        bed.sim.do("clear")
        self.assertEqual(bed.get(cell("NumVCPU", guest), cell("MemSize", guest)),
                         [before[0] + 1, before[1] + 256])
        self.assertEqual(set_(before[0], before[1]), "")
        wait_for(ended, 20, "the end")
        self.assertEqual(bed.get(cell("NumVCPU", guest), cell("MemSize", guest)), before)

    @sets.skip_without("snmptrapd")
    def test_notification(self):
        receiver = self.process(traps.Receiver(os.path.join(self.directory, "t")))
        receiver.start()
        bed = self.other_bed(snmpd_conf=receiver.sinks["trap v2c"])
        bed.sim.do("do add-vcpu ldg1 1")
        found = wait_for(lambda: [n for n in receiver.got() if n.name == "VCpuChange"], 15, "the trap")
        self.assertEqual([n.domain for n in found], ["ldg1"])

    def test_session(self):
        """The master comes again; of two agents the second one takes over; an orderly end."""
        bed = self.other_bed()
        bed.snmpd.kill()
        bed.agent.wait_log("lost the AgentX master")
        bed.snmpd.start()
        bed.wait_serving()
        second = self.process(harness.Agent(
            os.path.join(self.directory, "b"), bed.sim.address, bed.snmpd.address))
        second.start()
        second.wait_log("another session holds it", 15)
        self.assertEqual(bed.agent.stop(), 0)
        second.wait_log("serving", 15)
        wait_for(bed.is_served, 20, "the second one")
        self.assertEqual(second.stop(), 0)


if __name__ == "__main__":
    harness.unittest.main()
