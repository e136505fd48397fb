"""One PDU over many domains is one transaction: release before take, all or nothing of what can be
taken back, what cannot in one domain and last; transactions over different domains run side by
side; what waits counts as taken."""
import itertools
import time

import sets
from sets import STATES, Guest, ask, holding, scalar, wait_for


class Full(sets.TestCase):
    """A host where nothing is free: what one domain is to get, another one has to give."""
    guests = [Guest(f"g{i}", vcpus=8, memory=2048, crypto=1) for i in range(6)] + \
             [Guest("bound", "bound", vcpus=8, memory=2048, crypto=1),
              Guest("idle", "inactive", vcpus=8, memory=2048, crypto=1)]
    # primary takes one core and 8 GB.
    host = {"cores": 8, "memory_gb": 8 + 7 * 2}

    def setUp(self):
        super().setUp()
        self.g = self.guests[:6]
        self.bound, self.idle = self.guests[6:]
        # Each guest as it was at the beginning, whatever the tests before changed.
        for guest in self.guests:
            self.to_state(guest, "inactive")
            ask(self.sim, f"do set-vcpu {guest} {guest.vcpus}")
            ask(self.sim, f"do set-memory {guest} {guest.memory}M")
            ask(self.sim, f"do set-mau {guest} {guest.crypto}")
        for guest in self.guests:
            self.to_state(guest, guest.state)
        wait_for(lambda: all(holding(self.sim, g.name)["flags"][1] == "n" for g in self.g), 10,
                 "the guests' OS")
        free = sets.dump(self.sim)["free"]
        # One crypto unit is left, on the control domain's core, where nobody else can have it.
        self.assertEqual((free["vcpus"], free["memory"], free["mau"]), (0, 0, 1))
        self.wait_agree(*self.guests)
        wait_for(lambda: [scalar(self.rig, name) for name in ("ldomCpuRpFree", "ldomMemRpFree")] ==
                 [0, 0], 10, "the pools")

    def to_state(self, guest, state):
        order = ["inactive", "bound", "active"]
        at = order.index(holding(self.sim, guest.name)["state"])
        while order[at] != state:
            up = order.index(state) > at
            action = (("bind-domain", "start-domain") if up else ("", "unbind-domain", "stop-domain -f"))
            ask(self.sim, f"do {(action[at] + ' ').split()[0]} {guest} {action[at].partition(' ')[2]}")
            at += 1 if up else -1

    def done(self, *varbinds, commands=None):
        self.expect("noError", *varbinds)
        rows = sorted({v[0].index for v in varbinds})
        for row in rows:
            self.assertEqual(self.wait_ended(row), "succeeded")
        if commands is not None:
            self.assertEqual(self.commands(), commands)
        self.agree(*self.guests)
        transactions = {self.operation(row)["Transaction"] for row in rows}
        self.assertEqual(len(transactions), 1)

    def test_shrink_a_grow_b(self):
        a, b = self.g[:2]
        for order in ((0, 1), (1, 0)):
            with self.subTest(order):
                self.forget()
                asked = [(a, "NumVCPU", 4), (b, "NumVCPU", 12)]
                self.done(*(asked[i] for i in order), commands=[f"set-vcpu {a} 4", f"set-vcpu {b} 12"])
                self.forget()
                asked = [(a, "NumVCPU", 8), (b, "NumVCPU", 8)]
                self.done(*(asked[i] for i in order), commands=[f"set-vcpu {b} 8", f"set-vcpu {a} 8"])

    def test_alone_it_does_not_fit(self):
        a, b = self.g[:2]
        self.expect("resourceUnavailable", (b, "NumVCPU", 12))
        self.expect("resourceUnavailable", (a, "NumVCPU", 5), (b, "NumVCPU", 12))
        self.expect("resourceUnavailable", (a, "MemSize", 1024), (b, "MemSize", 3328))
        self.assertEqual(self.commands(), [])

    def test_a_ring(self):
        """Each gives what it has most of to the next: CPUs, memory, in every order of varbinds."""
        a, b, c = self.g[:3]
        asked = [(a, "NumVCPU", 4), (b, "NumVCPU", 12), (b, "MemSize", 1024), (c, "MemSize", 3072)]
        for order in list(itertools.permutations(range(4)))[::5]:
            with self.subTest(order):
                self.forget()
                self.done(*(asked[i] for i in order))
                sent = self.commands()
                self.assertEqual(sent, [f"set-vcpu {a} 4", f"set-memory {b} 1024",
                                        f"set-vcpu {b} 12", f"set-memory {c} 3072"])
                self.done(*((g, column, value) for g in (a, b, c)
                            for column, value in (("NumVCPU", 8), ("MemSize", 2048))))

    def test_unbind_one_bind_another(self):
        for order in ((0, 1), (1, 0)):
            asked = [(self.bound, "AdminState", "inactive"), (self.idle, "AdminState", "bound")]
            self.forget()
            self.done(*(asked[i] for i in order), commands=["unbind-domain bound", "bind-domain idle"])
            asked = [(self.bound, "AdminState", "bound"), (self.idle, "AdminState", "inactive")]
            self.forget()
            self.done(*(asked[i] for i in order), commands=["unbind-domain idle", "bind-domain bound"])

    def test_crypto_moves_with_its_core(self):
        a, b = self.g[:2]
        self.done((a, "NumCrypto", 0), (a, "NumVCPU", 1))
        self.expect("noError", (b, "NumVCPU", 10))
        self.assertEqual(self.wait_ended(b), "succeeded")
        self.agree(a, b)

    def test_what_is_released_last_does_not_count(self):
        """A stop comes after all that can be taken back, so what it releases is not there in time."""
        a, b = self.g[:2]
        self.expect("resourceUnavailable", (a, "AdminState", "inactive"), (b, "NumVCPU", 12))
        self.assertEqual(self.commands(), [])

    def test_what_runs_counts_as_taken(self):
        """CPUs that one transaction will take are not there for the next one."""
        a, b, c = self.g[:3]
        self.done((a, "NumVCPU", 4))
        self.fault(f"delay:3@set-vcpu/{b}")
        self.expect("noError", (b, "NumVCPU", 11))
        self.assertEqual(self.operation(b)["Status"], "running")
        self.expect("resourceUnavailable", (c, "NumVCPU", 10))
        self.expect("noError", (c, "NumVCPU", 9))
        self.assertEqual(self.wait_ended(b), "succeeded")
        self.assertEqual(self.wait_ended(c), "succeeded")
        self.agree(a, b, c)


