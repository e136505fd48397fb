"""Restarts of snmpd and of ldmd, and that SNMP never makes work for ldmd."""
import os
import time

import harness
import sets
from harness import cell, scalar, stats, wait_for


class Restart(harness.TestCase):

    def back_after(self, bed, restart):
        """How long after the master answers again the table is there, in seconds."""
        restart()
        begun = time.monotonic()
        bed.wait_serving()
        return time.monotonic() - begun

    def test_snmpd_stops_and_starts(self):
        bed = self.bed()
        for _ in range(3):
            bed.snmpd.stop()
            self.assertLess(self.back_after(bed, bed.snmpd.start), 2.0 * harness.SLOW)

    def test_snmpd_crashes(self):
        bed = self.bed()
        bed.snmpd.kill()
        self.assertLess(self.back_after(bed, bed.snmpd.start), 2.0 * harness.SLOW)

    def test_snmpd_later_than_the_agent(self):
        bed = harness.Bed(os.path.join(self.directory, "0"), start=False)
        self.beds.append(bed)
        bed.sim.start()
        bed.agent.start()
        wait_for(lambda: stats(bed.sim)["requests"].get("list-domain"), 10, "a query")
        self.assertLess(self.back_after(bed, bed.snmpd.start), 2.0 * harness.SLOW)

    def test_ldmd_restarts(self):
        bed = self.bed(conf="refreshInterval 1\n")
        before = bed.indexes()
        for end in (bed.sim.stop, bed.sim.kill):
            end()
            wait_for(lambda: scalar(bed, "ldomLinkState") in harness.LINK_LOST, 10, "the loss")
            self.assertEqual(bed.indexes(), before)
            bed.sim.start()
            begun = time.monotonic()
            wait_for(lambda: scalar(bed, "ldomLinkState") == 1 and
                     scalar(bed, "ldomDataAge") < 100, 10, "fresh data")
            self.assertLess(time.monotonic() - begun, 2.0 * harness.SLOW)
            self.assertEqual(bed.indexes(), before)

    def test_managers_make_no_work_for_ldmd(self):
        """10,000 GETs, and a table walked hundreds of times: no query more than the pace."""
        bed = self.bed(conf="refreshInterval 2\n")
        wait_for(lambda: not harness.differences(
            bed.rows(), harness.dump(bed.sim)["domains"]), 10, "the table")

        def queries():
            return sum(stats(bed.sim)["requests"].values())

        manager = sets.Manager(bed.snmpd, community="public")
        self.addCleanup(manager.close)
        start, begun = queries(), time.monotonic()
        for number in range(10000):
            self.assertEqual(
                manager.get(cell("NumVCPU", 1 + number % 8)).error, "noError")
        for _ in range(20):
            bed.walk(verb="bulkwalk")
        took = time.monotonic() - begun
        made = queries() - start
        # One list-domain each interval with its jitter, and the rounds for details each minute.
        allowed = took / 2 * 1.5 + 2 + (took / 60 + 1) * 6
        print(f"# 10,000 GETs and 20 walks in {took:.1f} s: {made} queries, "
              f"{allowed:.0f} allowed")
        self.assertLessEqual(made, allowed)
        # As many as without any manager.
        start, begun = queries(), time.monotonic()
        wait_for(lambda: time.monotonic() - begun > min(took, 10), 20, "the same time")
        idle = (queries() - start) / (time.monotonic() - begun)
        self.assertLessEqual(made / took, idle * 1.5 + 1)

    def test_agent_restarts(self):
        bed = self.bed()
        before = bed.indexes()
        self.assertEqual(bed.agent.stop(), 0)
        wait_for(lambda: not bed.walk(), 5, "the end of the table")
        bed.agent.start()
        bed.wait_serving()
        self.assertEqual(bed.indexes(), before)

    def test_two_agents_one_master(self):
        """The second one cannot have the root; it takes over when the first one goes."""
        bed = self.bed()
        second = self.process(harness.Agent(
            os.path.join(self.directory, "b"), bed.sim.address, bed.snmpd.address))
        second.start()
        second.wait_log(r"(?i)another|duplicate|holds", 15)
        self.assertTrue(bed.rows())
        bed.agent.stop()
        wait_for(bed.is_served, 45, "the second one")
        self.assertEqual(second.stop(), 0)
