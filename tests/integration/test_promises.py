"""Numbers that docs/reliability.md promises, measured: answers while ldmd hangs, and the way back
after restarts. Printed in each run.
"""
import time

import harness
import sets
from harness import SLOW, cell, dump, scalar, wait_for

ROUNDS = 1000


def percentile(times, share):
    return sorted(times)[int(len(times) * share)]


class Promises(harness.TestCase):

    def manager(self, bed):
        manager = sets.Manager(bed.snmpd)
        self.addCleanup(manager.close)
        return manager

    def gets(self, manager):
        """(median, 99th percentile) of a GET, in ms."""
        names = [cell(column, 1) for column in ("Name", "NumVCPU", "MemSize", "OperState")]
        times = [manager.get(*names).took * 1000 for _ in range(ROUNDS)]
        return percentile(times, 0.5), percentile(times, 0.99)

    def test_p1_a_get_does_not_wait_for_ldmd(self):
        """The 99th percentile with a hung ldmd is at most 1.5 times that with a healthy one."""
        bed = self.bed(domains=32, conf="refreshInterval 1\nrequestTimeout 60\n")
        manager = self.manager(bed)
        well, hung = [], []
        # In turn, and the best of it: what else runs on this machine is not what is measured.
        for _ in range(2):
            well.append(self.gets(manager))
            bed.sim.do("freeze on")
            wait_for(lambda: scalar(bed, "ldomLinkState") == 5, 15, "a link that is slow")
            hung.append(self.gets(manager))
            bed.sim.do("freeze off")
            wait_for(lambda: scalar(bed, "ldomLinkState") == 1, 15, "the link")
        well, hung = min(well, key=lambda t: t[1]), min(hung, key=lambda t: t[1])
        print(f"# P1: GET of 4 varbinds: median {well[0]:.2f} ms, 99 % {well[1]:.2f} ms; with a hung "
              f"ldmd {hung[0]:.2f} and {hung[1]:.2f} ms")
        # Coarse, as others may use this machine; one that waits takes as long as ldmd hangs.
        self.assertLess(hung[1], 1.5 * well[1] + 50.0 * SLOW)

    def test_p8_back_after_a_restart_of_snmpd(self):
        bed = self.bed()
        manager, took = self.manager(bed), []
        for end in (bed.snmpd.stop, bed.snmpd.kill) * 2:
            end()
            bed.snmpd.start()
            begun = time.monotonic()
            wait_for(lambda: manager.get(cell("Name", 1)).values[0][1] == b"primary", 10, "the table",
                     interval=0.005)
            took.append(time.monotonic() - begun)
        print(f"# P8: served {', '.join(f'{t:.2f}' for t in took)} s after snmpd answers again")
        self.assertLess(max(took), 2.0 * SLOW)

    def test_p8_fresh_after_a_restart_of_ldmd(self):
        bed = self.bed(conf="refreshInterval 1\n",
                       sim_options=["-S", self.directory + "/sim-state"])
        manager, took = self.manager(bed), []
        row, link = bed.indexes()["ldg1"], harness.SCALARS["ldomLinkState"]
        for end in (bed.sim.stop, bed.sim.kill) * 2:
            end()
            wait_for(lambda: manager.get(link).values[0][1] in harness.LINK_LOST, 10, "the loss")
            bed.sim.start()
            begun = time.monotonic()
            bed.sim.do("do add-vcpu ldg1 1")
            vcpus = {d["name"]: d["vcpus"] for d in dump(bed.sim)["domains"]}["ldg1"]
            wait_for(lambda vcpus=vcpus: manager.get(cell("NumVCPU", row)).values[0][1] == vcpus, 10,
                     "the change", interval=0.005)
            took.append(time.monotonic() - begun)
        print(f"# P8: fresh {', '.join(f'{t:.2f}' for t in took)} s after ldmd answers again")
        self.assertLess(max(took), 2.0 * SLOW)
