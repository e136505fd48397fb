"""The largest host there is: 256 domains, 2048 CPUs, 2000 disks, 1000 networks. Coarse bounds on time
and memory; what they really are is told by make bench."""
import time

import harness
import inventory
from harness import dump, scalar, stats, wait_for


class Large(harness.TestCase):

    # What a sanitizer or memcheck needs comes on top.
    MEMORY_MAX = 64 * 1024
    WATCHED_MAX = 768 * 1024

    def test_all_of_it(self):
        bed = self.bed(domains=256, sim_options=["-D", "2000", "-N", "1000"],
                       conf="refreshInterval 60\n")
        inventory.take_all_cpus(bed.sim)
        tables = self.same(bed)
        self.assertEqual([len(tables[table]) for table in
                          ("ldomVcpu", "ldomCore", "ldomVdisk", "ldomVnet", "ldomVcons")],
                         [2048, len(tables["ldomCore"]), 2000, 1000, 255])
        before = inventory.identities(tables)
        # Everything anew, on a new connection.
        lists = stats(bed.sim)["requests"]["list-devices"]
        bed.sim.do("disconnect")
        begun = time.monotonic()
        wait_for(lambda: stats(bed.sim)["requests"]["list-devices"] > lists, 60, "the last list")
        wait_for(lambda: scalar(bed, "ldomLinkState") == 1, 20, "the link")
        took = time.monotonic() - begun
        memory = bed.agent.resident()
        print(f"# all lists in {took:.1f} s, {memory >> 10} MiB")
        self.assertLess(took, 5.0 * harness.SLOW)
        self.assertLess(memory, self.WATCHED_MAX if bed.agent.is_watched() else self.MEMORY_MAX)
        self.assertEqual(inventory.identities(self.same(bed)), before)
        # One change is still one question about one domain.
        begun = time.monotonic()
        bed.sim.do("do set-vcpu ldg200 5")
        name = harness.cell("NumVCPU", bed.indexes()["ldg200"])
        wait_for(lambda: bed.get(name) == 5, 5, "the change")
        self.assertLess(time.monotonic() - begun, 1.0 * harness.SLOW)

    def same(self, bed):
        found = [None, None]

        def agree():
            found[0] = inventory.read_all(bed)
            found[1] = inventory.differences(found[0], dump(bed.sim), bed.indexes())
            return not found[1]
        try:
            wait_for(agree, 90, "the tables", interval=0.5)
        except AssertionError:
            self.fail("\n".join(found[1][:40]))
        return found[0]
