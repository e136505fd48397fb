"""Many SETs at once, and a slow or hung ldmd: other managers do not pay for it (docs/operations.md).

LDOMS_TEST_SECONDS says how long the managers go on (6).
"""
import os
import threading
import time

import harness
import sets
from sets import Manager, ask, varbind, wait_for

SECONDS = float(os.environ.get("LDOMS_TEST_SECONDS", "6"))
# The promised figures are asserted when a person asks for a long run on a quiet machine.
BY_HAND = "LDOMS_TEST_SECONDS" in os.environ and harness.SLOW <= 1
UPTIME = "1.3.6.1.2.1.1.3.0"


class Reader(harness.Thread):
    """A manager that asks for sysUpTime, or the names given, all the time; stop() gives the seconds
    that each GET took, sorted. A GET without its answer fails the test."""

    def __init__(self, snmpd, *names):
        super().__init__(target=self.read, daemon=True)
        self.names = names or (UPTIME,)
        self.manager = Manager(snmpd, timeout=20)
        self.took, self.ended = [], threading.Event()

    def read(self):
        while not self.ended.is_set():
            answer = self.manager.get(*self.names)
            assert answer.error == "noError", answer
            self.took.append(answer.took)
            self.ended.wait(0.002)

    def stop(self):
        self.ended.set()
        self.join()
        self.manager.close()
        return sorted(self.took)


class Load(sets.TestCase):
    pool = {"active": 62}
    host = {"cores": 128, "memory_gb": 256}
    conf = "commandTimeout 60s\nrequestTimeout 60s\n"

    def reader(self):
        reader = Reader(self.rig.snmpd)
        reader.start()
        wait_for(lambda: len(reader.took) > 5, 10, "answers")
        return reader

    def test_thirty_at_once(self):
        """ldmd is hung; four managers, thirty guests. All is done once ldmd is back."""
        guests = self.take_many(30)
        managers = [Manager(self.rig.snmpd, timeout=30) for _ in range(4)]
        for manager in managers:
            self.addCleanup(manager.close)
        ask(self.sim, "freeze on")
        self.addCleanup(ask, self.sim, "freeze off")
        reader = self.reader()
        sent = [(manager, manager.send(sets.SET, [
            (name, sets._value(kind, value))
            for name, kind, value in [varbind(guest, "NumVCPU", 6)]]))
            for guest, manager in zip(guests, managers * 8)]
        errors = [manager.receive(number, 30)[0] for manager, number in sent]
        took = reader.stop()
        print(f"# the slowest of {len(took)} GETs: {took[-1] * 1000:.0f} ms", flush=True)
        self.assertEqual(errors, [0] * len(guests))
        self.assertLess(took[-1], 1.0 * max(1, harness.SLOW / 2))
        ask(self.sim, "freeze off")
        for guest in guests:
            self.assertEqual(self.wait_ended(guest), "succeeded")
            self.assertHeld(guest, vcpus=6)
        self.wait_agree(*guests)

    def test_three_managers_all_the_time(self):
        """Against commands that take two seconds, on guests that are not busy as a rule."""
        guests = self.take_many(30)
        ask(self.sim, "fault delay:2@set-vcpu")
        end = time.monotonic() + SECONDS
        answers = []

        def change(mine):
            manager = Manager(self.rig.snmpd, timeout=20)
            number = 0
            while time.monotonic() < end:
                guest, count = mine[number % len(mine)], 5 + number // len(mine) % 2
                answers.append(manager.set(varbind(guest, "NumVCPU", count)).error)
                number += 1
                if answers[-1] != "noError":
                    time.sleep(0.05)
            manager.close()

        reader = self.reader()
        harness.run_all([harness.Thread(target=change, args=(guests[i::3],)) for i in range(3)])
        took = reader.stop()
        p95, p99 = took[len(took) * 95 // 100], took[len(took) * 99 // 100]
        print(f"# {len(answers)} SETs, {len(took)} GETs: p95 {p95 * 1000:.1f} ms, "
              f"p99 {p99 * 1000:.1f} ms, slowest {took[-1] * 1000:.0f} ms", flush=True)
        self.assertLessEqual(set(answers), {"noError", "inconsistentValue", "resourceUnavailable"})
        self.assertGreater(answers.count("noError"), 3)
        # Where waiting never ended p95 was above a second.
        self.assertLess(p95, 0.02 if BY_HAND else 0.2 * max(1, harness.SLOW / 2))
        self.assertLess(p99, 0.45 if BY_HAND else 0.6 * max(1, harness.SLOW / 2))
        ask(self.sim, "clear")
        for guest in guests:
            self.assertEqual(self.wait_ended(guest), "succeeded")
        self.wait_agree(*guests)

    def test_answers_carry_the_verdict(self):
        """With a healthy ldmd what is answered is decided, also behind a time in which it was not."""
        guest = self.take()
        ask(self.sim, f"fault delay:1@set-vcpu/{guest}")
        self.expect("noError", (guest, "NumVCPU", 6))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        ask(self.sim, "clear")
        # Answered at once: its verdict comes in time, and the next SETs wait again.
        self.expect("noError", (guest, "NumVCPU", 7))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        decided = 0
        for number in range(100):
            self.expect("noError", (guest, "NumVCPU", 4 + number % 2))
            decided += self.ended(guest) == "succeeded"
            self.wait_ended(guest)
        print(f"# {decided} of 100 SETs were decided when they were answered", flush=True)
        # One that a busy machine delays makes the next ones go without waiting.
        self.assertGreaterEqual(decided, 99 if BY_HAND else 80)
