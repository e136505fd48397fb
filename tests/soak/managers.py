"""Managers of a soak: some walk, some set. Neither may notice what happens to ldmd."""
import time

import harness
import inventory
import sets
from actors import Actor
from harness import cell

# What a SET may be answered, whatever state ldmd is in.
ANSWERS = {"noError", "inconsistentValue", "inconsistentName", "resourceUnavailable", "noCreation",
           "commitFailed", "undoFailed"}
RUNNING = {number for number, name in sets.STATUS.items() if name in ("running", "queued")}


class Manager(Actor):
    def __init__(self, stage, name):
        super().__init__(stage, name)
        self.snmp = sets.Manager(stage.bed.snmpd, timeout=5.0)

    def ask(self, function, *arguments):
        """The answer, or None when there was none; which is a problem if snmpd was well."""
        begun = time.monotonic()
        try:
            answer = function(*arguments)
            error = answer.error
        except (sets.NoAnswer, ConnectionError):
            answer, error = None, "no answer"
        if error in ("no answer", "genErr"):
            self.count(error)
            if self.stage.was_calm(begun, time.monotonic()):
                self.stage.complain(f"{self.name}: {error} in calm weather")
            self.pause(0.1, 0.3)
            return None
        return answer

    def get(self, *names):
        """Values, or None."""
        answer = self.ask(self.snmp.get, *names)
        return answer and [value for _, value in answer.values]


class Walker(Manager):
    """Reads all columns of a table, row by row; or everything, one by one."""

    def act(self):
        if self.dice.random() < 0.1:
            self.walk([harness.ROOT])
        else:
            number, columns = inventory.COLUMNS[self.dice.choice(inventory.TABLES)]
            self.walk([f"{harness.ROOT}.1.{number}.1.{column}" for column in sorted(columns)])
        self.pause(0.0, 0.2)

    def walk(self, roots):
        at = {root: root for root in roots}
        while at and not self.stage.over.is_set():
            answer = self.ask(self.snmp.request, sets.GETNEXT,
                              [(name, b"\x05\x00") for name in at.values()])
            if answer is None:
                return
            self.count("varbinds", len(at))
            for (root, asked), (name, value) in zip(list(at.items()), answer.values):
                if not name.startswith(root + ".") or value is None:
                    del at[root]
                elif harness.oid(name) <= harness.oid(asked):
                    self.stage.complain(f"{self.name}: {name} follows {asked}")
                    del at[root]
                else:
                    at[root] = name
        self.count("walks")


class Setter(Manager):
    """Has guests that no other manager sets. A SET that got noError has a row that ends."""

    def __init__(self, stage, name, guests):
        super().__init__(stage, name)
        self.guests = guests
        self.last = {}  # row: (what was asked, when it ended)
        self.made = 0

    # -- what is asked

    def value(self, column):
        return self.dice.choice({
            "NumVCPU": [1, 2, 3, 4, 6, 8], "NumCrypto": [0, 0, 1],
            "MemSize": [512, 768, 1024, 1280, 1536, 2048],
            "AdminState": ["active", "active", "bound", "inactive", "forceStop", "restart"]}[column])

    def a_change(self):
        """{row: {column: value}} of one PDU."""
        rows = self.dice.sample([guest.index for guest in self.guests], self.dice.choice([1, 1, 1, 2]))
        irreversible = self.dice.choice(rows)
        change = {}
        for row in rows:
            columns = ["NumVCPU", "MemSize", "NumCrypto"] + ["AdminState"] * (row == irreversible)
            picked = self.dice.sample(columns, self.dice.choice([1, 1, 2]))
            change[row] = {column: self.value(column) for column in picked}
        return change

    def is_repeat(self, change):
        """A manager that says the same again is told of the operation that was."""
        return any(self.last.get(row, (None, 0))[0] == what and
                   time.monotonic() - self.last[row][1] < 15 for row, what in change.items())

    # -- one SET

    def act(self):
        if self.dice.random() < 0.05:
            self.make_and_destroy()
            return
        change = self.a_change()
        if not self.is_repeat(change):
            self.set(change)
        self.pause(0.0, 0.5)

    def set(self, change):
        """Sends it, and follows it to its end."""
        names = [cell("OperationIndex", row) for row in change]
        before = self.get(*names)
        if before is None:
            return None
        begun = time.monotonic()
        answer = self.ask(self.snmp.set, *(sets.varbind(row, column, value)
                                           for row, what in change.items()
                                           for column, value in what.items()))
        if answer is None:
            return None
        self.count(answer.error)
        # A master without its subagent says notWritable.
        if answer.error not in ANSWERS and self.stage.was_calm(begun, time.monotonic()):
            self.stage.complain(f"{self.name}: {answer.error} for {change}")
        if answer.error == "noError":
            for row, old in zip(change, before):
                self.follow(row, old or 0, change[row])
        return answer.error

    def follow(self, row, before, what):
        operation = self.new_operation(row, before, what)
        end = time.monotonic() + 120 * harness.SLOW
        while operation and not self.stage.over.is_set():
            answer = self.get(f"{sets.OPERATION}.10.{operation}")
            # A row that runs is never the one that has to make room.
            if answer is not None and answer[0] not in RUNNING:
                self.count("row " + sets.STATUS.get(answer[0], "made room"))
                break
            if time.monotonic() > end:
                self.stage.complain(f"{self.name}: operation {operation} does not end: {what}")
                break
            self.pause(0.05, 0.1)
        self.last[row] = (what, time.monotonic())

    def new_operation(self, row, before, what):
        """The number of the operation that this SET became."""
        if "RowStatus" in what:
            return self.operation_of(row)  # the row may never come to be, or be gone
        end = time.monotonic() + 60 * harness.SLOW
        while not self.stage.over.is_set():
            answer = self.get(cell("OperationIndex", row))
            if answer and answer[0] and answer[0] > before:
                return answer[0]
            if time.monotonic() > end:
                self.stage.complain(f"{self.name}: lost: {what} of row {row}, after {before}")
                return None
            self.pause(0.02, 0.1)
        return None

    def operation_of(self, row):
        """The last one of a row that may be gone."""
        begun = time.monotonic()
        try:
            found = [int(name.rpartition(".")[2])
                     for name, value in self.snmp.walk(f"{sets.OPERATION}.3") if value == row]
        except sets.NoAnswer:
            found = None
        if not found and self.stage.was_calm(begun - 1, time.monotonic()):
            self.stage.complain(f"{self.name}: no operation of row {row}")
        return max(found) if found else None

    # -- rows of our own

    def make_and_destroy(self):
        answer = self.get(harness.SCALARS["ldomNextIndex"])
        if not answer or not answer[0]:
            self.pause(0.1, 0.3)
            return
        row = answer[0] + self.dice.randrange(50)
        self.made += 1
        made = self.set({row: {"RowStatus": "createAndGo", "Name": f"{self.name}-{self.made}",
                               "NumVCPU": 1, "MemSize": 512}})
        if made != "noError":
            return
        end = time.monotonic() + 120 * harness.SLOW
        while time.monotonic() < end and not self.stage.over.is_set():
            answer = self.get(cell("RowStatus", row))
            if answer is not None and answer[0] is None:
                return
            if answer is not None and self.set({row: {"RowStatus": "destroy"}}) != "noError":
                self.pause(0.2, 0.6)
        self.count("rows made")
