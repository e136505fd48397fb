"""State files are the same on every processor: two builds of the agent use one state directory in turn.

The other build is that of LDOMS_OTHER_AGENT, run by LDOMS_OTHER_WRAPPER (qemu-s390x, say); without them
this build follows itself, so that the test itself is tried everywhere."""
import os

import harness
from harness import Bed, cell, wait_for

OTHER = os.environ.get("LDOMS_OTHER_AGENT", harness.AGENT)
WRAPPER = os.environ.get("LDOMS_OTHER_WRAPPER", "").split()


class OtherAgent(harness.Agent):

    def command(self, *more):
        command = super().command(*more)
        return WRAPPER + [OTHER] + command[command.index(harness.AGENT) + 1:]


class Exchange(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.bed = Bed(os.path.join(self.directory, "0"), start=False)
        self.beds.append(self.bed)
        first = self.bed.agent
        other = OtherAgent(first.directory, first.ldm, first.agentx)
        self.agents = {"this": first, "other": other}

    def run_as(self, name):
        if self.bed.agent.running():
            self.assertEqual(self.bed.agent.stop(60), 0)
        self.bed.agent = self.agents[name]
        self.bed.agent.start()
        self.bed.wait_serving(60)

    def operations(self):
        """Index and request of every operation that is remembered."""
        walked = self.bed.walk(harness.ROOT + ".1.30.1")
        return {name[len(harness.oid(harness.ROOT)):]: value for name, _, value in walked}

    def set(self, index, value):
        self.bed.snmp("set", [cell("NumVCPU", index), "u", str(value)], ["-t", "5", "-r", "0"],
                      auth=("-v2c", "-c", "private"))
        wait_for(lambda: self.bed.get(cell("OperationStatus", index)) == 3, 30, "success")

    def test_indexes_and_history(self):
        self.bed.sim.start()
        self.bed.snmpd.start()
        kept, history = None, {}
        for turn, name in enumerate(("this", "other", "this", "other")):
            self.run_as(name)
            if kept is not None:
                self.assertEqual(self.bed.indexes(), kept, name)
                now = self.operations()
                self.assertEqual({key: now.get(key) for key in history}, history, name)
            # Leaves a new domain with a number of its own, a gap, and an operation.
            self.bed.sim.do(f"do add-domain made{turn}")
            wait_for(lambda: f"made{turn}" in self.bed.indexes(), 30, "the new domain")
            if turn == 1:
                self.bed.sim.do("do remove-domain made0")
                wait_for(lambda: "made0" not in self.bed.indexes(), 30, "the end of a domain")
            self.set(2, 5 + turn)
            kept, history = self.bed.indexes(), self.operations()
            self.assertGreaterEqual(len(history), (turn + 1) * 5)
        numbers = list(kept.values()) if isinstance(kept, dict) else list(kept)
        self.assertEqual(len(numbers), len(set(numbers)))


if __name__ == "__main__":
    import unittest
    unittest.main()
