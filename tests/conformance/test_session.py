"""Assertions 56 to 70: the AgentX session, octet by octet where it matters. RFC 2741 6 and 7."""
import fcntl
import itertools
import os
import random
import signal
import struct
import termios
import time

from agentx_master import (
    ADD_CAPS, CLEANUPSET, CLOSE, COMMITSET, CONTEXT, DUPLICATE_REGISTRATION, GET, GETBULK, GETNEXT,
    NETWORK_BYTE_ORDER, NOT_OPEN, NOTIFY, OPEN, PARSE_ERROR, PING, REGISTER,
    RESPONSE, TESTSET, UNDOSET, UNSUPPORTED_CONTEXT, Broken, Master, encode_octets)
from conformance import ROOT, SLOW, ByHand, elapsed, end
from harness import Agent, cell, wait_for
from sets import ask
from test_get import check_end, check_include, check_last_instance, check_ranges
from test_set import check_commit_without_test, check_test_only, check_undo

SHUTDOWN = 5  # c.reason
REQUESTS = (GET, GETNEXT, GETBULK, TESTSET, COMMITSET, UNDOSET)
MARK = 0x5A5A  # a transaction that nothing else has


def body_of(s, kind):
    """Of a request that is right but for what a test makes wrong."""
    start = s.ranges([(cell("Name", 1),)])
    return {GET: start, GETNEXT: start, GETBULK: struct.pack(s.order + "HH", 0, 2) + start,
            TESTSET: s.varbinds([(cell("NumVCPU", 2), "u", 9)])}.get(kind, b"")


def only(case, s, packet, error):
    """The Response to that packet has this error and nothing else."""
    pdu = s.response(packet)
    case.assertEqual((pdu.size, pdu.flags & ~NETWORK_BYTE_ORDER), (8, 0))
    _, found, index = pdu.reader.take("IHH")
    case.assertEqual((found, index), (error, 0))


def check_echo(case, s):
    """59"""
    for kind, transaction in itertools.product(
            REQUESTS, (1, 0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1)):
        for packet in (transaction, 0x01020304):
            s.packet = packet - 1
            s.ask(kind, transaction, body_of(s, kind))
            pdu = s.response(packet)
            case.assertEqual((pdu.version, pdu.kind, pdu.session, pdu.transaction, pdu.packet),
                             (1, RESPONSE, s.number, transaction, packet), kind)
            case.assertEqual((pdu.flags & ~NETWORK_BYTE_ORDER, pdu.size % 4), (0, 0))
        s.ask(CLEANUPSET, transaction)
    s.packet = 5000
    case.serves(s)


def check_cleanup_set(case, s):
    """60"""
    begun = len(s.heard)
    case.assertEqual(s.test_set(MARK, [(cell("NumVCPU", 2), "u", 65536)]), (10, 1))
    s.cleanup_set(MARK)
    case.assertEqual(s.test_set(MARK, [(cell("NumVCPU", 2), "u", case.vcpus())]), (0, 0))
    s.cleanup_set(MARK)
    case.assertEqual(s.set(MARK, [(cell("NumVCPU", 2), "u", case.vcpus())]), ("", 0, 0))
    s.cleanup_set(MARK)  # of nothing
    s.ask(CLEANUPSET, MARK, session=s.number + 1)
    s.ask(CLEANUPSET, MARK, encode_octets("other", s.order), flags=CONTEXT)
    # Answered in order, and later than anything before: nothing comes any more.
    case.serves(s)
    s.serve_for(0.3)
    answers = [pdu.transaction for pdu in s.heard[begun:] if pdu.kind == RESPONSE]
    case.assertEqual(answers.count(MARK), 4)  # three TestSets, one CommitSet


def check_context(case, s):
    """61"""
    before = case.state()
    context = encode_octets("other", s.order)
    for kind in REQUESTS:
        only(case, s, s.ask(kind, MARK, context + body_of(s, kind), flags=CONTEXT),
             UNSUPPORTED_CONTEXT)
    # Neither does it begin or finish what is of no context.
    case.assertEqual(s.test_set(MARK, [(cell("NumVCPU", 2), "u", case.vcpus() + 1)]), (0, 0))
    only(case, s, s.ask(COMMITSET, MARK, context, flags=CONTEXT), UNSUPPORTED_CONTEXT)
    s.cleanup_set(MARK)
    case.serves(s)
    case.assertEqual(case.state(), before)


def check_foreign_session(case, s):
    """62"""
    before = case.state()
    for kind, number in itertools.product(REQUESTS, (0, s.number + 1, s.number ^ 0x80000000)):
        pdu_of = s.ask(kind, MARK, body_of(s, kind), session=number)
        pdu = s.response(pdu_of)
        case.assertEqual((pdu.session, pdu.reader.take("IHH")[1:]), (number, (NOT_OPEN, 0)))
    case.serves(s)
    case.assertEqual(case.state(), before)


