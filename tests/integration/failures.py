"""What the tests of docs/reliability.md stand on: the faults and moments that the simulator knows, the
table of what is expected, and a rig on which one cell after the other is tried.

A cell is a fault at a moment. The rig strikes, looks at what managers see while the fault lasts, tries
a SET, mends ldmd, and measures how long it takes until a change at the host shows again.
"""
import collections
import os
import re
import subprocess
import time

import harness
import sets
from harness import SLOW, cell

MOMENTS = ["connect", "stream", "tls", "sasl", "first", "idle", "event", "refresh", "command", "register"]
HANDSHAKE = MOMENTS[:4]
# What the simulator calls them: the first inventory and every later one are queries.
STRIKES_AS = {"first": "query", "refresh": "query"}
# ACTION of the fault's specification; for the moment command that of the SET which is tried.
ACTION = {"first": "list-*", "refresh": "list-domain", "command": "set-vcpu", "register": "reg-*"}

ARGUMENTS = {"delay": "0.3", "refuse": "not today", "refuse-late": "0.2:not today",
             "fail-but-do": "odd", "partial": "256M", "stop-timeout": "0.5", "oversize": "2M",
             "late": "0.3", "work-late": "0.3", "lost-then-done": "0.5",
             "state-word": "suspended", "option-form": "options", "missing": "mau", "event-storm": "2000", "split": "7"}

LINKS = {1: "up", 2: "connecting", 3: "down", 4: "unauthorised", 5: "slow"}
COUNTERS = {"failures": "ldomQueryFailures", "timeouts": "ldomQueryTimeouts",
            "disconnects": "ldomDisconnects", "refused": "ldomDocumentsRefused"}


def known():
    """{moment: [faults that can strike then]}, as `ldmd-sim -h` has it."""
    text = subprocess.run([harness.SIM, "-h"], stdout=subprocess.PIPE, text=True, check=True).stdout
    listed = {words[0]: words[1:] for words in map(
        str.split, text.partition("Where they strike.")[2].partition("\n\n")[2].splitlines()) if words}
    faults = re.findall(r"^  ([a-z][a-z0-9-]+) {2,}", text.partition("Faults:")[2].partition("\n\n")[0],
                        re.M)
    assert {fault for some in listed.values() for fault in some} == set(faults)
    return {moment: listed[STRIKES_AS.get(moment, moment)] for moment in MOMENTS}


# --- the table ------------------------------------------------------------------------------------

Row = collections.namedtuple("Row", "moments faults link error counts table set fresh")


