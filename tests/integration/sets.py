"""What the tests of SET share: a manager that speaks BER itself, guests to be used up, and the
question that all of them ask in the end: do manager, agent and ldmd say the same?

    class Cpus(sets.TestCase):
        pool = {"active": 4}                      # guests made before the agent starts

        def test_grow(self):
            g = self.take("active", vcpus=4)
            self.assertEqual(self.set((g, "NumVCPU", 6)).error, "noError")
            self.assertEqual(self.commands(), ["g0 set-vcpu 6"])
            self.agree(g)

The simulator, snmpd and agent are those of the class, not of the test: each test takes guests that
nobody touched before.
"""
import collections
import json
import os
import re
import shutil
import socket
import tempfile
import time
import unittest

import agentx_master
import harness
from harness import Agent, Bed, Simulator, cell, scalar, wait_for

# --- SNMP v1 and v2c ------------------------------------------------------------------------------

ERRORS = ("noError tooBig noSuchName badValue readOnly genErr noAccess wrongType wrongLength "
          "wrongEncoding wrongValue noCreation inconsistentValue resourceUnavailable commitFailed "
          "undoFailed authorizationError notWritable inconsistentName").split()
GET, GETNEXT, SET = 0xA0, 0xA1, 0xA3
TAGS = {"i": 0x02, "s": 0x04, "n": 0x05, "o": 0x06, "a": 0x40, "c": 0x41, "u": 0x42, "t": 0x43,
        "q": 0x44, "C": 0x46}
# Letters as snmpset has them; n (NULL), q (opaque) are ours.
TYPES = {"Name": "s", "AdminState": "i", "NumVCPU": "u", "MemSize": "u", "NumCrypto": "u",
         "Template": "s", "RowStatus": "i"}

ADMIN = {"active": 1, "bound": 2, "inactive": 3, "forceStop": 4, "restart": 5}
STATES = {"active": 1, "stopping": 2, "inactive": 3, "binding": 4, "unbinding": 5, "bound": 6,
          "starting": 7, "unknown": 8}
# What ldomAdminState reads when nothing runs.
ADMIN_OF_STATE = {"active": 1, "starting": 1, "bound": 2, "stopping": 2, "binding": 2,
                  "inactive": 3, "unbinding": 3}
ROW = {"active": 1, "notInService": 2, "notReady": 3, "createAndGo": 4, "createAndWait": 5,
       "destroy": 6}
STATUS = {1: "none", 2: "running", 3: "succeeded", 4: "failed", 5: "rolledBack",
          6: "rollbackFailed", 7: "partial", 8: "unknown", 9: "queued"}

# How an operation can have ended; "none" is not among them, nor is a cell that is not there.
ENDED = tuple(word for word in STATUS.values() if word not in ("none", "running", "queued"))
ENDED_NUMBERS = tuple(number for number, word in STATUS.items() if word in ENDED)

OPERATION = harness.ROOT + ".1.30.1"
OPERATION_COLUMNS = ("Index Transaction DomainIndex DomainName Request OldValues NewValues "
                     "StepsPlanned StepsDone Status Message StartTime Duration").split()


def _tlv(tag, body):
    if len(body) < 128:
        return bytes((tag, len(body))) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes((tag, 128 | size)) + len(body).to_bytes(size, "big") + body


