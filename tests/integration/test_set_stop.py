"""SIGTERM while transactions run: what was begun is finished, and the rows tell the truth.

LDOMS_TEST_KILLS says how often (15), LDOMS_TEST_SEED repeats a run.
"""
import os
import random
import signal
import time

import sets
from sets import ask, holding, wait_for

KILLS = int(os.environ.get("LDOMS_TEST_KILLS", "15"))
SEED = int(os.environ.get("LDOMS_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10 ** 6)


class Stop(sets.TestCase):
    pool = {"active": 12}
    conf = "setWait 0\ncommandTimeout 20s\n"
    host = {"cores": 64, "memory_gb": 128}

    def restart(self):
        self.assertEqual(self.agent.stop(timeout=40), 0)
        self.agent.start()
        self.rig.wait_serving()

    def test_rollback(self):
        """The second command of a PDU is refused after the signal: the first is taken back."""
        a, b = self.take_many(2)
        self.fault(f"refuse-late:2:no such luck@set-vcpu/{b}")
        self.expect("noError", (a, "NumVCPU", 6), (b, "NumVCPU", 6))
        wait_for(lambda: f"set-vcpu {b} 6" in self.commands(), 10, "the second command")
        self.restart()
        for guest in (a, b):
            self.assertHeld(guest, vcpus=4)
            self.assertIn(self.ended(guest), ("rolledBack", "failed"))
        self.agree(a, b)

    def test_start_behind_a_stop(self):
        guest = self.take()
        ask(self.sim, "wait 2")
        self.expect("noError", (guest, "AdminState", "restart"))
        wait_for(lambda: f"stop-domain {guest}" in self.commands(), 10, "the stop")
        self.restart()
        self.assertHeld(guest, state="active")
        self.assertEqual(self.ended(guest), "succeeded")
        self.assertEqual(self.commands(), [f"stop-domain {guest}", f"start-domain {guest}"])

    def test_second_signal(self):
        """It does not wait; the next start finds out."""
        guest = self.take()
        self.fault(f"work-late:3@set-vcpu/{guest}")
        self.expect("noError", (guest, "NumVCPU", 6))
        wait_for(lambda: f"set-vcpu {guest} 6" in self.commands(), 10, "the command")
        begun = time.monotonic()
        self.agent.send(signal.SIGTERM)
        self.agent.wait_log("stopping")
        self.agent.send(signal.SIGTERM)
        self.agent.wait()
        self.assertLess(time.monotonic() - begun, 2.5 * sets.harness.SLOW)
        self.agent.start()
        self.rig.wait_serving()
        self.assertEqual(self.wait_ended(guest, timeout=40), "succeeded")
        self.assertHeld(guest, vcpus=6)

    def test_at_any_moment(self):
        """Transactions over three domains, with commands that are done late or refused late."""
        rng = random.Random(SEED)
        guests = self.take_many(6)
        seen = {}
        for number in range(KILLS):
            with self.subTest(f"stop {number}, seed {SEED}"):
                self.forget()
                ask(self.sim, "clear")
                mine = rng.sample(guests, 3)
                before = [holding(self.sim, guest.name)["vcpus"] for guest in mine]
                asked = [rng.choice([n for n in range(2, 9) if n != now]) for now in before]
                late = f"{rng.uniform(0.05, 0.4):.2f}"
                fault = rng.choice((f"work-late:{late}@set-vcpu", f"delay:{late}@set-vcpu",
                                    f"refuse-late:{late}:no@set-vcpu/{rng.choice(mine)}#1"))
                self.fault(fault)
                if "refuse" in fault and rng.random() < 0.5:
                    # The way back begins late, too.
                    self.fault(f"work-late:{late}@set-vcpu")
                told = self.set(*((guest, "NumVCPU", n) for guest, n in zip(mine, asked))).error
                self.assertEqual(told, "noError")
                end = time.monotonic() + rng.uniform(0.0, 0.8)
                while time.monotonic() < end:
                    time.sleep(0.001)
                self.restart()
                now = [holding(self.sim, guest.name)["vcpus"] for guest in mine]
                status = [self.ended(guest) for guest in mine]
                text = f"{fault}: was {before}, asked {asked}, is {now}, {status}"
                self.assertIn(now, (before, asked), text)
                if now == asked:
                    self.assertEqual(set(status), {"succeeded"}, text)
                else:
                    self.assertLessEqual(set(status), {"rolledBack", "failed"}, text)
                self.wait_agree(*mine)
                seen[status[0]] = seen.get(status[0], 0) + 1
        print(f"# {KILLS} stops, {seen}; seed {SEED}", flush=True)
