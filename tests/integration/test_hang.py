"""ldmd hangs, comes back, or stays away: answers go on, and never pretend."""
import signal
import time

import harness
from harness import cell, dump, scalar, wait_for


def freeze(sim):
    sim.do("freeze on")


def thaw(sim):
    sim.do("freeze off")


class Hang(harness.TestCase):

    def test_answers_go_on_and_the_age_grows(self):
        bed = self.bed(conf="refreshInterval 0.5\nrequestTimeout 60\n")
        before = bed.rows()
        freeze(bed.sim)
        # A hang can only be seen by data that get old.
        wait_for(lambda: scalar(bed, "ldomDataAge") > 200, 15, "an age of 2 s")
        slowest = 0.0
        for _ in range(50):
            begun = time.monotonic()
            self.assertEqual(bed.get(cell("Name", 1)), before[1]["Name"])
            slowest = max(slowest, time.monotonic() - begun)
        # With the start of a process in it; a GET that waits for ldmd would take for ever.
        self.assertLess(slowest, 1.0 * harness.SLOW)
        ages = [scalar(bed, "ldomDataAge") for _ in range(5)]
        self.assertEqual(ages, sorted(ages))
        self.assertEqual(len(bed.rows()), len(before))
        self.assertIn(scalar(bed, "ldomLinkState"), (harness.LINK_SLOW, *harness.LINK_LOST))

    def test_fresh_within_two_seconds_after_a_hang(self):
        bed = self.bed(conf="refreshInterval 1\nrequestTimeout 60\n")
        freeze(bed.sim)
        wait_for(lambda: scalar(bed, "ldomDataAge") > 300, 15, "an age of 3 s")
        self.fresh(bed, lambda: thaw(bed.sim))

    def test_fresh_after_a_hang_with_a_lost_connection(self):
        bed = self.bed(conf="refreshInterval 1\nrequestTimeout 1\n")
        freeze(bed.sim)
        wait_for(lambda: scalar(bed, "ldomQueryTimeouts") >= 1, 15, "a time-out")
        self.fresh(bed, lambda: thaw(bed.sim))

    def test_fresh_after_the_agent_itself_stood_still(self):
        """In a machine that was suspended, for one; with an answer waiting or without."""
        bed = self.bed(conf="refreshInterval 0.2\nrequestTimeout 1\n")
        for fault in ("delay:0.1@list-domain", "clear"):
            bed.sim.do(f"fault {fault}" if fault != "clear" else fault)
            queries = scalar(bed, "ldomQueries")
            wait_for(lambda queries=queries: scalar(bed, "ldomQueries") > queries + 1, 10, "a query")
            bed.agent.send(signal.SIGSTOP)
            self.addCleanup(bed.agent.send, signal.SIGCONT)
            begun = time.monotonic()
            wait_for(lambda begun=begun: time.monotonic() - begun > 1.5, 5, "longer than the time-out")
            bed.agent.send(signal.SIGCONT)
            self.fresh(bed, lambda: None)
            begun = time.monotonic()
            queries = scalar(bed, "ldomQueries")
            wait_for(lambda queries=queries: scalar(bed, "ldomQueries") > queries + 2, 5, "the pace")

    def fresh(self, bed, change):
        index = bed.indexes()["ldg1"]
        change()
        begun = time.monotonic()
        bed.sim.do("do add-vcpu ldg1 1")
        vcpus = {d["name"]: d["vcpus"] for d in dump(bed.sim)["domains"]}["ldg1"]
        wait_for(lambda: bed.get(cell("NumVCPU", index)) == vcpus, 15, "the change")
        self.assertLess(time.monotonic() - begun, 2.0 * harness.SLOW)
        wait_for(lambda: scalar(bed, "ldomLinkState") == 1, 5, "the link")

    def test_stale_data_are_not_shown(self):
        bed = self.bed(conf="refreshInterval 0.5\nstaleAfter 2\nrequestTimeout 1\n")
        count = len(bed.rows())
        freeze(bed.sim)
        wait_for(lambda: not bed.rows(), 20, "the end of the table")
        # The scalars stay and say why.
        self.assertGreaterEqual(scalar(bed, "ldomDataAge"), 200)
        self.assertIn(scalar(bed, "ldomLinkState"), (harness.LINK_SLOW, *harness.LINK_LOST))
        self.assertGreater(len(scalar(bed, "ldomLinkLastError")), 0)
        # A name of the table is an object without instance.
        answer = bed.snmp("get", [cell("Name", 1)], ["-On", "-Oe"]).stdout
        self.assertIn("No Such Instance", answer)
        # So are the pools; they are inventory too.
        answer = bed.snmp("get", [harness.SCALARS["ldomCpuRpFree"]], ["-On", "-Oe"]).stdout
        self.assertIn("No Such Instance", answer)
        thaw(bed.sim)
        wait_for(lambda: len(bed.rows()) == count, 10, "the table")
        self.assertLess(scalar(bed, "ldomDataAge"), 200 * harness.SLOW)

    def test_never_stale_if_so_configured(self):
        bed = self.bed(conf="refreshInterval 0.5\nstaleAfter 0\nrequestTimeout 1\n")
        bed.sim.kill()
        wait_for(lambda: scalar(bed, "ldomDataAge") > 300, 15, "an age of 3 s")
        self.assertEqual(len(bed.rows()), 8)

    def test_ldmd_is_away_at_start(self):
        bed = harness.Bed(self.directory + "/0", start=False, form=self.form, conf="requestTimeout 2\n")
        self.beds.append(bed)
        bed.snmpd.start()
        bed.agent.start()
        wait_for(lambda: "No Such" not in bed.snmp(
            "get", [harness.SCALARS["ldomLinkState"]], check=False).stdout and
            scalar(bed, "ldomLinkState") in (2, 3), 10, "the scalars")
        self.assertFalse(bed.rows())
        self.assertEqual(scalar(bed, "ldomNumber"), 0)
        bed.sim.start()
        begun = time.monotonic()
        bed.wait_serving()
        # On the same host the longest back-off is 1.5 s.
        self.assertLess(time.monotonic() - begun, 4.0 * harness.SLOW)

    def test_unauthorised_has_a_status_of_its_own(self):
        bed = harness.Bed(self.directory + "/0", start=False, form=self.form, faults=["unauthorised"])
        self.beds.append(bed)
        bed.sim.start()
        bed.snmpd.start()
        bed.agent.start()
        wait_for(lambda: "No Such" not in bed.snmp(
            "get", [harness.SCALARS["ldomLinkState"]], check=False).stdout and
            scalar(bed, "ldomLinkState") == 4, 10, "the status")
        bed.agent.wait_log("solaris.ldoms.read")
        bed.sim.do("clear unauthorised")
        bed.wait_serving()
        wait_for(lambda: scalar(bed, "ldomLinkState") == 1, 10, "the link")


class Log(harness.TestCase):

    def test_what_goes_wrong_again_and_again_is_told_once(self):
        bed = self.bed(conf="refreshInterval 0.2\n")
        for fault, line in (("malformed@list-domain", "Opening and ending tag mismatch"),
                            ("attr-bomb@list-domain", "too many attributes"),
                            ("refuse:busy@list-domain", "with failure: busy")):
            start = len(bed.agent.log())
            failures = scalar(bed, "ldomQueryFailures")
            bed.sim.do(f"fault {fault}")
            wait_for(lambda failures=failures: scalar(bed, "ldomQueryFailures") > failures + 5, 20,
                     "failures")
            bed.sim.do("clear")
            wait_for(lambda: scalar(bed, "ldomLinkState") == 1, 10, "the link")
            # By who found it, and by whom it hinders.
            self.assertIn(bed.agent.log()[start:].count(line), (1, 2), bed.agent.log()[start:])