class Rollback(sets.TestCase):
    """A fault at each step of many plans over many domains: all or nothing, in all three views."""
    pool = {"active": 70, "bound": 36, "inactive": 24}
    host = {"cores": 512, "memory_gb": 512}
    conf = "commandTimeout 2s\nsetWait 700\n"

    # (state, what is asked of it) for each domain of the PDU; crypto needs a second core.
    PLANS = [
        ("shrink one, grow two", [("active", {"NumVCPU": 2}), ("active", {"NumVCPU": 6}),
                                  ("active", {"MemSize": 1280})]),
        ("a bit of everything", [("active", {"NumVCPU": 6, "MemSize": 512}),
                                 ("bound", {"MemSize": 2048, "AdminState": "inactive"}),
                                 ("inactive", {"NumVCPU": 3, "AdminState": "bound"})]),
        ("with a stop at the end", [("active", {"NumVCPU": 2}),
                                    ("bound", {"NumVCPU": 9}),
                                    ("active", {"AdminState": "bound", "MemSize": 1536})]),
        ("with a start at the end", [("inactive", {"NumVCPU": 9, "MemSize": 2048}),
                                     ("bound", {"AdminState": "active"}),
                                     ("active", {"MemSize": 768})]),
    ]
    FAULTS = [("refused", "refuse:no such luck"), ("refused late", "refuse-late:1.0:no such luck")]

    def situation(self, guest):
        domain = holding(self.sim, guest.name)
        return {key: domain[key] for key in ("vcpus", "memory", "mau", "state")}

    def steps(self, plan):
        """The commands that the plan takes, from a run without a fault."""
        guests = [self.take(state) for state, _ in plan]
        self.forget()
        self.expect("noError", *self.varbinds(guests, plan))
        for guest in guests:
            self.assertEqual(self.wait_ended(guest), "succeeded")
        self.agree(*guests)
        names = {guest.name: i for i, guest in enumerate(guests)}
        return [(entry["action"], names[entry["domain"]]) for entry in self.log(*guests)]

    @staticmethod
    def varbinds(guests, plan):
        found = [(guest, column, value) for guest, (_, asked) in zip(guests, plan)
                 for column, value in asked.items()]
        return found[::-1]

    def faulty(self, plan, steps, at, spec, error):
        guests = [self.take(state) for state, _ in plan]
        action, culprit = steps[at]
        self.waiting_pays(guests[0])
        before = [self.situation(guest) for guest in guests]
        self.fault(f"{spec}@{action}/{guests[culprit]}")
        self.forget()
        answer = self.expect(error, *self.varbinds(guests, plan))
        if answer.error == "commitFailed":
            name = sets.varbind(*self.varbinds(guests, plan)[answer.index - 1])[0]
            self.assertTrue(name.endswith(f".{guests[culprit].index}"), "another one's varbind")
        ended = [self.wait_ended(guest) for guest in guests]
        self.assertTrue(set(ended) <= {"rolledBack", "failed"}, ended)
        self.assertEqual([self.situation(guest) for guest in guests], before)
        self.agree(*guests)
        # Back goes in the opposite order, one command for each that was done.
        sent = [(entry["action"], entry["domain"]) for entry in self.log(*guests)]
        self.assertEqual(len(sent), 2 * at + 1, sent)
        self.assertEqual([domain for _, domain in sent[at + 1:]],
                         [domain for _, domain in sent[:at]][::-1], sent)

    def test_each_step(self):
        cells = 0
        begun = time.monotonic()
        for name, plan in self.PLANS:
            steps = self.steps(plan)
            for at, step in enumerate(steps):
                # The last step of a tail is tried as well: nothing irreversible was done before it.
                for fault, spec in self.FAULTS:
                    with self.subTest(f"{name}: {fault} at step {at + 1} of {len(steps)}, {step[0]}"):
                        self.faulty(plan, steps, at, spec,
                                    "commitFailed" if fault == "refused" else "noError")
                    cells += 1
        print(f"# {len(self.PLANS)} plans, a fault at each step: {cells} cells, "
              f"{time.monotonic() - begun:.1f} s", flush=True)

    def test_all_stay_busy_until_it_ends(self):
        a, b = self.take_many(2)
        self.fault(f"refuse-late:1.0:no@set-memory/{b}")
        self.expect("noError", (a, "NumVCPU", 6), (b, "MemSize", 1280))
        self.expect("inconsistentValue", (a, "NumVCPU", 5))
        self.expect("inconsistentValue", (b, "NumCrypto", 1))
        self.assertEqual(self.wait_ended(a), "rolledBack")
        self.expect("noError", (a, "NumVCPU", 5))

    def test_irreversible_in_one_domain_only(self):
        a, b = self.take_many(2)
        c = self.take("bound")
        for first, second in ((a, "bound"), (b, "restart")), ((a, "forceStop"), (c, "active")):
            self.expect("inconsistentValue", (first[0], "AdminState", first[1]),
                        (second[0], "AdminState", second[1]))
        self.assertEqual(self.commands(), [])
        # What is there already is no step.
        self.expect("noError", (a, "AdminState", "restart"), (b, "AdminState", "active"),
                    (c, "AdminState", "bound"))
        for guest in (a, b, c):
            self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.commands(), [f"stop-domain {a}", f"start-domain {a}"])

    def test_tail_that_fails_in_the_middle(self):
        """The stop is done and the unbind refused: the domain stays bound, and the row says partial."""
        a, b = self.take_many(2)
        self.fault(f"refuse:no@unbind-domain/{b}")
        self.expect("undoFailed", (a, "NumVCPU", 6), (b, "AdminState", "inactive"))
        self.assertEqual(self.wait_ended(b), "partial")
        self.assertHeld(b, state="bound")
        wait_for(lambda: self.ended(a), 10, "the other domain's end")
        self.agree(a, b)