def check_pieces(case, s):
    """63"""
    asked, wire = [], b""
    for n in range(5):
        s.packet += 1
        asked.append(s.packet)
        wire += s.encode(GET, MARK + n, s.packet, s.ranges([(cell("Name", 1),), (cell("Name", n + 1),)]))
    one = len(wire) // 5

    def answers():
        """They come in the order of the questions."""
        return [s.answer(packet)[2][0][1] for packet in asked]

    def send(piece):
        """Not before the agent has read what was sent before."""
        s.connection.sendall(piece)
        wait_for(lambda: fcntl.ioctl(s.connection, termios.TIOCOUTQ, b"0000") == bytes(4), 5,
                 "the agent to read", interval=0.0005)
    for octet in wire:
        send(bytes([octet]))
    case.assertEqual(answers(), [b"primary"] * 5)
    # All in one segment; two and a half, then the rest; cut in the middle of a header.
    for cut in (5 * one, 2 * one + one // 2, one + 7, 4 * one + 19, 1):
        send(wire[:cut])
        if cut < len(wire):
            send(wire[cut:])
        case.assertEqual(answers(), [b"primary"] * 5)


def _garbage(s):
    """[(PDU, the error that answers it or None)]: the library drops a body that it cannot read."""
    name = s.ranges([(cell("Name", 1),)])
    oid = name[:len(name) // 2 - 2]  # without the Null that ends it

    def pdu(kind, body, **more):
        s.packet += 1
        return s.encode(kind, MARK, s.packet, body, **more)

    def number(value):
        return struct.pack(s.order + "I", value)
    good = pdu(GET, name)
    at_length = 16
    yield pdu(GET, name, version=9), PARSE_ERROR
    yield pdu(GET, name, version=0), PARSE_ERROR
    for kind in (0, 19, 99, 255, NOTIFY, PING, OPEN):
        yield pdu(kind, name), PARSE_ERROR
    for size in (1, 2, 3, len(name) + 1):
        yield pdu(GET, name[:size].ljust(size, b"x")), PARSE_ERROR
    # Bodies that end too early, or claim more than there is.
    for kind in (GET, GETNEXT, GETBULK, TESTSET):
        for size in (4, 8, 12, len(name) - 4):
            yield pdu(kind, name[:size]), None
    for subids in (20, 128, 129, 255):
        yield pdu(GET, bytes([subids]) + name[1:]), None
        yield pdu(GETNEXT, name + bytes([subids]) + name[1:8]), None
    for size in (5, 2 ** 16, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32 - 4):
        yield pdu(TESTSET, struct.pack(s.order + "HH", 4, 0) + oid + number(size) + b"abcd"), None
        yield pdu(TESTSET, struct.pack(s.order + "HH", 6, 0) + oid + number(size)), None
        yield pdu(GET, number(size) + b"abcd" + name, flags=CONTEXT), UNSUPPORTED_CONTEXT
    for kind in (0, 1, 3, 7, 63, 69, 131, 255, 65535):
        yield pdu(TESTSET, struct.pack(s.order + "HH", kind, 0) + oid + number(1)), None
    yield pdu(GET, b""), None
    yield pdu(GETBULK, b""), None
    yield pdu(GETBULK, struct.pack(s.order + "HH", 65535, 65535)), None
    yield pdu(TESTSET, b""), None
    # Answers to questions that were never asked.
    for _ in range(3):
        yield pdu(RESPONSE, struct.pack(s.order + "IHH", 0, 0, 0) + name), None
        yield pdu(RESPONSE, b"\xff" * 4), None
    rng = random.Random(2741)
    for _ in range(300):
        wild = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            at = rng.choice([n for n in range(len(wild)) if not at_length <= n < at_length + 4 and n != 1])
            wild[at] = rng.randrange(256)
        # The order of its numbers must stay, or its length is another one.
        wild[2] = wild[2] & ~NETWORK_BYTE_ORDER | good[2] & NETWORK_BYTE_ORDER
        yield bytes(wild), None


def check_garbage(case, s):
    """64"""
    before = case.state()
    count = 0
    for pdu, error in _garbage(s):
        packet = s.packet
        s.connection.sendall(pdu)
        if error:
            only(case, s, packet, error)
        count += 1
        if count % 20 == 0:
            case.serves(s)
        s.ask(CLEANUPSET, MARK)
    case.serves(s)
    case.assertEqual(case.state(), before)
    print(f"# {count} PDUs", flush=True)


CHECKS = (check_last_instance, check_include, check_end, check_ranges, check_test_only, check_undo,
          check_commit_without_test, check_echo, check_cleanup_set, check_context,
          check_foreign_session, check_pieces, check_garbage)


class Session(ByHand):

    def others(self, master, conf=""):
        """Another agent, for a master that the test treats badly."""
        return self.process(Agent(os.path.join(self.directory, "a"), self.sim.address, master.address,
                                  "logLevel info\n" + conf))

    def another_master(self):
        master = Master(os.path.join(self.directory, "agentx"), self.order)
        self.addCleanup(master.close)
        return master

    @staticmethod
    def hang_up_at(master, kind, count=1):
        """Closes the connection of the next session instead of answering that PDU, the count-th."""
        session = master.accept(registered=False)
        while True:
            try:
                pdu = session.receive(10 * SLOW)
                if pdu.kind == kind:
                    count -= 1
                if count == 0:
                    session.close()
                    return
                session.serve(pdu)
            except (Broken, ConnectionError):
                session = master.accept(registered=False)

    def heard(self, kind):
        return [pdu for pdu in self.session.heard if pdu.kind == kind]

    def test_56_open(self):
        pdu = self.session.heard[0]
        self.assertEqual((pdu.kind, pdu.version, pdu.flags & ~NETWORK_BYTE_ORDER), (OPEN, 1, 0))
        reader = pdu.reader.again()
        timeout, *reserved = reader.take("BBBB")
        self.assertLessEqual(timeout, 60)
        self.assertEqual(reserved, [0, 0, 0])
        reader.oid()
        self.assertRegex(reader.octets().decode("ascii"), r"\w+")
        self.assertEqual(reader.at, pdu.size)
        self.assertEqual(len(self.heard(OPEN)), 1)

    def test_57_register(self):
        pdu, = self.heard(REGISTER)
        self.assertEqual(pdu.flags & ~NETWORK_BYTE_ORDER, 0)
        reader = pdu.reader.again()
        _, priority, range_subid, _ = reader.take("BBBB")
        self.assertEqual((priority, range_subid), (127, 0))
        self.assertEqual(reader.oid(), ROOT)
        self.assertEqual(reader.at, pdu.size)

    def test_58_agent_capabilities(self):
        """That the row of sysORTable comes and goes: tests/integration/test_session.py."""
        pdu, = self.heard(ADD_CAPS)
        reader = pdu.reader.again()
        self.assertEqual(reader.oid(), ROOT)
        self.assertIn(b"LDOMS-MIB", reader.octets())
        self.assertEqual(reader.at, pdu.size)

    def test_59_responses_echo_their_request(self):
        check_echo(self, self.session)

    def test_60_cleanup_set_is_not_answered(self):
        check_cleanup_set(self, self.session)

    def test_61_unknown_context(self):
        check_context(self, self.session)

    def test_62_foreign_session(self):
        check_foreign_session(self, self.session)

    def test_63_pieces(self):
        check_pieces(self, self.session)

    def test_64_garbage(self):
        check_garbage(self, self.session)

    def test_64_length_of_four_gibibytes(self):
        """Nothing that comes after it could be read: the session ends, and a new one serves."""
        s = self.session
        for length in (2 ** 32 - 4, 2 ** 31, 2 ** 27):
            s.connection.sendall(s.encode(GET, MARK, 1)[:16] + struct.pack(s.order + "I", length) + b"x" * 64)
            with self.assertRaises(Broken):
                s.receive()
            s = type(self).connect()
            self.serves(s)

    def test_66_master_dies(self):
        for _ in range(3):
            begun = time.monotonic()
            session = self.lose()
            self.assertIn(ROOT, session.registered)
            self.assertLess(elapsed(begun), 2.0 * SLOW)
            self.serves(session)

    def test_66_master_dies_in_an_exchange(self):
        """The library waits for the answer, in the middle of a list of what is to be registered."""
        master = self.another_master()
        agent = self.others(master)
        agent.start()
        for kind in (REGISTER, ADD_CAPS):
            with self.subTest(kind):
                self.hang_up_at(master, kind)
        # Once more, of a session that is contested.
        master.errors = {REGISTER: [DUPLICATE_REGISTRATION]}
        self.hang_up_at(master, REGISTER, 2)
        session = master.accept()
        wait_for(lambda: session.get(cell("Name", 1)) == [b"primary"], 10, "the table")
        self.assertEqual(end(agent, session), 0)
        self.assertNotIn("netsnmp_assert", agent.log())

    def test_67_master_absent_at_start(self):
        place = os.path.join(self.directory, "agentx")
        agent = self.process(Agent(os.path.join(self.directory, "a"), self.sim.address, "unix:" + place))
        agent.start()
        agent.wait_log("no AgentX master answers at")
        with Master(place, self.order) as master:
            begun = time.monotonic()
            session = master.accept()
            self.assertLess(elapsed(begun), 2.0 * SLOW)
            wait_for(lambda: session.get(cell("Name", 1)) == [b"primary"], 10, "the table")
            self.assertEqual(end(agent, session), 0)

    def test_68_duplicate_registration(self):
        master = self.another_master()
        master.errors = {REGISTER: [DUPLICATE_REGISTRATION] * 2}
        agent = self.others(master)
        agent.start()
        session = master.accept()
        self.assertEqual(session.registered, [ROOT])
        attempts = [pdu for pdu in session.heard if pdu.kind == REGISTER]
        self.assertEqual([(pdu.reader.data, pdu.flags) for pdu in attempts],
                         [(attempts[0].reader.data, attempts[0].flags)] * 3)
        self.assertRegex(agent.log(), "refuses .*: another session holds it")
        agent.wait_log("serving")
        self.assertEqual(end(agent, session), 0)

    def test_69_signals(self):
        master = self.another_master()
        agent = self.others(master)
        agent.start()
        session = master.accept()
        start = len(agent.log())
        agent.send(signal.SIGHUP)
        agent.wait_log("reloaded", start=start)
        wait_for(lambda: session.get(cell("Name", 1)) == [b"primary"], 10, "the table")
        self.assertEqual([pdu.kind for pdu in session.heard if pdu.kind in (OPEN, CLOSE)], [OPEN])
        self.assertEqual(end(agent, session), 0)
        pdu, = [pdu for pdu in session.heard if pdu.kind == CLOSE]
        self.assertEqual(pdu.reader.again().take("BBBB")[0], SHUTDOWN)

    def test_69_master_hangs_up_at_close(self):
        """As masters may that do not wait until their answer is read, and one that ends just then."""
        for _ in range(3):
            master = self.another_master()
            agent = self.others(master)
            agent.start()
            session = master.accept()
            wait_for(lambda s=session: s.get(cell("Name", 1)) == [b"primary"], 10, "the table")
            agent.send(signal.SIGTERM)
            with self.assertRaises((Broken, OSError)):
                while True:
                    pdu = session.receive(10 * SLOW)
                    if pdu.kind == CLOSE:
                        session.close()
                    session.serve(pdu)
            self.assertEqual(agent.wait(), 0)
            self.assertNotIn("netsnmp_assert", agent.log())
            master.close()

    def test_70_ping(self):
        """What is not answered in time makes it ask whether the master is there; nothing blocks."""
        s, made, start = self.session, [], len(self.agent.log())
        s.ignored.add(NOTIFY)
        try:
            # Every 15 s a Ping comes anyway. If it comes right behind the notification, its answer is
            # the last that the agent waits for: then the same once more.
            while len(made) < 3 and "answers again" not in self.agent.log()[start:]:
                made.append(f"pinged{len(made)}")
                told = len(self.heard(NOTIFY))
                ask(self.sim, f"do add-domain {made[-1]} cpu=1 memory=1G")
                wait_for(lambda n=told: s.serve_for(0.1) or len(self.heard(NOTIFY)) > n, 5, "a notification")
                begun = len(self.heard(PING))
                wait_for(lambda n=begun: s.serve_for(0.1) or len(self.heard(PING)) > n, 5, "a Ping")
                ping = self.heard(PING)[-1]
                self.assertEqual((ping.version, ping.session, ping.size, ping.flags & ~NETWORK_BYTE_ORDER),
                                 (1, s.number, 0, 0))
                s.serve_for(1)
            self.agent.wait_log("answers again", start=start)
        finally:
            s.ignored.clear()
            for name in made:
                ask(self.sim, f"do remove-domain {name}")
        self.serves(s)
        # A master that never answers holds the thread for a second at a time.
        master = self.another_master()
        agent = self.others(master)
        agent.start()
        silent = master.accept(registered=False)
        while not [pdu for pdu in silent.heard if pdu.kind == OPEN]:
            try:
                silent.serve(silent.receive(0.1))
            except (Broken, TimeoutError, ConnectionError):
                silent = master.accept(registered=False)
                silent.ignored.add(OPEN)
        begun = time.monotonic()
        self.assertEqual(agent.stop(), 0)
        self.assertLess(elapsed(begun), 2.0 * SLOW)


class NetworkOrder(ByHand):
    """A master on SPARC."""

    order = ">"

    def test_65_network_byte_order(self):
        for check in CHECKS:
            with self.subTest(check.__name__):
                check(self, self.session)
        self.assertTrue(self.session.heard[-1].flags & NETWORK_BYTE_ORDER)
