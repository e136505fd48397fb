"""Each command of LDM times each way in which it can go wrong: what the manager was told, what the
agent shows and what the simulator holds have to agree, at once and after everything settled."""
import itertools
import time

import sets
from sets import STATES, ask, holding, scalar, wait_for

LATE = 0.4  # seconds; longer than setWait below

# How a domain is when the operation has ended.
NOTHING, ALL, LESS = "as it was", "as asked for", "between"


class Command:
    """One step to be disturbed: where the guest starts, what is asked, which LDM action it is."""

    def __init__(self, name, state, asked, action, **shape):
        self.name, self.state, self.asked, self.action = name, state, asked, action
        self.shape = dict(vcpus=8, memory=2048, crypto=0)
        self.shape.update(shape)
        self.forced = asked.get("AdminState") == "forceStop"
        self.makes = action == "add-domain"
        self.reversible = action not in ("start-domain", "stop-domain", "remove-domain")
        self.is_stop = action == "stop-domain" and not self.forced
        self.is_memory_removal = action == "set-memory" and asked["MemSize"] < self.shape["memory"] \
            and state == "active"

    def varbinds(self, guest):
        name = {"Name": guest.name} if self.makes else {}
        return [(guest, column, value) for column, value in {**self.asked, **name}.items()]


COMMANDS = [Command(f"{what} of a domain that is {state}", state, {column: value}, action, **shape)
            for state in ("active", "bound", "inactive")
            for what, column, value, action, shape in (
                ("more CPUs", "NumVCPU", 12, "set-vcpu", {}),
                ("fewer CPUs", "NumVCPU", 3, "set-vcpu", {}),
                ("more memory", "MemSize", 3072, "set-memory", {}),
                ("less memory", "MemSize", 1024, "set-memory", {}),
                ("more crypto", "NumCrypto", 1, "set-mau", {}),
                ("less crypto", "NumCrypto", 0, "set-mau", {"crypto": 1}))]
COMMANDS += [Command("bind", "inactive", {"AdminState": "bound"}, "bind-domain"),
             Command("unbind", "bound", {"AdminState": "inactive"}, "unbind-domain"),
             Command("start", "bound", {"AdminState": "active"}, "start-domain"),
             Command("stop", "active", {"AdminState": "bound"}, "stop-domain"),
             Command("forceStop", "active", {"AdminState": "forceStop"}, "stop-domain"),
             Command("create", None, {"RowStatus": "createAndGo", "NumVCPU": 2, "MemSize": 512},
                     "add-domain"),
             Command("remove", "inactive", {"RowStatus": "destroy"}, "remove-domain")]


class Fault:
    """
    expect(command) -> [(told, status, what is)] that are true answers; None: does not apply.
    group: those of one group are under way together; it takes what the slowest of them takes.
    where: what it strikes. Usually the command, once, so that the way back is not disturbed.
    """

    def __init__(self, name, spec, expect, group=None, where="{action}/{guest}#1"):
        self.name, self.spec, self.expect = name, spec, expect
        self.group, self.where = group or name, where


def refused(_):
    return [("commitFailed", "failed", NOTHING)]


def refused_late(_):
    return [("noError", "failed", NOTHING)]


def done(_):
    return [("noError", "succeeded", ALL)]


def lost(command):
    """
    The domain looks unchanged, and ldmd may still carry out the command. A set-* command is taken back
    by another set-*, after which the state is known; for the others there is nothing to take back yet.
    """
    taken = command.action.startswith("set-")
    return [("noError", "rolledBack" if taken else "unknown", NOTHING)]


def partial(command):
    return [("noError", "partial", LESS)] if command.is_memory_removal else None


def stop_only(command):
    return [("noError", "succeeded", ALL)] if command.is_stop else None


FAULTS = [
    Fault("none", None, done, "none"),
    Fault("lists without UUIDs", "no-uuid", done, "none", "list-*/{guest}"),
    Fault("another domain of the lists has no name", "nameless", done, "none", "list-*/nobody"),
    Fault("refused", "refuse:no such luck", refused),
    Fault("slow success", f"delay:{LATE}", done),
    Fault("slow refusal", f"refuse-late:{LATE}:no such luck", refused_late),
    Fault("reported as failed, and done", "fail-but-do:no such luck", done),
    Fault("connection lost before", "close-before", lost, "long"),
    Fault("hang", "hang", lost, "long"),
    Fault("done late", f"work-late:{LATE}", done),
    Fault("connection lost, and done later", "lost-then-done:0.6", done, "long"),
    Fault("connection lost during", "close-during", done),
    Fault("connection lost after", "close-after", done),
    Fault("answer cut off", "close-mid", done),
    Fault("answer to something else", "wrong-action", done),
    Fault("answer that is no XML", "malformed", done),
    Fault("half an answer, then nothing", "truncate", done),
    Fault("partial", "partial:256M", partial),
    Fault("stop that times out and then stops", f"stop-timeout:{LATE}", stop_only),
    Fault("the looks before it have no name", "nameless", done, "looks", "list-bindings/{guest}#2"),
    Fault("the look behind it has no name", f"delay:{LATE}", done, "looks"),
]
BEHIND = FAULTS[-1]

