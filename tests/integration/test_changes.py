"""When something changed, and whether it was saved: ldomLastChange, ldomTableLastChange,
ldomConfigUnsaved."""
import harness
import inventory
from harness import cell, dump, scalar, wait_for

UPTIME = ".1.3.6.1.2.1.1.3.0"
PRIVATE = ("-v2c", "-c", "private")


class Changes(harness.TestCase):

    def begin(self, **more):
        bed = self.bed(**{"conf": "refreshInterval 60\n", **more})
        wait_for(lambda: not inventory.differences(
            inventory.read_all(bed), dump(bed.sim), bed.indexes()), 30, "the tables", interval=0.2)
        return bed

    def times(self, bed):
        """{name: ldomLastChange}, and ldomTableLastChange."""
        # A row that comes or goes during the walk has some of its columns only.
        return ({row["Name"].decode(): row["LastChange"] for row in bed.rows().values()
                 if len(row) == len(harness.COLUMNS) - 1}, scalar(bed, "ldomTableLastChange"))

    def settled(self, bed):
        """Some changes come in two steps: when both have been seen."""
        last = [None]

        def still():
            before, last[0] = last[0], self.times(bed)
            return before == last[0]
        wait_for(still, 10, "a pause", interval=0.3)
        return last[0]

    def test_events_in_data_version_2(self):
        """ldmd does not take 3.0, in which they are asked for first."""
        bed = self.bed(sim_options=["-d", "2.0"], conf="refreshInterval 600\n")
        wait_for(lambda: scalar(bed, "ldomEventsEnabled") == 1, 20, "events")
        index = bed.indexes()["ldg1"]
        before, connects = bed.get(cell("NumVCPU", index)), scalar(bed, "ldomConnects")
        bed.sim.do("do add-vcpu ldg1 1")
        wait_for(lambda: bed.get(cell("NumVCPU", index)) == before + 1, 20, "the change")
        self.assertEqual(scalar(bed, "ldomConnects"), connects)

    def test_times(self):
        """Of the domain that changed, whichever table shows it, and of no other."""
        bed = self.begin()
        before, _ = self.settled(bed)
        for line in ("do add-vcpu ldg1 1", "do set-memory dev01 3G", "do set-variable web01 a=b",
                     "do add-vnet ldg1 vnet8 primary-vsw0", "do set-vnet ldg1 vnet8 pvid=9",
                     "do add-vdiskserverdevice primary extra@primary-vds0 /dev/dsk/c9",
                     "do set-domain app01 failure-policy=reset", "do unbind-domain test01",
                     "do add-domain new1", "rename new1 new2", "do remove-domain new2"):
            with self.subTest(line):
                words = line.split()
                changed = {words[2] if words[0] == "do" else words[1]}
                earliest = bed.get(UPTIME)
                _, table = self.times(bed)
                bed.sim.do(line)
                if "rename" in line or "set-domain" in line:  # no event tells of these
                    bed.sim.do("disconnect")
                wait_for(lambda t=table: self.times(bed)[1] > t, 5, "ldomTableLastChange")
                after, table = self.settled(bed)
                self.assertTrue(earliest <= table <= bed.get(UPTIME), (earliest, table))
                if line.startswith("do remove-domain"):
                    self.assertNotIn("new2", after)
                else:
                    self.assertEqual(table, max(after.values()))
                self.assertEqual({name for name in after if after[name] != before.get(name)},
                                 {"new2"} if words[0] == "rename" else changed & after.keys())
                before = after

    def test_load_and_time_are_no_change(self):
        bed = self.begin(conf="refreshInterval 0.2\n")
        index = bed.indexes()["ldg1"]
        # Below a minute it is told in seconds.
        bed.sim.do("guest ldg1 reset")
        wait_for(lambda: bed.get(cell("Uptime", index)) < 60, 5, "a young guest")
        before = self.settled(bed)
        uptime = bed.get(cell("Uptime", index))
        for permille in (900, 50):
            bed.sim.do(f"util ldg1 {permille}")
            wait_for(lambda p=permille: bed.get(cell("Utilization", index)) == p, 5, "the load")
        wait_for(lambda: bed.get(cell("Uptime", index)) > uptime, 5, "another uptime")
        self.assertEqual(self.times(bed), before)

    def test_a_manager_s_change(self):
        """The operation columns are a part of the row."""
        bed = self.begin()
        before, _ = self.settled(bed)
        index = bed.indexes()["ldg1"]
        bed.snmp("set", [cell("NumVCPU", index), "u", "6"], auth=PRIVATE)
        wait_for(lambda: bed.get(cell("OperationStatus", index)) == 3, 5, "the end")
        after, table = self.settled(bed)
        self.assertEqual({name for name in after if after[name] != before[name]}, {"ldg1"})
        self.assertEqual(table, after["ldg1"])

    def test_a_manager_s_change_that_fails(self):
        """How it ended is all that changes."""
        bed = self.begin()
        before, _ = self.settled(bed)
        index = bed.indexes()["ldg1"]
        bed.sim.do("fault refuse:no luck@set-vcpu")
        bed.snmp("set", [cell("NumVCPU", index), "u", "6"], auth=PRIVATE, check=False)
        wait_for(lambda: bed.get(cell("OperationStatus", index)) == 4, 5, "the end")
        after, table = self.settled(bed)
        self.assertEqual({name for name in after if after[name] != before[name]}, {"ldg1"})
        self.assertEqual(table, after["ldg1"])

    def test_unsaved_until_somebody_saves(self):
        bed = self.begin()
        index = bed.indexes()["ldg1"]
        unsaved = lambda: scalar(bed, "ldomConfigUnsaved") == 1  # noqa: E731

        def change(vcpus):
            self.assertFalse(unsaved())
            bed.snmp("set", [cell("NumVCPU", index), "u", str(vcpus)], auth=PRIVATE)
            wait_for(unsaved, 5, "what is unsaved")

        def configs(names):
            rows = inventory.read_table(bed, "ldomSPConfig")
            return {row["Name"].decode() for row in rows.values()} == set(names)

        self.assertFalse(unsaved())
        change(6)
        # None of these saves.
        bed.sim.do("do set-spconfig - initial")
        bed.sim.do("do remove-spconfig - production")
        wait_for(lambda: configs(["factory-default", "initial"]), 5, "the removal")
        self.assertTrue(unsaved())
        bed.agent.stop()
        bed.agent.start()
        bed.wait_serving()
        wait_for(unsaved, 5, "what was unsaved before the restart")
        bed.sim.do("do add-spconfig - spring")
        wait_for(lambda: not unsaved(), 5, "that it is saved")
        wait_for(lambda: configs(["factory-default", "initial", "spring"]), 5, "the new one")
        # Saved while nobody could tell us; we had looked at what is there after our change.
        change(8)
        looks = harness.stats(bed.sim)["requests"]["list-spconfig"]
        wait_for(lambda: harness.stats(bed.sim)["requests"]["list-spconfig"] > looks, 10, "a look")
        bed.sim.do("listen off")
        bed.sim.do("disconnect")
        bed.sim.do("do add-spconfig - summer")
        self.assertTrue(unsaved())
        bed.sim.do("listen on")
        wait_for(lambda: not unsaved(), 10, "that it was saved")

    def test_saved_before_the_change(self):
        """What was saved then is not what there is now, though we hear of it later."""
        bed = self.begin(faults=["no-events"])
        index = bed.indexes()["ldg1"]
        bed.sim.do("do add-spconfig - spring")
        bed.snmp("set", [cell("NumVCPU", index), "u", "6"], auth=PRIVATE)
        wait_for(lambda: b"spring" in [row["Name"] for row in inventory.read_table(
            bed, "ldomSPConfig").values()], 10, "the configuration")
        self.assertEqual(scalar(bed, "ldomConfigUnsaved"), 1)
        bed.sim.do("do add-spconfig - summer")
        bed.sim.do("disconnect")  # else it is the next minute
        wait_for(lambda: scalar(bed, "ldomConfigUnsaved") == 2, 10, "that it is saved")


if __name__ == "__main__":
    harness.unittest.main()
