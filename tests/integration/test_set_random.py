"""Two managers send random SETs, right and wrong, while the administrator of the host changes things
and faults come and go. At the end the simulator's log must hold no command that no SET asked for and
no rollback needed, none twice, no PDU by halves; and everybody must agree.

LDOMS_TEST_SETS says how many (2000), LDOMS_TEST_SEED repeats the dice.
"""
import collections
import os
import random
import re
import threading
import time

import harness
import sets
from sets import NoAnswer, ask, holding, scalar, varbind, wait_for

SETS = int(os.environ.get("LDOMS_TEST_SETS", "2000"))
SEED = int(os.environ.get("LDOMS_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10 ** 6)

FORWARD = {"active": ["bind-domain", "start-domain"], "bound": ["bind-domain", "stop-domain"],
           "inactive": ["stop-domain", "unbind-domain"], "forceStop": ["stop-domain -f"],
           "restart": ["stop-domain", "start-domain"]}
ON_THE_WAY = ("starting", "stopping", "binding", "unbinding")
BACK = {"bind-domain": "unbind-domain", "unbind-domain": "bind-domain"}
SETTERS = {"vcpus": "set-vcpu", "memory": "set-memory", "crypto": "set-mau"}
LINE = re.compile(r'operation (\d+): "([^"]*)": (.*?): (succeeded|failed|rolledBack|rollbackFailed|'
                  r'partial|unknown) \((\d+) of (\d+) steps, (\d+) ms; was (.*?), is (.*?)\)(?:: (.*))?$',
                  re.M)

Asked = collections.namedtuple("Asked", "begun ended answer varbinds")


def pairs(text):
    return dict(part.split("=", 1) for part in text.split() if "=" in part)


class Operation:
    """A row, as the log tells it at its end."""

    def __init__(self, match):
        self.index, self.domain = int(match[1]), match[2]
        self.request, self.status = pairs(match[3]), match[4]
        self.was, self.now, self.text = pairs(match[8]), pairs(match[9]), match[0]
        # What may be sent for it, once each: on the way, and on the way back.
        self.forward, self.back = [], []
        for key, setter in SETTERS.items():
            if key in self.request:
                self.forward.append(f"{setter} {self.number(self.request[key])}")
                if key in self.was:
                    self.back.append(f"{setter} {self.number(self.was[key])}")
        for action in FORWARD.get(self.request.get("state"), ()):
            self.forward.append(action)
            if action in BACK:
                self.back.append(BACK[action])
        if self.request.get("row") in ("createAndGo", "active"):
            self.forward.append("add-domain")
            self.back.append("remove-domain")
        if self.request.get("row") == "destroy":
            self.forward.append("remove-domain")

    @staticmethod
    def number(text):
        return text.rstrip("M")

    def takes(self, command):
        """Uses one of what it may send."""
        for allowed in (self.forward, self.back):
            if command in allowed:
                allowed.remove(command)
                # There is no way on once it goes back.
                if allowed is self.back:
                    self.forward = []
                return True
        return False


class Random(sets.TestCase):
    guests = [sets.Guest(f"a{i}", vcpus=4, memory=1024) for i in range(6)] + \
             [sets.Guest(f"b{i}", "bound", vcpus=4, memory=1024) for i in range(3)] + \
             [sets.Guest(f"i{i}", "inactive", vcpus=4, memory=1024) for i in range(3)]
    # Nobody but the managers changes these, and those that they make.
    own = [sets.Guest(f"u{i}", vcpus=2, memory=1024) for i in range(4)]
    guests += own
    # And this one not even they.
    guests.append(sets.Guest("spare", vcpus=2, memory=256))
    new_names = [f"n{i}" for i in range(4)]
    # Little is free, so that it comes to an end now and then.
    host = {"cores": 10, "memory_gb": 28}
    conf = "setWait 40\ncommandTimeout 1s\nlogLevel notice\n"
    wait = 0.02

    # -- the dice

    def a_value(self, rng, column):
        if column == "NumVCPU":
            return rng.choice([1, 2, 3, 4, 5, 6, 8, 12, 16, 24])
        if column == "MemSize":
            return rng.choice([512, 768, 1024, 1280, 1536, 2048, 3072, 1000, 8192])
        if column == "NumCrypto":
            return rng.choice([0, 0, 1, 2])
        if column == "AdminState":
            return rng.choice(["active", "active", "bound", "inactive", "forceStop", "restart"])
        return rng.choice(["destroy", "active", "notInService"])

    def a_mistake(self, rng, index):
        return rng.choice([
            (index, "NumVCPU", ("i", 4)), (index, "NumVCPU", 70000), (index, "AdminState", 9),
            (index, "OperState", 1), (0, "NumVCPU", 4), (99999, "MemSize", 1024), (1, "NumVCPU", 9),
            (index, "Name", "other"), (index, "RowStatus", "createAndGo"), (index, "MemSize", 4000000)])

    def a_set(self, rng, manager):
        """The varbinds of one PDU."""
        if rng.random() < 0.06:
            index = manager.get(sets.harness.SCALARS["ldomNextIndex"]).values[0][1] or 1
            found = [(index, "RowStatus", "createAndGo"), (index, "Name", rng.choice(self.new_names)),
                     (index, "NumVCPU", rng.choice([1, 2])), (index, "MemSize", 512)]
            if rng.random() < 0.3:
                found.append((index, "AdminState", "bound"))
            return rng.sample(found, len(found))
        found = []
        for index in rng.sample(self.rows(rng, manager), rng.choice([1, 1, 1, 2, 2, 3])):
            columns = rng.sample(["NumVCPU", "MemSize", "NumCrypto", "AdminState"],
                                 rng.choice([1, 1, 2, 3]))
            if rng.random() < 0.04:
                columns = ["RowStatus"]
            found += [(index, column, self.a_value(rng, column)) for column in columns]
        if rng.random() < 0.1:
            found.append(self.a_mistake(rng, found[0][0]))
        return rng.sample(found, len(found))

    def rows(self, rng, manager):
        if rng.random() < 0.1 or not hasattr(manager, "known_rows"):
            names = manager.walk(sets.varbind(0, "Name", "")[0].rpartition(".")[0])
            manager.known_rows = [int(name.rpartition(".")[2]) for name, value in names
                                  if value not in (b"primary", b"spare")]
        return manager.known_rows

    def manage(self, rng, count, out):
        manager = sets.Manager(self.rig.snmpd, timeout=10.0)
        try:
            for _ in range(count):
                varbinds = self.a_set(rng, manager)
                begun = time.monotonic()
                try:
                    answer = manager.set(*(varbind(*v) for v in varbinds))
                    error = answer.error
                except NoAnswer:
                    error = "none"
                out.append(Asked(begun, time.monotonic(), error, varbinds))
        finally:
            manager.close()

    # -- the disturbances

    def operate(self, rng, stop, touched):
        """The administrator at the host, and guests of their own will."""
        names = [guest.name for guest in self.guests if guest.name[0] in "abi"]
        while not stop.wait(rng.uniform(0.02, 0.2)):
            name = rng.choice(names)
            line = rng.choice([f"do set-vcpu {name} {rng.randint(1, 8)}",
                               f"do set-memory {name} {rng.randint(2, 8) * 256}M",
                               f"begin stop-domain -f {name}", f"begin start-domain {name}",
                               f"begin bind-domain {name}", f"begin unbind-domain {name}",
                               f"guest {name} reset", f"guest {name} obp", f"guest {name} os",
                               f"guest {name} halt", f"util {name} {rng.randint(0, 1000)}"])
            begun = time.monotonic()
            self.sim.command(line)
            touched.append((begun, time.monotonic(), name, line))

    def trouble(self, rng, stop):
        """Faults that hit once each."""
        actions = ["set-vcpu", "set-memory", "set-mau", "bind-domain", "unbind-domain", "start-domain",
                   "stop-domain", "add-domain", "remove-domain"]
        common = ["refuse:no", "refuse-late:0.08:no", "delay:0.1", "fail-but-do:no", "close-during",
                  "close-after", "close-mid", "malformed", "wrong-action"]
        while not stop.wait(rng.uniform(0.05, 0.4)):
            fault = rng.choice(common)
            if rng.random() < 0.03:
                fault = rng.choice(["hang", "close-before"])  # ten seconds to settle
            ask(self.sim, f"fault {fault}@{rng.choice(actions)}#1")
            if rng.random() < 0.03:
                ask(self.sim, "disconnect")
            if rng.random() < 0.05:
                ask(self.sim, "fault partial:256M@set-memory#1")

    def test_random(self):
        asked, touched, stop = [[], []], [], threading.Event()
        managers = [harness.Thread(target=self.manage, args=(random.Random(SEED + i), SETS // 2, out))
                    for i, out in enumerate(asked)]
        others = [harness.Thread(target=self.operate, args=(random.Random(SEED + 7), stop, touched)),
                  harness.Thread(target=self.trouble, args=(random.Random(SEED + 8), stop))]
        begun = time.monotonic()
        for thread in others:
            thread.start()
        try:
            harness.run_all(managers)
        finally:
            stop.set()
        for thread in others:
            thread.join()
        took = time.monotonic() - begun
        ask(self.sim, "clear")
        asked = asked[0] + asked[1]
        self.settle()
        operations = [Operation(match) for match in LINE.finditer(self.agent.log()[self.log_start:])]
        self.report(asked, operations, took, len(touched))
        self.assertGreater(min(len(operations), len(self.log()), len(touched)), 0)
        self.check_answers(asked)
        self.check_requests(asked, operations)
        self.check_commands(operations)
        self.check_halves(operations)
        self.check_chains(operations)
        self.check_end()

    # -- what has to be true

    def settle(self):
        def ended():
            statuses = [value for _, value in self.manager.walk(f"{sets.OPERATION}.10")]
            return statuses and all(status in sets.ENDED_NUMBERS for status in statuses)
        wait_for(ended, 90, "the end of all operations")

    def report(self, asked, operations, took, touched):
        answers = collections.Counter(one.answer for one in asked)
        ends = collections.Counter(operation.status for operation in operations)
        print(f"# seed {SEED}: {len(asked)} SETs in {took:.0f} s, {len(self.log())} commands, "
              f"{touched} changes by others", flush=True)
        print("# answers: " + ", ".join(f"{n} {what}" for what, n in answers.most_common()))
        print("# ends: " + ", ".join(f"{n} {what}" for what, n in ends.most_common()), flush=True)

    def check_answers(self, asked):
        """Every PDU was answered, and with a code that section 6 knows."""
        strange = [one for one in asked if one.answer in ("none", "genErr", "tooBig")]
        self.assertEqual(strange, [], f"seed {SEED}")

    def request_of(self, varbinds, index):
        """What the row of a domain would say was asked."""
        found = {}
        for row, column, value in varbinds:
            if row != index or isinstance(value, tuple):
                continue
            key = {"NumVCPU": "vcpus", "MemSize": "memory", "NumCrypto": "crypto",
                   "AdminState": "state", "RowStatus": "row", "Name": "name"}.get(column)
            if key:
                found[key] = f"{value}M" if key == "memory" else str(value)
        return found

    def check_requests(self, asked, operations):
        """Each operation is what some PDU asked for that was not refused, and each PDU has its own."""
        left = collections.Counter()
        for one in asked:
            if one.answer in ("noError", "commitFailed", "undoFailed"):
                for row in {row for row, _, _ in one.varbinds}:
                    left[frozenset(self.request_of(one.varbinds, row).items())] += 1
        for operation in operations:
            key = frozenset(operation.request.items())
            self.assertGreater(left[key], 0, f"nobody asked: {operation.text}, seed {SEED}")
            left[key] -= 1

    def check_commands(self, operations):
        """Each command in the simulator's log belongs to an operation on its domain, in their order."""
        by_domain = collections.defaultdict(list)
        for operation in sorted(operations, key=lambda operation: operation.index):
            by_domain[operation.domain].append(operation)
        at = collections.Counter()
        for entry in self.log():
            action, _, rest = sets.words(entry).partition(f" {entry['domain']}")
            command = action + rest
            mine = by_domain[entry["domain"]]
            for i in range(at[entry["domain"]], len(mine)):
                if mine[i].takes(command):
                    at[entry["domain"]] = i
                    break
            else:
                near = [operation.text for operation in mine[max(0, at[entry["domain"]] - 2):]][:6]
                self.fail(f"nobody asked for {entry}, seed {SEED}\n" + "\n".join(near))

    def check_halves(self, operations):
        """The domains of one PDU end alike: all of it, or nothing that could be taken back."""
        of = {int(name.rpartition(".")[2]): value
              for name, value in self.manager.walk(f"{sets.OPERATION}.2")}
        together = collections.defaultdict(list)
        for operation in operations:
            if operation.index in of:
                together[of[operation.index]].append(operation)
        for parts in together.values():
            ends = {part.status for part in parts}
            good = ends <= {"succeeded", "partial"}
            bad = "succeeded" not in ends
            self.assertTrue(good or bad, [part.text for part in parts])

    def check_chains(self, operations):
        """
        Domains that are the managers' own: what one operation leaves is what the next one finds,
        what succeeded is there, what was rolled back is as it was, and the last one holds.
        """
        names = {guest.name for guest in self.own} | set(self.new_names)
        dumped = sets.dump(self.sim)
        by_domain = collections.defaultdict(list)
        for operation in sorted(operations, key=lambda operation: operation.index):
            # One that was cancelled before it began, by forceStop, never looked.
            if operation.domain in names and (operation.was or operation.now):
                by_domain[operation.domain].append(operation)
        for name, chain in by_domain.items():
            for before, after in zip(chain, chain[1:]):
                # What was on its way when it was cut short may still arrive.
                cut_short = before.status == "partial" and "pre-empted" in before.text
                if not cut_short and before.now.get("state") not in ON_THE_WAY:
                    self.assertEqual(before.now, after.was, f"{before.text}\n{after.text}")
            for one in chain:
                self.check_link(one)
            held = holding(self.sim, name, dumped)
            last = chain[-1].now
            self.assertEqual(held is not None, bool(last), chain[-1].text)
            if held:
                self.assertEqual(last, {"vcpus": str(held["vcpus"]), "state": held["state"],
                                        "memory": f"{held['memory'] >> 20}M",
                                        "crypto": str(held["mau"])}, chain[-1].text)

    def check_link(self, one):
        if one.status in ("failed", "rolledBack"):
            self.assertEqual(one.now, one.was, one.text)
        if one.status != "succeeded":
            return
        state = {"restart": "active", "forceStop": None}.get(one.request.get("state"),
                                                            one.request.get("state"))
        for key, value in dict(one.request, state=state).items():
            if key in one.now and value:
                self.assertEqual(one.now[key], value, one.text)

    def check_end(self):
        """Simulator and table hold the same domains, with the same values."""
        names = {domain["name"] for domain in sets.dump(self.sim)["domains"]}

        def same_names():
            return set(self.rig.indexes()) == names
        wait_for(same_names, 15, f"the rows of {sorted(names)}")
        for name, index in self.rig.indexes().items():
            guest = sets.Guest(name)
            guest.index = index
            if holding(self.sim, name) and name != "primary":
                self.wait_agree(guest)
        self.assertEqual(scalar(self.rig, "ldomNumber"), len(names))
        # It still works, and no place was lost. The last fault may just have cut the connection.
        wait_for(lambda: scalar(self.rig, "ldomLinkState") == 1, 15, "the link")
        index = self.rig.indexes()["spare"]
        # One CPU less: the dice may have left none free.
        self.expect("noError", (index, "NumVCPU", 1))
        self.wait_ended(index)
        self.assertLess(self.agent.descriptors(), 40)