CELLS = [(command, fault, fault.expect(command)) for fault in FAULTS for command in COMMANDS
         if fault.expect(command)]

# Two steps: the first succeeds, the fault hits the second. Everything reversible goes back.
PAIRS = [
    ("CPUs, then memory", "active", {"NumVCPU": 10, "MemSize": 3072}, "set-memory"),
    ("memory, then CPUs", "active", {"NumVCPU": 10, "MemSize": 1024}, "set-vcpu"),
    ("CPUs, then bind", "inactive", {"NumVCPU": 10, "AdminState": "bound"}, "bind-domain"),
    ("unbind, then memory", "bound", {"MemSize": 5120, "AdminState": "inactive"}, "set-memory"),
    ("CPUs, then stop", "active", {"NumVCPU": 5, "AdminState": "bound"}, "stop-domain"),
    ("CPUs, then start", "bound", {"NumVCPU": 5, "AdminState": "active"}, "start-domain"),
    ("bind, then start", "inactive", {"AdminState": "active"}, "start-domain"),
]
# The first step cannot be taken back: it stays where it is.
TAILS = [("stop, then unbind", {"AdminState": "inactive"}, "unbind-domain", "bound"),
         ("stop, then start", {"AdminState": "restart"}, "start-domain", "bound")]
# What the manager is told (None: the refusal, or noError, whichever is first), and the faults. A fault
# without @ strikes the second step.
PAIR_FAULTS = [
    ("refused", "commitFailed", ["refuse:no such luck"]),
    ("slow refusal", "noError", [f"refuse-late:{LATE}:no such luck"]),
    ("refused, in lists without UUIDs", "commitFailed",
     ["refuse:no such luck", "no-uuid@list-*/{guest}"]),
    ("refused, with looks that have no name", None,
     ["refuse:no such luck", "nameless@list-bindings/{guest}#2"]),
]