def _integer(value, tag=2):
    size = max(1, (value.bit_length() + 8) // 8 if value >= 0 else ((-value - 1).bit_length() + 8) // 8)
    return _tlv(tag, value.to_bytes(size, "big", signed=True))


def _oid(text):
    arcs = [int(arc) for arc in text.strip(".").split(".")]
    body = bytearray()
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        piece = [arc & 127]
        while arc > 127:
            arc >>= 7
            piece.append(128 | arc & 127)
        body += bytes(reversed(piece))
    return _tlv(6, bytes(body))


def _value(kind, value):
    if kind in "iuctC":
        return _integer(value, TAGS[kind])
    if kind == "o":
        return _oid(value)
    if kind == "n":
        return b"\x05\x00"
    if kind == "a":
        return _tlv(TAGS[kind], socket.inet_aton(value))
    return _tlv(TAGS[kind], value if isinstance(value, bytes) else value.encode())


def _take(data, at):
    tag, size = data[at], data[at + 1]
    at += 2
    if size & 128:
        width = size & 127
        size = int.from_bytes(data[at:at + width], "big")
        at += width
    return tag, data[at:at + size], at + size


def _take_all(data):
    at = 0
    while at < len(data):
        tag, body, at = _take(data, at)
        yield tag, body


def _take_oid(body):
    arcs, arc = [], 0
    for octet in body:
        arc = arc << 7 | octet & 127
        if not octet & 128:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return "." + ".".join(map(str, [first, arcs[0] - 40 * first] + arcs[1:]))


def _take_value(tag, body):
    if tag == 0x02:
        return int.from_bytes(body, "big", signed=True)
    if tag in (0x41, 0x42, 0x43, 0x46):
        return int.from_bytes(body, "big")
    if tag == 0x06:
        return _take_oid(body)
    if tag >= 0x80:
        return None  # noSuchObject, noSuchInstance, endOfMibView
    return body


Answer = collections.namedtuple("Answer", "error index values took")


class NoAnswer(Exception):
    pass


class Manager:
    """Sends one PDU and waits for its answer. Makes no request twice unless told so."""

    def __init__(self, snmpd, community="private", version=1, timeout=6.0, retries=0):
        self.address = ("127.0.0.1", snmpd.port)
        self.community, self.version = community, version
        self.timeout, self.retries = timeout * harness.SLOW, retries
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.number = int.from_bytes(os.urandom(3), "big")

    def close(self):
        self.socket.close()

    def send(self, pdu, varbinds):
        self.number += 1
        body = b"".join(_tlv(0x30, _oid(name) + value) for name, value in varbinds)
        self.socket.sendto(
            _tlv(0x30, _integer(self.version) + _tlv(4, self.community.encode()) +
                 _tlv(pdu, _integer(self.number) + _integer(0) + _integer(0) + _tlv(0x30, body))),
            self.address)
        return self.number

    def receive(self, number, timeout):
        end = time.monotonic() + timeout
        while True:
            self.socket.settimeout(max(0.001, end - time.monotonic()))
            try:
                message = self.socket.recv(65536)
            except (TimeoutError, BlockingIOError):
                raise NoAnswer(f"no answer in {timeout} s") from None
            parts = list(_take_all(_take(message, 0)[1]))
            fields = list(_take_all(parts[2][1]))
            if _take_value(*fields[0]) != number:
                continue
            values = []
            for _, varbind in _take_all(fields[3][1]):
                (_, name), value = _take_all(varbind)
                values.append((_take_oid(name), _take_value(*value)))
            return _take_value(*fields[1]), _take_value(*fields[2]), values

    def request(self, pdu, varbinds):
        begun = time.monotonic()
        for attempt in range(self.retries + 1):
            number = self.send(pdu, varbinds)
            try:
                error, index, values = self.receive(number, self.timeout)
            except NoAnswer:
                if attempt == self.retries:
                    raise
                continue
            return Answer(ERRORS[error], index, values, time.monotonic() - begun)

    def set(self, *varbinds):
        return self.request(SET, [(name, _value(kind, value)) for name, kind, value in varbinds])

    def get(self, *names):
        return self.request(GET, [(name, b"\x05\x00") for name in names])

    def walk(self, where):
        """[(name, value)] below `where`."""
        found, name = [], where
        while True:
            answer = self.request(GETNEXT, [(name, b"\x05\x00")])
            name, value = answer.values[0]
            if answer.error != "noError" or not name.startswith(where + "."):
                return found
            found.append((name, value))


def ended(manager, index):
    """How the last operation on the row of that index ended, or None: it runs, or there was none."""
    status = STATUS.get(manager.get(cell("OperationStatus", index)).values[0][1])
    return status if status in ENDED else None


def varbind(row, column, value):
    """Row: an index or a guest. Value: (letter, value) for another type than the column's."""
    index = row.index if isinstance(row, Guest) else row
    if isinstance(value, tuple):
        return (cell(column, index), *value)
    if isinstance(value, str) and column == "AdminState":
        value = ADMIN[value]
    if isinstance(value, str) and column == "RowStatus":
        value = ROW[value]
    return cell(column, index), TYPES.get(column, "i"), value


# --- the simulator --------------------------------------------------------------------------------

def ask(sim, line):
    """A line to the simulator's operator; what it answers, without the closing ok."""
    answer = sim.command(line)
    body, _, last = answer.rstrip("\n").rpartition("\n")
    if not last.startswith("ok"):
        raise AssertionError(f"{line}: {last}")
    return body


def dump(sim):
    return json.loads(ask(sim, "dump"))


def log(sim):
    """The commands that the simulator was sent, not those of its operator."""
    return json.loads(ask(sim, "log"))


def stats_open(sim):
    """How many connections it has."""
    return json.loads(ask(sim, "stats"))["connections_open"]


def holding(sim, name, dumped=None):
    """A domain as the simulator has it, or None."""
    for domain in (dumped or dump(sim))["domains"]:
        if domain["name"] == name:
            return domain
    return None


def _megabytes(text):
    number, unit = re.match(r"(\d+)([KMG]?)$", text).groups()
    return int(number) * {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}[unit] / (1 << 20)


def words(entry):
    """One entry of the log, as ldm would be told: "set-memory g1 2048"."""
    action, detail = entry["action"], entry["detail"]
    if action in ("set-vcpu", "set-mau"):
        return f"{action} {entry['domain']} {detail.split()[-1]}"
    if action == "set-memory":
        return f"{action} {entry['domain']} {_megabytes(detail.split()[-1]):.12g}"
    if action == "stop-domain" and "-f" in detail.split():
        return f"stop-domain -f {entry['domain']}"
    return f"{action} {entry['domain']}"


class Guest:
    """A domain of a test: its name, and its ldomIndex once the agent knows it."""

    def __init__(self, name, state="active", vcpus=4, memory=1024, crypto=0, wcore=0, master="",
                 openboot=False):
        self.name, self.state, self.vcpus, self.memory = name, state, vcpus, memory
        self.crypto, self.wcore, self.master, self.openboot = crypto, wcore, master, openboot
        self.index = None

    def __repr__(self):
        return self.name

    def xml(self):
        flags = "<flags>-t----</flags>" if self.openboot else ""
        wcore = f"<wcore>{self.wcore}</wcore>" if self.wcore else ""
        return (f"<data version='2.0'><ldom><ldom_info><ldom_name>{self.name}</ldom_name>"
                f"<state>{self.state}</state>{flags}<master>{self.master}</master></ldom_info>"
                f"<cpu><number>{self.vcpus}</number>{wcore}</cpu>"
                f"<memory><size>{self.memory}M</size></memory>"
                f"<mau><number>{self.crypto}</number></mau></ldom></data>")


def write_inventory(path, guests, cores=None, memory_gb=None, domains=256):
    """An inventory of ldmd-sim; without cores and memory, a host of twice what the guests want."""
    machine = ""
    if cores:
        machine = (f"<data version='2.0'><ldom><machine><cores>{cores}</cores><maus>{cores}</maus>"
                   f"<memory>{memory_gb << 30}</memory><buses>4</buses>"
                   f"<max_domains>{domains}</max_domains><channels>8192</channels></machine>"
                   "</ldom></data>")
    # The simulator's own control domain has consoles for a hundred guests only.
    primary = ("<data version='2.0'><ldom><ldom_info><ldom_name>primary</ldom_name></ldom_info>"
               "<cpu><number>8</number></cpu><memory><size>8G</size></memory><vcc>"
               "<service_name>primary-vcc0</service_name><min_port>5000</min_port>"
               "<max_port>9000</max_port></vcc></ldom></data>")
    with open(path, "w") as file:
        file.write("<LDM_interface version='1.0'><cmd><action>list-constraints</action>" +
                   machine + primary + "".join(guest.xml() for guest in guests) + "</cmd></LDM_interface>")
    return path


# --- the test case --------------------------------------------------------------------------------

class TestCase(harness.TestCase):
    """One bed for all tests of the class, with a pool of guests that are used once each."""

    pool = {}           # state -> how many
    guests = ()         # others, by name
    conf = ""
    host = {}           # cores, memory_gb
    wait = 0.05         # how long the simulator's transitional states last
    bed_options = {}

    @classmethod
    def setUpClass(cls):
        cls.class_directory = tempfile.mkdtemp(prefix="ldoms-")
        cls.free = {state: [Guest(f"{state[0]}{i}", state, **cls.pool_shape(state))
                            for i in range(count)] for state, count in cls.pool.items()}
        every = [guest for free in cls.free.values() for guest in free] + list(cls.guests)
        try:
            inventory = write_inventory(os.path.join(cls.class_directory, "inventory.xml"), every,
                                        **cls.host)
            options = {"form": cls.form, **cls.bed_options}
            options["sim_options"] = ["-i", inventory, *options.get("sim_options", ())]
            cls.rig = Bed(os.path.join(cls.class_directory, "b"), conf=cls.conf, wait=cls.wait,
                          start=False, **options)
            cls.rig.start()
            cls.manager = Manager(cls.rig.snmpd)
            indexes = wait_for(lambda: cls.known(every), 20, "all guests in the table")
        except BaseException:
            cls.tearDownClass()
            raise
        for guest in every:
            guest.index = indexes[guest.name]

    @classmethod
    def pool_shape(cls, state):
        return {}

    @classmethod
    def known(cls, guests):
        indexes = cls.rig.indexes()
        return all(guest.name in indexes for guest in guests) and indexes

    @classmethod
    def tearDownClass(cls):
        problems = []
        if getattr(cls, "manager", None):
            cls.manager.close()
            cls.manager = None
        if getattr(cls, "rig", None):
            problems = cls.rig.stop()
            cls.rig = None
        if problems:
            cls._print_logs()
        if os.environ.get("LDOMS_TEST_KEEP"):
            shutil.copytree(cls.class_directory, os.path.join(os.environ["LDOMS_TEST_KEEP"], cls.__name__),
                            dirs_exist_ok=True, ignore=lambda folder, names: [
                                name for name in names if name in ("control", "agentx")])
        shutil.rmtree(cls.class_directory, ignore_errors=True)
        if problems:
            raise AssertionError("; ".join(problems))

    @classmethod
    def _print_logs(cls, lines=80):
        for folder, _, files in os.walk(cls.class_directory):
            for name in sorted(files):
                if name.endswith(".log") or name == "messages":
                    with open(os.path.join(folder, name), errors="replace") as text:
                        for line in text.read().splitlines()[-lines:]:
                            print(f"# {name}: {line}")

    def show_logs(self):
        super().show_logs()
        self._print_logs()

    def setUp(self):
        super().setUp()
        self.sim, self.agent = self.rig.sim, self.rig.agent
        ask(self.sim, "clear")
        ask(self.sim, f"wait {self.wait}")
        self.seen = self.last_seq()
        self.log_start = len(self.agent.log())

    # -- guests

    def take(self, state="active", **shape):
        """A guest in this state that nobody used; with another shape if asked for."""
        guest = self.free[state].pop()
        if shape:
            self.reshape(guest, **shape)
        return guest

    def reshape(self, guest, **shape):
        """As the administrator at the host would; what it has afterwards is in the table."""
        for key, command, unit in (("vcpus", "set-vcpu", ""), ("memory", "set-memory", "M"),
                                   ("crypto", "set-mau", "")):
            if key in shape and shape[key] != getattr(guest, key):
                ask(self.sim, f"do {command} {guest.name} {shape[key]}{unit}")
                setattr(guest, key, shape[key])
        self.wait_agree(guest)

    def take_many(self, count, state="active", **shape):
        return [self.take(state, **shape) for _ in range(count)]

    # -- SNMP

    waited_in_vain = 0.0  # when a SET of this class was answered without its verdict

    def set(self, *varbinds, manager=None):
        answer = (manager or self.manager).set(*(varbind(*v) for v in varbinds))
        if answer.took >= self.set_wait_seconds():
            type(self).waited_in_vain = time.monotonic()
        return answer

    def get(self, row, *columns):
        index = row.index if isinstance(row, Guest) else row
        answer = self.manager.get(*(cell(column, index) for column in columns))
        values = [value for _, value in answer.values]
        return values[0] if len(columns) == 1 else values

    def expect(self, error, *varbinds, index=None):
        answer = self.set(*varbinds)
        if self.came_late(answer, error) or (self.patient and answer.error == "noError"):
            self.settle(*{varbind[0] for varbind in varbinds})
        if self.came_late(answer, error):
            return answer
        self.assertEqual(answer.error, error, f"{varbinds}\n{self.agent.log()[-600:]}")
        if index is not None:
            self.assertEqual(answer.index, index)
        return answer

    # True: when expect() returns, the operation of a SET that was answered noError has ended. On a busy
    # machine the answer may come before. Not for tests of operations that are to go on.
    patient = False

    def settle(self, *rows):
        """Nothing runs on these rows. One that is to be made, or is gone, has its operations only."""
        for row in rows:
            wait_for(lambda row=row: not self.runs_on(row), 30, "the end")

    def runs_on(self, row):
        status = self.get(row, "OperationStatus")
        if status is not None:
            return status in (2, 9)
        index = row.index if isinstance(row, Guest) else row
        rows = zip(self.manager.walk(f"{OPERATION}.3"), self.manager.walk(f"{OPERATION}.10"))
        return any(domain == index and status in (2, 9) for (_, domain), (_, status) in rows)

    def waiting_pays(self, guest):
        """
        A SET that changes nothing. Its verdict comes within setWait, so the agent lets the next SET
        wait for its verdict; after one that came too late it does not (the budget of waiting).
        """
        self.set((guest, "NumVCPU", self.get(guest, "NumVCPU")))
        self.wait_ended(guest)
        type(self).waited_in_vain = 0.0

    def took_long(self, guest, since=0):
        """
        Whether an operation on this guest, of those numbered from `since` on, took about setWait or
        longer. Then its SET was answered without the verdict, and so may be the SETs behind it.
        """
        self.settle(guest)
        limit = 100 * self.set_wait_seconds() - 5
        durations = self.manager.walk(f"{OPERATION}.13")  # hundredths of a second
        return any(domain == guest.index and int(name.rpartition(".")[2]) >= since and took >= limit
                   for (name, domain), (_, took) in zip(self.manager.walk(f"{OPERATION}.3"), durations))

    def unbind_and_grow(self, guest):
        """
        The varbinds of two steps for a bound guest of 1024 megabytes: unbind-domain, set-memory. The
        way back is bind-domain, so a fault can be set on the way back alone, before the SET.
        """
        return [varbind(guest, "AdminState", "inactive"), varbind(guest, "MemSize", 1280)]

    def came_late(self, answer, error):
        """
        Whether an answer other than `error` is right: on a busy machine the verdict of ldmd, or the
        rollback, may come later than setWait. The SETs of the next ten seconds do not wait at all.
        """
        instead = {"commitFailed": ("noError", "undoFailed"), "undoFailed": ("noError",)}.get(error, ())
        late = time.monotonic() - type(self).waited_in_vain < 10.5
        return answer.error in instead and (answer.took >= self.set_wait_seconds() or late)

    def set_wait_seconds(self):
        """Seconds."""
        return int((re.findall(r"^setWait (\d+)", self.conf, re.M) or ["400"])[0]) / 1000

    # -- what ldmd was told

    def last_seq(self):
        return max((entry["seq"] for entry in log(self.sim)), default=0)

    def log(self, *guests):
        names = {guest.name for guest in guests}
        return [entry for entry in log(self.sim)
                if entry["seq"] > self.seen and (not names or entry["domain"] in names)]

    def commands(self, *guests):
        """Since the test began: all, or those of some guests."""
        return [words(entry) for entry in self.log(*guests)]

    def forget(self):
        """log() and commands() leave out what was sent so far."""
        self.seen = self.last_seq()

    def fault(self, spec):
        ask(self.sim, f"fault {spec}")

    # -- operations

    def operation(self, row):
        """The operation row of a domain's last SET, or None."""
        index = self.get(row, "OperationIndex")
        return self.operation_row(index) if index else None

    def operation_row(self, index):
        names = [f"{OPERATION}.{n}.{index}" for n in range(2, len(OPERATION_COLUMNS) + 1)]
        values = [value for _, value in self.manager.get(*names).values]
        found = dict(zip(OPERATION_COLUMNS, [index] + values))
        found["Status"] = STATUS.get(found["Status"], found["Status"])
        return {key: value.decode("utf-8", "replace")
                if isinstance(value, bytes) and key != "StartTime" else value
                for key, value in found.items()}

    def ended(self, row):
        """How the last SET on a row ended, or None: it runs, or there was none."""
        status = STATUS.get(self.get(row, "OperationStatus"))
        return status if status in ENDED else None

    def wait_ended(self, row, timeout=30.0):
        """How the last SET on a row ended."""
        return wait_for(lambda: self.ended(row), timeout, f"the end of the operation on {row}")

    # -- do they agree?

    def difference(self, guest):
        """What agent and simulator say differently about a domain; empty: nothing."""
        domain = holding(self.sim, guest.name)
        columns = ("NumVCPU", "MemSize", "NumCrypto", "OperState", "AdminState", "RowStatus", "Flags")
        shown = self.get(guest, *columns)
        if domain is None:
            return "" if shown == [None] * len(columns) else f"{guest} is gone, shown {shown}"
        # A guest that boots tells nobody when it is up: only a refresh shows its second flag.
        shown[-1] = shown[-1] and shown[-1][2:].decode()
        held = [domain["vcpus"], domain["memory"] >> 20, domain["mau"], STATES[domain["state"]],
                ADMIN_OF_STATE[domain["state"]], 1, domain["flags"][2:]]
        if shown == held:
            return ""
        return "; ".join(f"{guest} {column}: shown {a}, held {b}"
                         for column, a, b in zip(columns, shown, held) if a != b)

    def agree(self, *guests):
        """Agent and simulator say the same of these guests now, without waiting for a refresh."""
        for guest in guests:
            self.assertEqual(self.difference(guest), "")

    def wait_agree(self, *guests, timeout=15.0):
        for guest in guests:
            try:
                wait_for(lambda guest=guest: not self.difference(guest), timeout, f"{guest}")
            except AssertionError:
                self.agree(guest)

    def assertHeld(self, guest, **expected):
        """vcpus, memory (megabytes), mau, state as the simulator holds them."""
        domain = holding(self.sim, guest.name)
        self.assertIsNotNone(domain, f"{guest} is gone")
        held = dict(domain, memory=domain["memory"] >> 20)
        self.assertEqual({key: held[key] for key in expected}, expected, str(guest))


class ByHand(harness.TestCase):
    """A master of the test's own (agentx_master.py), a simulator with guests g0, g1, ..., an agent."""

    guests = 70
    conf = "commandTimeout 3s\n"
    shape = {}

    def setUp(self):
        super().setUp()
        inventory = write_inventory(os.path.join(self.directory, "inventory.xml"),
                                    [Guest(f"g{i}", **self.shape) for i in range(self.guests)],
                                    cores=128, memory_gb=256)
        self.sim = self.process(Simulator(os.path.join(self.directory, "s"), options=["-i", inventory],
                                          wait=0.05)).start()
        self.master = agentx_master.Master(os.path.join(self.directory, "agentx"))
        self.addCleanup(self.master.close)
        self.agent = self.process(Agent(os.path.join(self.directory, "a"), self.sim.address,
                                        self.master.address, self.conf))
        self.agent.start()
        self.session = self.connected()

    def connected(self):
        end = time.monotonic() + 60 * harness.SLOW
        while True:
            session = self.master.accept()
            try:
                # primary is 1, g0 is 2.
                wait_for(lambda: session.get(cell("Name", self.guests + 1))[0], 20, "the table")
                return session
            except agentx_master.Broken:
                # An agent that is very slow takes its master for dead, and opens another session.
                assert time.monotonic() < end, "the session does not last"

    def vcpus(self, row, value):
        return [varbind(row, "NumVCPU", value)]

    def status(self, row):
        return STATUS.get(self.session.get(cell("OperationStatus", row))[0])

    def wait_ended(self, row, timeout=30.0):
        def ended():
            status = self.status(row)
            return status if status in ENDED else None
        return wait_for(ended, timeout, f"the end of the operation on row {row}")

    def is_idle(self, row):
        """No operation runs on this row, and the row is there."""
        return self.status(row) in ("none", *ENDED)

    def commands(self):
        return [words(entry) for entry in log(self.sim)]

    def lose(self):
        """Ends the session as a killed master would, and takes the agent's next session."""
        self.session.close()
        self.session = self.connected()


def skip_without(program):
    return unittest.skipUnless(harness.find_program(program), f"there is no {program}")


__all__ = ["stats_open", "TestCase", "ByHand", "Guest", "Manager", "NoAnswer", "Answer", "ADMIN", "STATES", "ROW", "STATUS",
           "ENDED", "ENDED_NUMBERS", "ERRORS", "ask", "dump", "log", "holding", "words", "varbind", "write_inventory",
           "scalar", "wait_for", "skip_without", "OPERATION"]