def read_table(path):
    """The rows of the one table with the columns moment and faults."""
    rows, inside = [], False
    with open(path, encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if line.startswith("| moment | faults |"):
                inside = True
            elif inside and not line.startswith("|"):
                inside = False
            elif inside and not set(cells[0]) <= set("-: "):
                rows.append(Row(cells[0].split(), cells[1].split(), cells[2].split(),
                                cells[3].strip("`"), cells[4].replace("–", "").split(), cells[5],
                                cells[6].split(), float(cells[7].split()[0])))
    return rows


# --- the rig --------------------------------------------------------------------------------------

class Rig:
    """Simulator, snmpd and agent for many cells, one after the other."""

    guests = [sets.Guest(f"g{i}", vcpus=4, memory=1024) for i in range(5)]
    conf = (f"refreshInterval 0.4\nrequestTimeout {1 * SLOW}\ncommandTimeout {1 * SLOW}\n"
            "setWait 400\nldmUser admin\nldmVerify yes\nnotificationRate 0\n")

    def __init__(self, directory):
        os.makedirs(directory)
        self.pin = os.path.join(directory, "pin.pem")
        password = os.path.join(directory, "password")
        with open(os.open(password, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write("secret\n")
        self.long_value = os.path.join(directory, "long")
        with open(self.long_value, "w", encoding="utf-8") as file:
            file.write("<value>" + "x" * 300000 + "</value>")
        path = sets.write_inventory(os.path.join(directory, "inventory.xml"), self.guests, cores=16,
                                    memory_gb=64)
        self.bed = harness.Bed(
            os.path.join(directory, "b"), start=False, wait=0.05,
            sim_options=["-i", path, "-u", "admin:secret", "-k", self.pin],
            conf=self.conf + f"ldmPasswordFile {password}\nldmCertificate {self.pin}\n")
        self.sim = self.bed.sim
        self.snmp = sets.Manager(self.bed.snmpd, timeout=5)
        self.slowest = 0.0

    def start(self):
        self.bed.start()
        indexes = harness.wait_for(lambda: len(self.bed.indexes()) > len(self.guests) and
                                   self.bed.indexes(), 20, "the guests")
        self.rows = {guest.name: indexes[guest.name] for guest in self.guests}

    def stop(self):
        self.snmp.close()
        return self.bed.stop()

    # -- looking

    def get(self, *names):
        answer = self.snmp.get(*names)
        self.slowest = max(self.slowest, answer.took)
        return [value for _, value in answer.values]

    def look(self):
        """(link, error, {counter: value}, age in seconds)"""
        names = ["ldomLinkState", "ldomLinkLastError", "ldomDataAge", *COUNTERS.values()]
        link, error, age, *counts = self.get(*(harness.SCALARS[name] for name in names))
        return LINKS[link], (error or b"").decode(), dict(zip(COUNTERS, counts)), age / 100

    def shown(self):
        """What the table has of the guests; None where there is nothing."""
        columns = ("Name", "NumVCPU", "MemSize", "OperState")
        values = self.get(*(cell(column, row) for row in self.rows.values() for column in columns))
        return [tuple(values[i:i + 4]) for i in range(0, len(values), 4)]

    def held(self):
        """The same, from the simulator."""
        domains = {domain["name"]: domain for domain in harness.dump(self.sim)["domains"]}
        return [(name.encode(), domains[name]["vcpus"], domains[name]["memory"] >> 20,
                 harness.OPER_STATES[domains[name]["state"]]) for name in self.rows]

    def is_well(self):
        link, _, _, age = self.look()
        return link == "up" and age < 1.5 * SLOW and self.shown() == self.held()

    def is_idle(self):
        return all(sets.STATUS.get(status) in ("none", *sets.ENDED)
                   for status in self.get(*(cell("OperationStatus", row)
                                            for row in self.rows.values())))

    def recover(self):
        harness.wait_for(lambda: self.is_well() and self.is_idle(), 30, "good health")

    # -- doing

    def change(self, guest, action):
        """As the administrator of the host does it."""
        held = self.held()[list(self.rows).index(guest)]
        value = {"set-vcpu": 7 - held[1] if held[1] in (3, 4) else 4,
                 "set-memory": "1280M" if held[2] != 1280 else "1536M"}[action]
        self.sim.do(f"do {action} {guest} {value}")

    def set(self, guest, column, value):
        answer = self.snmp.set(sets.varbind(self.rows[guest], column, value))
        return answer.error

    def vcpus(self, guest):
        """Another number than it has."""
        return 4 + (self.held()[list(self.rows).index(guest)][1] == 4)

    # -- one cell

    def strike(self, moment, fault):
        """The fault begins to be felt."""
        action = {"partial": "set-memory", "stop-timeout": "stop-domain",
                  "ignore-stop": "stop-domain", "accept-stop": "stop-domain"}.get(
            fault, ACTION.get(moment, moment))
        argument = self.long_value if fault == "insert" else ARGUMENTS.get(fault)
        spec = fault + (":" + argument if argument else "") + "@" + action
        if moment == "first":
            self.bed.agent.stop()
        self.sim.do(f"fault {spec}")
        if moment in HANDSHAKE or moment == "register":
            self.sim.do("disconnect")
        elif moment == "first":
            self.bed.agent.start()
            harness.wait_for(self.answers, 20, "the scalars")
        elif moment == "idle":
            # A connection for commands is there, too, and as idle.
            self.follow("g1", self.set("g1", "NumVCPU", self.vcpus("g1")))
            self.sim.do("poke")

    def answers(self):
        try:
            return self.get(harness.SCALARS["ldomLinkState"])[0] is not None
        except sets.NoAnswer:
            return False

    def command(self, fault):
        """The SET that meets the fault: what it was answered, and how its operation ended."""
        guest, column, value = {"partial": ("g3", "MemSize", 512),
                                "stop-timeout": ("g4", "AdminState", "bound"),
                                "ignore-stop": ("g4", "AdminState", "bound"),
                                "accept-stop": ("g4", "AdminState", "bound")}.get(
            fault, ("g1", "NumVCPU", self.vcpus("g1")))
        return self.follow(guest, self.set(guest, column, value))

    def follow(self, guest, answer):
        if answer != "noError":
            return [answer]
        status = harness.wait_for(lambda: sets.ended(self.snmp, self.rows[guest]), 20,
                                  "the end of the operation")
        return [answer, status]

    def try_cell(self, moment, fault, row):
        """What is not as the row has it, in words; and how long it took to be fresh again."""
        self.recover()
        before, (_, error, counts, _), answers = self.shown(), self.look(), None
        if moment == "first":  # the agent to come has counted nothing
            before, error, counts = [(None,) * 4] * len(self.rows), "", dict.fromkeys(COUNTERS, 0)
        if moment == "command":
            # A SET waits for its verdict only if the verdict of the SET before came in time.
            self.follow("g0", self.set("g0", "NumVCPU", 3 + (self.held()[0][1] == 3)))
        self.strike(moment, fault)
        if moment == "command":
            answers = self.command(fault)
        elif moment == "event":
            self.change("g0", "set-memory")
        found = self.wait_felt(row, error, counts)
        if not found and moment not in ("command", "event"):
            self.change("g0", "set-memory")
        found = found or self.check_table(row, before)
        if not found and answers is None:
            answers = self.follow("g1", self.set("g1", "NumVCPU", self.vcpus("g1")))
        if not found and answers != row.set:
            found = f"SET: {answers}"
        found = found or self.check_counts(row, counts)
        took = self.mend(fault)
        if not found and took > row.fresh * SLOW:
            found = f"fresh after {took:.1f} s"
        return found, took

    def wait_felt(self, row, error_before, counts_before):
        """Until managers see the fault; what they see instead if they do not."""
        seen = [None]

        def felt():
            link, error, counts, _ = seen[0] = self.look()
            same = error == error_before if row.error == "–" else row.error in error
            return link in row.link and same and all(
                counts[name] > counts_before[name] for name in row.counts)
        try:
            harness.wait_for(felt, 20, "the fault")
        except AssertionError:
            return f"seen: {seen[0]}"
        return None

    def truth(self, row):
        unknown = sets.STATES["unknown"] if row.table == "unknown" else None
        held = [(name, vcpus, memory, unknown or state) for name, vcpus, memory, state in self.held()]
        return held[:-1] + [(None,) * 4] if row.table == "partial" else held

    def check_table(self, row, before):
        if row.table in ("true", "unknown", "partial"):
            try:
                harness.wait_for(lambda: self.shown() == self.truth(row), 3, "the truth")
            except AssertionError:
                return f"table {self.shown()}, held {self.held()}"
            return None
        expected = before if row.table == "kept" else [(None,) * 4] * len(self.rows)
        shown = self.shown()
        return None if shown == expected else f"table {shown}, before {before}"

    def check_counts(self, row, before):
        allowed = set(row.counts)
        if "disconnects" in allowed or "refused" in allowed:
            allowed.add("failures")
        _, _, now, _ = self.look()
        rose = {name for name in COUNTERS if now[name] > before[name]}
        return f"counted, too: {rose - allowed}" if rose - allowed else None

    def mend(self, fault):
        """The end of the fault; how long until a change at the host shows."""
        self.sim.do("clear")
        self.sim.do(f"certificate {self.pin}")
        begun = time.monotonic()
        self.change("g2", "set-vcpu")
        harness.wait_for(self.is_well, 40, f"fresh data after {fault}")
        took = time.monotonic() - begun
        if fault == "partial":
            self.sim.do("do set-memory g3 1024M")
        elif fault == "stop-timeout":
            harness.wait_for(lambda: self.held()[4][3] == harness.OPER_STATES["bound"], 10, "g4")
            self.sim.do("do start-domain g4")
        return took
