"""What the conformance tests share: one bed for a class of tests, with snmpd or with a master of our
own; the MIB as a table; net-snmp's tools over any transport.

There is one test for each of the 78 assertions, named with its number: test_07_... What cannot hold,
whatever the agent does, is an expected failure, marked with @deviation(reason); test_library.py shows
what libnetsnmpagent does by itself. tally.py counts, and compares with docs/conformance.md.
"""
import functools
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import harness
import sets
from agentx_master import END_OF_MIB_VIEW, GETBULK, Broken, Master
from harness import Agent, Bed, ROOT, Simulator, cell, find_program, parse_varbinds, wait_for

sys.path.insert(0, os.path.join(harness.SRC, "tests", "mib"))
import mib_tree  # noqa: E402  pylint: disable=wrong-import-position

MIB = os.path.join(harness.SRC, "mibs", "LDOMS-MIB.txt")
SLOW = harness.SLOW
PUBLIC = ("-v2c", "-c", "public")
PRIVATE = ("-v2c", "-c", "private")
V1 = ("-v1", "-c", "public")
NO_OBJECT = "No Such Object available on this agent at this OID"
NO_INSTANCE = "No Such Instance currently exists at this OID"
END = "No more variables left in this MIB View (It is past the end of the MIB tree)"


def deviation(reason):
    """What the test asserts does not hold, for this reason; should it ever do, the test fails."""
    def mark(test):
        @functools.wraps(test)
        def tell(self):
            print(f"# deviation: {reason}", flush=True)
            test(self)
        return unittest.expectedFailure(tell)
    return mark


# --- the MIB --------------------------------------------------------------------------------------

# What goes over the wire for each base type and for what is imported.
_WIRE = {"INTEGER": "INTEGER", "Integer32": "INTEGER", "TruthValue": "INTEGER",
         "RowStatus": "INTEGER", "Unsigned32": "Gauge32", "Gauge32": "Gauge32",
         "Counter32": "Counter32", "Counter64": "Counter64", "TimeTicks": "Timeticks",
         "TimeStamp": "Timeticks", "BITS": "OCTETS", "OCTET": "OCTETS", "SnmpAdminString": "OCTETS",
         "DateAndTime": "OCTETS", "AutonomousType": "OID"}


class Object:
    """An object of the MIB: where it is below the root, its access, its type on the wire."""

    def __init__(self, name, arcs, access, kind):
        self.name, self.arcs, self.access, self.kind = name, arcs, access, kind
        self.scalar = len(arcs) == 3
        self.oid = ROOT + "." + ".".join(map(str, arcs))

    @property
    def readable(self):
        return self.access in ("read-only", "read-write", "read-create")

    @property
    def writable(self):
        return self.access in ("read-write", "read-create")


def mib_text():
    with open(MIB, encoding="utf-8") as file:
        return file.read()


def _read_objects():
    conventions = dict(re.findall(
        r"^(\w+) ::= TEXTUAL-CONVENTION(?:(?!::=).)*?SYNTAX +(\w+)", mib_text(), re.M | re.S))
    found = {}
    for name, (arcs, what) in mib_tree.read(MIB).items():
        access, _, syntax = what.partition(" ")
        word = re.match(r"\w*", syntax).group()
        kind = _WIRE.get(conventions.get(word, word))
        if kind and access in ("read-only", "read-write", "read-create", "not-accessible",
                               "accessible-for-notify"):
            found[name] = Object(name, arcs, access, kind)
    return found


OBJECTS = _read_objects()
READABLE = {o.arcs: o for o in OBJECTS.values() if o.readable}
SCALARS = [o for o in READABLE.values() if o.scalar]
COLUMNS = [o for o in READABLE.values() if not o.scalar]
_DEPTH = len(harness.oid(ROOT))
# They change while nothing changes.
MOVING = {OBJECTS[name].arcs for name in (
    "ldomAgentUpTime", "ldomDataAge", "ldomRefreshInterval", "ldomRefreshDuration", "ldomQueries",
    "ldomEvents", "ldomUptime", "ldomUtilization", "ldomVcpuUtilPercent", "ldomVcpuUtilization",
    "ldomVcpuNormUtilization")}


def arcs_of(name):
    """Of the object, without the instance: scalars have three, columns four."""
    arcs = harness.oid(name) if isinstance(name, str) else tuple(name)
    below = arcs[_DEPTH:]
    return below[:3] if below[:3] in READABLE else below[:4]


def text(name):
    return "." + ".".join(map(str, name))


def read_compliance():
    """{object: what the compliance statement says of it}"""
    statement = re.search(r"^\w+ MODULE-COMPLIANCE\b(.*?)^    ::=", mib_text(), re.M | re.S).group(1)
    return dict(re.findall(r"^    OBJECT +(\w+)\n(.*?)(?=^    OBJECT|\Z)", statement, re.M | re.S))


# --- beds -----------------------------------------------------------------------------------------

class _ClassBed(harness.TestCase):
    """Started once for all tests of the class, stopped after them; logs shown when one fails."""

    conf = ""

    @classmethod
    def setUpClass(cls):
        cls.class_directory = tempfile.mkdtemp(prefix="ldoms-")
        try:
            cls.start()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        problems = cls.stop()
        if problems:
            cls.print_logs()
        shutil.rmtree(cls.class_directory, ignore_errors=True)
        if problems:
            raise AssertionError("; ".join(problems))

    @classmethod
    def print_logs(cls):
        sets.TestCase._print_logs.__func__(cls)

    def show_logs(self):
        super().show_logs()
        self.print_logs()


