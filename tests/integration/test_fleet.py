"""A small fleet: what one host does, the others do not feel. The figures for 50 are those of
tests/bench/hosts.py (make bench-fleet); bounds here are those of the promises, on a busy machine.
"""
import unittest

import fleet
import harness
from harness import cell

HOSTS = ["north", "south", "east", "west"]


class Fleet(fleet.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not harness.find_program("snmpd"):
            raise unittest.SkipTest("there is no snmpd")

    def test_sets_at_once(self):
        """Three managers in three contexts: each SET is true, and the fourth context answers."""
        hosts = self.fleet(HOSTS, domains=6).hosts
        for host in hosts:
            host.wait_agree()
        with fleet.Reader(hosts[3:], cell("NumVCPU", 1)) as reader:
            took = fleet.set_at_once(hosts[:3], 3)
        self.assertLess(took[-1], 1.0 * max(1, harness.SLOW))
        self.assertLess(reader.part(1), 1.0 * max(1, harness.SLOW))

    def test_hung_ldmd(self):
        """One ldmd stands still: its own context and the others answer from what they know."""
        hosts = self.fleet(HOSTS, domains=6, conf="refreshInterval 0.5\n").hosts
        for host in hosts:
            host.wait_agree()
        before = hosts[0].rows()
        hosts[0].sim.do("freeze on")
        asked = [harness.stats(host.sim)["requests"] for host in hosts[1:]]
        with fleet.Reader(hosts, cell("NumVCPU", 1)) as reader:
            # The others' ldmds are asked on.
            for host, requests in zip(hosts[1:], asked):
                harness.wait_for(lambda h=host, r=requests: sum(
                    harness.stats(h.sim)["requests"].values()) >= sum(r.values()) + 3, 20, "queries")
        self.assertEqual(set(hosts[0].rows()), set(before))
        self.assertLess(reader.part(0.99), 0.4 * max(1, harness.SLOW))
        # A change on another host is seen.
        index, guest = hosts[1].guest()
        hosts[1].sim.do(f"do set-vcpu {guest['name']} {guest['vcpus'] + 1}")
        harness.wait_for(lambda: hosts[1].get(cell("NumVCPU", index)) == guest["vcpus"] + 1, 10,
                         "the change")
        hosts[0].sim.do("freeze off")
        hosts[0].wait_agree()

    def test_snmpd_restarts(self):
        """All are back within five seconds."""
        fleet_ = self.fleet(HOSTS, domains=3)
        self.assertLess(fleet.restart_snmpd(fleet_), 5.0 * max(1, harness.SLOW))
        for host in fleet_.hosts:
            host.wait_agree()

    def test_agents_come_and_go(self):
        """One stops, dies, starts again; the others are served all the time."""
        fleet_ = self.fleet(HOSTS[:3], domains=3)
        first, *others = fleet_.hosts
        with fleet.Reader(others, cell("NumVCPU", 1)) as reader:
            for end in (first.agent.stop, first.agent.kill):
                end()
                first.agent.start()
                harness.wait_for(first.serving, 20, "the table")
                self.assertTrue(reader.is_alive())
        first.wait_agree()


if __name__ == "__main__":
    unittest.main()