class Matrix(sets.TestCase):
    conf = "setWait 150\ncommandTimeout 1s\n"
    pool = {state: sum(command.state == state for command, _, _ in CELLS) +
            len(PAIR_FAULTS) * sum(pair[1] == state for pair in PAIRS) +
            (len(PAIR_FAULTS) * len(TAILS) if state == "active" else 0) + 2
            for state in ("active", "bound", "inactive")}
    # In lists without a name, as one among good ones.
    guests = [sets.Guest("nobody")]
    # Everything fits, whatever happens first.
    host = {"cores": 1024, "memory_gb": 2048, "domains": 1024}

    @classmethod
    def pool_shape(cls, state):
        return {"vcpus": 8, "memory": 2048}

    def situation(self, guest):
        domain = holding(self.sim, guest.name)
        if domain is None:
            return {}
        return {"NumVCPU": domain["vcpus"], "MemSize": domain["memory"] >> 20,
                "NumCrypto": domain["mau"], "OperState": STATES[domain["state"]]}

    @staticmethod
    def target(before, asked):
        if asked.get("RowStatus") == "destroy":
            return {}
        after = dict(before) or {"NumCrypto": 0, "OperState": STATES["inactive"]}
        for column, value in asked.items():
            if column != "AdminState" and column != "RowStatus":
                after[column] = value
            elif column == "AdminState":
                after["OperState"] = STATES[{"forceStop": "bound", "restart": "active"}
                                            .get(value, value)]
        return after

    def told_truth(self, guest, told, before, asked, outcomes):
        """Compares a settled cell with what it may be; the problems found."""
        status = self.ended(guest)
        now = self.situation(guest)
        problems = []
        what = NOTHING if now == before else ALL if now == self.target(before, asked) else LESS
        if (told, status, what) not in outcomes:
            problems.append(f"told {told}, ended {status}, is {what} ({now}, was {before})")
        difference = self.difference(guest)
        if difference:
            problems.append(difference)
        row = self.operation(guest)
        if row is None or (row["Status"] == "succeeded") != (row["StepsDone"] == row["StepsPlanned"]
                                                            and what == ALL):
            problems.append(f"the row says {row}")
        return problems

    def operation(self, row):
        """Also of a domain that is gone, or never was."""
        found = super().operation(row)
        if found is None:
            mine = [name for name, index in self.manager.walk(f"{sets.OPERATION}.3")
                    if index == row.index]
            found = self.operation_row(int(mine[-1].rpartition(".")[2])) if mine else None
        return found

    def ended(self, row):
        status = (self.operation(row) or {}).get("Status")
        return status if status in sets.ENDED else None

    made = 0

    def new_guest(self):
        """A row that is not there yet; each its own, as they are made side by side."""
        guest = sets.Guest(f"new{self.made}")
        guest.index = self.first_index + self.made
        Matrix.made += 1
        return guest

    def prepare(self, command, fault):
        guest = self.new_guest() if command.makes else self.take(command.state)
        for key, value in command.shape.items():
            if not command.makes and getattr(guest, key) != value:
                self.reshape(guest, **{key: value})
        if fault.spec:
            where = fault.where.format(action=command.action, guest=guest)
            self.fault(f"{fault.spec}@{where}")
        return guest, self.situation(guest)

    def ask_for(self, command, fault, guest):
        answer = self.set(*command.varbinds(guest))
        told = answer.error
        if fault.expect is refused and self.came_late(answer, "commitFailed"):
            return "commitFailed"
        # Where the operation has ended when the answer comes, the table shows the result at once.
        if told == "noError" and self.ended(guest):
            self.assertEqual(self.difference(guest), "", f"{command.name}: {fault.name}")
        return told

    def verify(self, command, outcomes, guest, before, told):
        self.wait_ended(guest, timeout=60)
        self.wait_agree(guest)
        problems = self.told_truth(guest, told, before, command.asked, outcomes)
        sent = [c for c in self.commands(guest) if c.startswith(command.action)]
        way_back = self.ended(guest) in ("rolledBack", "unknown")
        if len(sent) != 1 and not (way_back and len(sent) == 2 and sent[0] != sent[1]):
            problems.append(f"sent {sent}")
        self.assertFalse(problems, "\n".join(problems + self.commands(guest)))

    def run_group(self, cells):
        under_way = []
        for command, fault, outcomes in cells:
            guest, before = self.prepare(command, fault)
            under_way.append((command, fault, outcomes, guest, before))
        told = [self.ask_for(command, fault, guest) for command, fault, _, guest, _ in under_way]
        for command, fault, _, guest, _ in under_way:
            if fault is BEHIND:
                wait_for(lambda: any(sent.startswith(command.action)
                                     for sent in self.commands(guest)), 30, "the command")
                self.fault(f"nameless@list-bindings/{guest}#1")
        for (command, fault, outcomes, guest, before), answer in zip(under_way, told):
            with self.subTest(f"{command.name}: {fault.name}"):
                self.verify(command, outcomes, guest, before, answer)

    def test_one_command(self):
        begun = time.monotonic()
        self.first_index = scalar(self.rig, "ldomNextIndex")
        for _, cells in itertools.groupby(CELLS, key=lambda cell: cell[1].group):
            self.run_group(list(cells))
        self.nothing_comes_late()
        print(f"# {len(COMMANDS)} commands x {len(FAULTS)} faults: {len(CELLS)} cells that exist, "
              f"{time.monotonic() - begun:.1f} s", flush=True)

    def nothing_comes_late(self):
        """All is settled and the faults are gone: nothing more is sent, and SETs work."""
        ask(self.sim, "clear")
        sent = self.commands()
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            self.assertEqual(self.commands(), sent)
            time.sleep(0.1)
        guest = self.take("active")
        self.expect("noError", (guest, "NumVCPU", 11))
        self.assertEqual(self.wait_ended(guest), "succeeded")

    def ask_for_pair(self, told, guest, asked):
        varbinds = [(guest, column, value) for column, value in asked.items()]
        if told:
            self.expect(told, *varbinds)
        else:
            self.assertIn(self.set(*varbinds).error, ("noError", "commitFailed", "undoFailed"))

    def strike(self, specs, action, guest):
        for spec in specs:
            self.fault((spec if "@" in spec else spec + "@{action}/{guest}").format(
                action=action, guest=guest))

    def test_second_of_two(self):
        """Rollback: all or nothing of what can be taken back."""
        for what, state, asked, action in PAIRS:
            for fault, told, specs in PAIR_FAULTS:
                with self.subTest(f"{what}: {fault}"):
                    guest = self.take(state)
                    self.waiting_pays(guest)
                    before = self.situation(guest)
                    self.strike(specs, action, guest)
                    self.ask_for_pair(told, guest, asked)
                    self.assertEqual(self.wait_ended(guest), "rolledBack")
                    self.assertEqual(self.situation(guest), before)
                    self.agree(guest)
                    sent = self.commands(guest)
                    self.assertEqual(len(sent), 3, sent)
                    self.assertTrue(sent[1].startswith(action), sent)
        print(f"# {len(PAIRS) * len(PAIR_FAULTS)} cells of two steps", flush=True)

    def test_second_of_two_that_cannot_go_back(self):
        """A stopped guest is not started again."""
        for what, asked, action, stays in TAILS:
            for fault, told, specs in PAIR_FAULTS:
                with self.subTest(f"{what}: {fault}"):
                    guest = self.take("active")
                    self.waiting_pays(guest)
                    self.strike(specs, action, guest)
                    # The undo that follows cannot be finished.
                    self.ask_for_pair("undoFailed" if told == "commitFailed" else told, guest,
                                      asked)
                    self.assertEqual(self.wait_ended(guest), "partial")
                    self.assertHeld(guest, state=stays)
                    self.agree(guest)
                    sent = self.commands(guest)
                    self.assertEqual(len(sent), 2, sent)
        print(f"# {len(TAILS) * len(PAIR_FAULTS)} cells with no way back", flush=True)