class SideBySide(sets.TestCase):
    pool = {"active": 16}
    conf = "setWait 0\n"

    def test_at_the_same_time(self):
        """Four slow commands on four domains take as long as one."""
        guests = self.take_many(4)
        self.fault("delay:3@set-vcpu")
        begun = time.monotonic()
        for guest in guests:
            self.expect("noError", (guest, "NumVCPU", 6))
        for guest in guests:
            self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertLess(time.monotonic() - begun, 3 * 2.5)

    def test_no_more_than_four(self):
        """ldmd is not flooded, however many transactions there are."""
        guests = self.take_many(10)
        self.fault("delay:0.3@set-vcpu")
        for guest in guests:
            self.expect("noError", (guest, "NumVCPU", 6))
        worst = 0

        def over():
            nonlocal worst
            worst = max(worst, sets.stats_open(self.sim))
            return all(self.ended(guest) for guest in guests)
        wait_for(over, 20, "all of them")
        self.assertIn(worst, range(2, 6))  # one for queries, and at most four for commands

    def test_same_domain_one_after_the_other(self):
        guest = self.take("active")
        self.fault(f"delay:3@set-vcpu/{guest}")
        self.expect("noError", (guest, "NumVCPU", 6))
        self.expect("inconsistentValue", (guest, "NumVCPU", 7))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.expect("noError", (guest, "NumVCPU", 7))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.commands(guest), [f"set-vcpu {guest} 6", f"set-vcpu {guest} 7"])
        self.assertEqual(STATES["active"], self.get(guest, "OperState"))