class Served(_ClassBed):
    """The default host of ldmd-sim behind a real snmpd."""

    options = {}
    rig = None

    @classmethod
    def start(cls):
        cls.rig = Bed(os.path.join(cls.class_directory, "b"), conf=cls.conf, start=False,
                      **cls.options)
        cls.rig.start()
        cls.manager = sets.Manager(cls.rig.snmpd)
        # The lists of devices come a little after the domains.
        wait_for(lambda: cls.rig.get(harness.SCALARS["ldomCpuRpFree"]), 20, "the pools")

    @classmethod
    def stop(cls):
        problems = []
        if cls.rig:
            problems = cls.rig.stop()
            cls.manager.close()
        return problems

    def tool(self, verb, arguments, options=(), auth=PUBLIC, transport="udp", timeout=60):
        """A net-snmp tool; (status, output, errors)."""
        program = find_program("snmp" + verb)
        if not program:
            self.skipTest(f"there is no snmp{verb}")
        result = subprocess.run(
            [program, "-t", "5", "-r", "0", *auth, "-On", "-Oe", *options,
             f"{transport}:127.0.0.1:{self.rig.snmpd.port}", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="surrogateescape", timeout=timeout, check=False,
            env=dict(os.environ, MIBS="", SNMPCONFPATH=self.rig.snmpd.directory,
                     SNMP_PERSISTENT_DIR=self.rig.snmpd.path("client")))
        return result.returncode, result.stdout, result.stderr

    def ask(self, verb, *names, **more):
        """[(name, type, value)] as a net-snmp tool prints them."""
        status, out, errors = self.tool(verb, names, **more)
        self.assertEqual(status, 0, errors or out)
        return parse_varbinds(out)

    def kinds(self, *names, **more):
        """Types of what a GET gives; an exception is its text."""
        return [kind for _, kind, _ in self.ask("get", *names, **more)]

    def walk(self, where=ROOT):
        """[(name, value)] by our own manager, one GETNEXT after the other."""
        return [(harness.oid(name), value) for name, value in self.manager.walk(where)]


def essence(dumped):
    """What a SET could have changed."""
    return [{key: domain[key] for key in ("name", "state", "vcpus", "memory", "mau", "uuid")}
            for domain in dumped["domains"]]


class ByHand(_ClassBed):
    """The default host of ldmd-sim behind a master of our own."""

    order = "<"
    master = session = sim = agent = None

    @classmethod
    def start(cls):
        cls.sim = Simulator(os.path.join(cls.class_directory, "s"), wait=0.05).start()
        cls.master = Master(os.path.join(cls.class_directory, "agentx"), cls.order)
        cls.agent = Agent(os.path.join(cls.class_directory, "a"), cls.sim.address,
                          cls.master.address, "logLevel info\n" + cls.conf)
        cls.agent.start()
        cls.connect()

    @classmethod
    def connect(cls):
        """The next session, when it serves."""
        cls.session = cls.master.accept()
        wait_for(lambda: all(cls.session.get(cell("Name", 8), harness.SCALARS["ldomCpuRpFree"])),
                 20, "the table")
        return cls.session

    @classmethod
    def stop(cls):
        problems = []
        if cls.agent and cls.agent.process:
            status = end(cls.agent, cls.session)
            problems = cls.agent.findings()
            if status != 0:
                problems.append(f"the agent ended with {status}")
        if cls.master:
            cls.master.close()
        if cls.sim:
            cls.sim.stop()
        return problems

    def lose(self):
        """As a master that is killed; the next session."""
        self.session.close()
        return type(self).connect()

    def serves(self, session=None):
        """Still answers, on the same connection."""
        self.assertEqual((session or self.session).get(cell("Name", 1)), [b"primary"])
        self.assertTrue(self.agent.running())

    def read(self, *names):
        values = self.session.get(*names)
        return values[0] if len(names) == 1 else values


    def read_last(self):
        last = ROOT
        while True:
            # In strides: the last one of a large table is far away.
            names = [name for name in self.bulk(self.session, 0, 100, (last,)) if name != last]
            if not names:
                return last
            last = names[-1]

    @staticmethod
    def bulk_typed(session, non_repeaters, repetitions, *ranges):
        return session.typed_answer(session.ask(
            GETBULK, 1 << 21, struct.pack(session.order + "HH", non_repeaters, repetitions) +
            session.ranges(ranges)))[2]

    def bulk(self, *arguments):
        return [name for name, kind, _ in self.bulk_typed(*arguments) if kind != END_OF_MIB_VIEW]

    def log_of_ldmd(self):
        return [sets.words(entry) for entry in sets.log(self.sim)]

    def vcpus(self):
        return sets.holding(self.sim, "ldg1")["vcpus"]

    def state(self):
        return essence(sets.dump(self.sim)), self.log_of_ldmd()


def end(agent, session):
    """SIGTERM, with a master that answers the Close; the exit status."""
    if agent.running():
        agent.send(signal.SIGTERM)
        try:
            while True:
                session.serve(session.receive(2.0))
        except (Broken, TimeoutError, OSError, AttributeError):
            pass
    return agent.stop()


def elapsed(begun):
    return time.monotonic() - begun


__all__ = [name for name in dir() if not name.startswith("_")]
