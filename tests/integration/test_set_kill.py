"""kill -9 of the agent at a random moment of running transactions: at the next start what the history
has open is settled by what ldmd has, and no command is ever sent twice.

LDOMS_TEST_KILLS says how often (8 for each of the two kinds), LDOMS_TEST_SEED repeats a run.
"""
import os
import random
import time

import sets
from sets import holding, wait_for

KILLS = int(os.environ.get("LDOMS_TEST_KILLS", "8"))
SEED = int(os.environ.get("LDOMS_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10 ** 6)

# Which commands a change may take, in this order.
STATE_COMMANDS = {("active", "bound"): ["stop-domain"],
                  ("active", "inactive"): ["stop-domain", "unbind-domain"],
                  ("active", "restart"): ["stop-domain", "start-domain"],
                  ("active", "forceStop"): ["stop-domain -f"],
                  ("bound", "active"): ["start-domain"], ("bound", "inactive"): ["unbind-domain"],
                  ("inactive", "bound"): ["bind-domain"],
                  ("inactive", "active"): ["bind-domain", "start-domain"]}


class Kill(sets.TestCase):
    pool = {"active": 4, "bound": 2, "inactive": 2}
    # A domain that looks unchanged proves nothing until commandTimeout has passed, so it is short.
    conf = "setWait 0\ncommandTimeout 2\n"
    host = {"cores": 64, "memory_gb": 128}
    wait = 0.04

    def a_change(self, rng, domain, with_state=True):
        """Something to ask of a domain as it is: (what, commands it may take)."""
        state = domain["state"]
        asked, commands = {}, []
        if rng.random() < 0.6:
            asked["NumVCPU"] = rng.choice([n for n in range(2, 9) if n != domain["vcpus"]])
            commands.append(f"set-vcpu {domain['name']} {asked['NumVCPU']}")
        if rng.random() < 0.5 or (not asked and not with_state):
            now = domain["memory"] >> 20
            asked["MemSize"] = rng.choice([n for n in range(512, 3072, 256) if n != now])
            commands.append(f"set-memory {domain['name']} {asked['MemSize']}")
        if with_state and (rng.random() < 0.6 or not asked):
            target = rng.choice([target for before, target in STATE_COMMANDS if before == state])
            asked["AdminState"] = target
            commands += [f"{action} {domain['name']}" for action in STATE_COMMANDS[state, target]]
        return asked, commands

    @staticmethod
    def reached(domain, asked):
        want = asked.get("AdminState")
        state = {"restart": "active", "forceStop": "bound"}.get(want, want)
        return all((domain["vcpus"] == asked.get("NumVCPU", domain["vcpus"]),
                    domain["memory"] >> 20 == asked.get("MemSize", domain["memory"] >> 20),
                    state is None or domain["state"] == state))

    @staticmethod
    def same(a, b):
        return all(a[key] == b[key] for key in ("vcpus", "memory", "mau", "state"))

    def settled(self, guests):
        """Each row is there and says how its last operation ended, or that there was none; no domain
        is between two states."""
        dumped = sets.dump(self.sim)
        return all(sets.STATUS.get(self.get(guest, "OperationStatus")) in ("none", *sets.ENDED) and
                   holding(self.sim, guest.name, dumped)["state"] in ("active", "bound", "inactive")
                   for guest in guests)

    def check(self, guest, before, asked, commands, told):
        """What the row says after the restart, against what the simulator holds and was sent."""
        now = holding(self.sim, guest.name)
        sent = self.commands(guest)
        status = self.ended(guest)
        row = self.operation(guest)
        mine = row is not None and row["Index"] > self.newest.get(guest, 0)
        text = f"asked {asked}, told {told}, sent {sent}, row {row}"
        # Each command was sent once at most, those of the plan and those that take it back.
        self.assertEqual(len(sent), len(set(sent)), text)
        self.assertLessEqual(len([c for c in sent if c in commands]), len(commands), text)
        if told != "noError":
            self.assertEqual(sent, [], text)
        if not mine:
            # Killed before it began: as if the SET had never been.
            self.assertEqual(sent, [], text)
            self.assertTrue(self.same(before, now), text)
            return "never began"
        if status == "succeeded":
            self.assertTrue(self.reached(now, asked), f"{text}: {now['state']}")
        elif status in ("failed", "rolledBack"):
            self.assertTrue(self.same(before, now), text)
        else:
            self.assertIn(status, ("partial", "unknown", "rollbackFailed"), text)
        self.newest[guest] = row["Index"]
        return status

    def test_kill(self):
        """Several PDUs at once, of one domain each."""
        def begin(rng, guests):
            if rng.random() < 0.5:
                self.fault("work-late:0.4@set-*")
            dumped = sets.dump(self.sim)
            jobs = []
            for guest in rng.sample(guests, rng.randint(3, len(guests))):
                before = holding(self.sim, guest.name, dumped)
                asked, commands = self.a_change(rng, before)
                told = self.set(*((guest, c, v) for c, v in asked.items())).error
                jobs.append((guest, before, asked, commands, told))
            return jobs, rng.choice((0.0, 0.005, 0.02, 0.05, 0.1, 0.2))
        self.kill_again_and_again(begin)

    def test_kill_over_three_domains(self):
        """One PDU, whose commands ldmd begins late: also behind the restart."""
        def begin(rng, guests):
            self.fault(f"work-late:{rng.uniform(0.05, 0.6):.2f}@set-*")
            dumped = sets.dump(self.sim)
            mine, changes = rng.sample(guests, 3), []
            for guest in mine:
                before = holding(self.sim, guest.name, dumped)
                changes.append((guest, before, *self.a_change(rng, before, guest is mine[0])))
            told = self.set(*((guest, c, v) for guest, _, asked, _ in changes
                              for c, v in asked.items())).error
            return [(*change, told) for change in changes], rng.uniform(0.0, 1.2)
        self.kill_again_and_again(begin)

    def kill_again_and_again(self, begin):
        rng = random.Random(SEED)
        guests = self.free["active"] + self.free["bound"] + self.free["inactive"]
        self.newest = {guest: self.get(guest, "OperationIndex") for guest in guests}
        seen = {}
        number = running = 0
        # Only kills that found an operation running count.
        while running < KILLS and number < 3 * KILLS:
            number += 1
            with self.subTest(f"kill {number}, seed {SEED}"):
                self.forget()
                sets.ask(self.sim, "clear")
                sets.ask(self.sim, f"wait {self.wait}")
                jobs, seconds = begin(rng, guests)
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    time.sleep(0.001)
                running += any(self.get(guest, "OperationStatus") in (2, 9) for guest, *_ in jobs)
                self.agent.kill()
                self.agent.start()
                self.rig.wait_serving()
                wait_for(lambda: self.settled([guest for guest, *_ in jobs]), 30, "settlement")
                # The agent sends nothing when it settles an operation, and nothing afterwards.
                sent = self.commands()
                for job in jobs:
                    status = self.check(*job)
                    seen[status] = seen.get(status, 0) + 1
                self.wait_agree(*guests)
                self.assertEqual(self.commands(), sent)
        print(f"# {number} kills, {running} with something running; operations: " +
              ", ".join(f"{count} {status}" for status, count in sorted(seen.items())) +
              f"; seed {SEED}", flush=True)
        self.assertGreater(running, 0, "no kill found anything running")
        wait_for(lambda: self.open_operations() == set(), 5, "a history with nothing open")

    def open_operations(self):
        """Operations that the history has as begun, and not as ended."""
        found = set()
        with open(self.agent.path("state", "history")) as history:
            for line in history:
                fields = line.split()
                if fields[0] in ("=begin", "=undo"):
                    found.add(fields[2])
                elif fields[0].startswith("#") and fields[5] not in ("#2", "#9"):
                    found.discard(fields[0])
        return found

    def again(self):
        self.agent.kill()
        self.agent.start()
        self.rig.wait_serving()

    def test_history_is_not_rewritten(self):
        """
        The status with which an operation ended is the same after a kill, although the end is written
        to disk a little later, and although the domain has changed since.
        """
        guest = self.free["active"].pop()
        for number in range(4):
            told = []
            for column, value in (("NumVCPU", 3 + number), ("NumVCPU", 9), ("MemSize", 1536),
                                  ("NumVCPU", 10), ("MemSize", 1024 + 256 * (number % 2))):
                self.expect("noError", (guest, column, value))
                told.append((self.operation(guest)["Index"], self.wait_ended(guest)))
            self.again()
            wait_for(lambda: self.settled([guest]), 30, "settlement")
            shown = [(index, sets.STATUS.get(self.rig.get(f"{sets.OPERATION}.10.{index}")))
                     for index, _ in told]
            self.assertEqual(shown, told, f"kill {number}")
            self.agree(guest)


class Late(sets.TestCase):
    """ldmd carries out a command after the agent was killed and started again."""
    pool = {"active": 3}
    conf = "setWait 100\ncommandTimeout 6\n"

    def killed_in(self, fault, guest, *change):
        self.fault(fault)
        self.expect("noError", (guest, *change))
        wait_for(lambda: len(self.commands(guest)) == 1, 10, "the command")
        self.agent.kill()
        self.agent.start()
        self.rig.wait_serving()

    def status(self, guest):
        return sets.STATUS[self.get(guest, "OperationStatus")]

    def test_done_late(self):
        guest = self.take("active")
        self.killed_in(f"work-late:4@set-vcpu/{guest.name}", guest, "NumVCPU", 7)
        shown = set()

        def ended():
            # The row is read first: with the two the other way round, an end that comes between them
            # would look as if the row had ended before ldmd had the CPUs.
            status, vcpus = self.status(guest), holding(self.sim, guest.name)["vcpus"]
            shown.add(status)
            return vcpus == 7 and status in sets.ENDED

        wait_for(ended, 30, "the late command and the end of its row")
        self.assertEqual(shown, {"running", "succeeded"})
        self.assertEqual(len(self.commands(guest)), 1)

    def test_never_done(self):
        guest = self.take("active")
        self.killed_in(f"hang@set-vcpu/{guest.name}", guest, "NumVCPU", 7)
        begun = time.monotonic()
        self.assertEqual(self.status(guest), "running")
        self.assertEqual(self.wait_ended(guest), "unknown")
        # An unchanged domain proves nothing before commandTimeout has passed.
        self.assertGreater(time.monotonic() - begun, 5)
        self.assertEqual(holding(self.sim, guest.name)["vcpus"], 4)
        self.assertEqual(len(self.commands(guest)), 1)
