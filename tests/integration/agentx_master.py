"""An AgentX master (RFC 2741) whose every phase a test sends by hand.

    with Master(path) as master:
        agent.start()
        session = master.accept()                     # answers Open, Register, Ping by itself
        session.test_set(7, [(oid, "u", 8)])          # -> (error, index)
        session.commit_set(7)
        session.cleanup_set(7)

What snmpd never does, or only when it is dying, is one line here: a TestSet twice, no CleanupSet, an
UndoSet seconds after the answer, a session that breaks off anywhere; the other byte order, a PDU cut
into octets, a foreign session, a context, a version that does not exist.
"""
import collections
import os
import select
import socket
import struct
import time

from harness import SLOW

OPEN, CLOSE, REGISTER, UNREGISTER, GET, GETNEXT, GETBULK = 1, 2, 3, 4, 5, 6, 7
TESTSET, COMMITSET, UNDOSET, CLEANUPSET, NOTIFY, PING = 8, 9, 10, 11, 12, 13
INDEX_ALLOCATE, INDEX_DEALLOCATE, ADD_CAPS, REMOVE_CAPS, RESPONSE = 14, 15, 16, 17, 18
INSTANCE_REGISTRATION, NEW_INDEX, ANY_INDEX, CONTEXT, NETWORK_BYTE_ORDER = 1, 2, 4, 8, 0x10
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 128, 129, 130
# res.error, above those of SNMP
OPEN_FAILED, NOT_OPEN, UNSUPPORTED_CONTEXT, DUPLICATE_REGISTRATION, PARSE_ERROR, PROCESSING_ERROR = (
    256, 257, 262, 263, 266, 268)

KINDS = {"i": 2, "s": 4, "n": 5, "o": 6, "a": 64, "c": 65, "u": 66, "t": 67, "q": 68, "C": 70}


def encode_oid(text, include=0, order=">"):
    arcs = [int(arc) for arc in text.strip(".").split(".")] if text else []
    prefix = 0
    if len(arcs) >= 5 and arcs[:4] == [1, 3, 6, 1] and 0 < arcs[4] < 256:
        prefix, arcs = arcs[4], arcs[5:]
    return struct.pack("BBBB", len(arcs), prefix, include, 0) + b"".join(
        struct.pack(order + "I", arc) for arc in arcs)


def encode_octets(value, order=">"):
    if isinstance(value, str):
        value = value.encode()
    return struct.pack(order + "I", len(value)) + value + b"\0" * (-len(value) % 4)


def encode_varbind(name, kind, value, order=">"):
    head = struct.pack(order + "HH", KINDS[kind], 0) + encode_oid(name, order=order)
    if kind == "i":
        return head + struct.pack(order + "i", value)
    if kind in "uct":
        return head + struct.pack(order + "I", value)
    if kind == "C":
        return head + struct.pack(order + "Q", value)
    if kind == "n":
        return head
    if kind == "o":
        return head + encode_oid(value, order=order)
    return head + encode_octets(value, order)


# What was received: the first four are all that most tests look at.
Pdu = collections.namedtuple("Pdu", "kind transaction packet reader version flags session size")


class _Reader:
    """Body of a PDU, in the byte order of its header."""

    def __init__(self, data, big):
        self.data, self.at, self.order = data, 0, ">" if big else "<"

    def take(self, form):
        values = struct.unpack_from(self.order + form, self.data, self.at)
        self.at += struct.calcsize(self.order + form)
        return values if len(values) > 1 else values[0]

    def oid(self):
        n, prefix, _, _ = self.take("BBBB")
        arcs = [1, 3, 6, 1, prefix] if prefix else []
        arcs += [self.take("I") for _ in range(n)]
        return "." + ".".join(map(str, arcs))

    def octets(self):
        size = self.take("I")
        value = self.data[self.at:self.at + size]
        self.at += size + -size % 4
        return value

    def varbind(self):
        """(name, type, value)"""
        kind, _ = self.take("HH")
        name = self.oid()
        if kind == 2:
            return name, kind, self.take("i")
        if kind in (65, 66, 67):
            return name, kind, self.take("I")
        if kind == 70:
            return name, kind, self.take("Q")
        if kind == 6:
            return name, kind, self.oid()
        if kind in (5, NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW):
            return name, kind, None
        return name, kind, self.octets()

    def typed_varbinds(self):
        found = []
        while self.at < len(self.data):
            found.append(self.varbind())
        return found

    def varbinds(self):
        return [(name, value) for name, _, value in self.typed_varbinds()]

    def again(self):
        """The same from its beginning."""
        return _Reader(self.data, self.order == ">")


class Broken(Exception):
    """The subagent closed the connection."""


class Session:
    """
    One subagent's connection. What it says is in `heard`. What it is answered can be changed:
    `errors` has error codes for the next requests of a type, `ignored` types are not answered.
    """

    def __init__(self, connection, number, order=">"):
        self.connection, self.number, self.order = connection, number, order
        self.packet = 0
        self.registered = []
        self.notifications = []
        self.heard = []
        self.errors = {}
        self.ignored = set()
        self.buffer = b""

    def close(self):
        self.connection.close()

    # -- one PDU

    def encode(self, kind, transaction, packet, body=b"", flags=0, session=None, version=1):
        if self.order == ">":
            flags |= NETWORK_BYTE_ORDER
        return struct.pack("BBBB", version, kind, flags, 0) + struct.pack(
            self.order + "IIII", self.number if session is None else session, transaction, packet,
            len(body)) + body

    def _send(self, *arguments, **more):
        self.connection.sendall(self.encode(*arguments, **more))

    def _fill(self, size, end):
        while len(self.buffer) < size:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.connection], [], [], left)[0]:
                raise TimeoutError("nothing from the subagent")
            piece = self.connection.recv(65536)
            if not piece:
                raise Broken()
            self.buffer += piece

    def receive(self, timeout=5.0):
        """The next PDU."""
        end = time.monotonic() + timeout
        self._fill(20, end)
        version, kind, flags, _ = struct.unpack_from("BBBB", self.buffer)
        big = bool(flags & NETWORK_BYTE_ORDER)
        number, transaction, packet, size = struct.unpack_from(">IIII" if big else "<IIII",
                                                               self.buffer, 4)
        self._fill(20 + size, end)
        body, self.buffer = self.buffer[20:20 + size], self.buffer[20 + size:]
        pdu = Pdu(kind, transaction, packet, _Reader(body, big), version, flags, number, size)
        self.heard.append(pdu)
        return pdu

    def _respond(self, transaction, packet, error=0):
        self._send(RESPONSE, transaction, packet, struct.pack(self.order + "IHH", 0, error, 0))

    def serve(self, pdu):
        """Answers what a subagent asks of its master; False for a Response."""
        kind, transaction, packet, reader = pdu[:4]
        if kind == RESPONSE:
            return False
        error = self.errors[kind].pop(0) if self.errors.get(kind) else 0
        if pdu.flags & CONTEXT:
            reader.octets()
        if kind == REGISTER and not error:
            reader.take("BBBB")
            self.registered.append(reader.oid())
        if kind == NOTIFY:
            self.notifications.append(reader.varbinds())
        if kind not in self.ignored:
            self._respond(transaction, packet, error)
        if kind == CLOSE:
            raise Broken()
        return True

    def serve_for(self, seconds):
        """Answers its requests for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self.serve(self.receive(end - time.monotonic()))
            except TimeoutError:
                return

    # -- questions

    def ask(self, kind, transaction, body=b"", **more):
        """Sends and does not wait; the packet's number for answer()."""
        self.packet += 1
        self._send(kind, transaction, self.packet, body, **more)
        return self.packet

    def response(self, packet, timeout=5.0):
        """The Response to that packet; whatever comes before it is served."""
        end = time.monotonic() + timeout * SLOW
        while True:
            pdu = self.receive(max(0.001, end - time.monotonic()))
            if not self.serve(pdu) and pdu.packet == packet:
                return pdu

    def typed_answer(self, packet, timeout=5.0):
        """(error, index, [(name, type, value)]) of the Response to that packet."""
        reader = self.response(packet, timeout).reader
        reader.take("I")
        error, index = reader.take("HH")
        return error, index, reader.typed_varbinds()

    def answer(self, packet, timeout=5.0):
        """(error, index, varbinds)"""
        error, index, varbinds = self.typed_answer(packet, timeout)
        return error, index, [(name, value) for name, _, value in varbinds]

    def varbinds(self, varbinds):
        return b"".join(encode_varbind(*varbind, order=self.order) for varbind in varbinds)

    def ranges(self, ranges):
        """[(start, end, include)]; end and include may be left out."""
        body = b""
        for start, end, include, *_ in (tuple(r) + ("", 0)[len(r) - 1:] for r in ranges):
            body += encode_oid(start, include, self.order) + encode_oid(end, 0, self.order)
        return body

    def test_set(self, transaction, varbinds, **more):
        return self.answer(self.ask(TESTSET, transaction, self.varbinds(varbinds)), **more)[:2]

    def commit_set(self, transaction, **more):
        return self.answer(self.ask(COMMITSET, transaction), **more)[:2]

    def undo_set(self, transaction, **more):
        return self.answer(self.ask(UNDOSET, transaction), **more)[:2]

    def cleanup_set(self, transaction):
        """Has no Response."""
        self.ask(CLEANUPSET, transaction)

    def get(self, *names, transaction=0):
        body = self.ranges((name,) for name in names)
        return [value for _, value in self.answer(self.ask(GET, transaction or 1 << 20, body))[2]]

    def get_next(self, *ranges, transaction=0):
        """[(name, type, value)]"""
        return self.typed_answer(self.ask(GETNEXT, transaction or 1 << 20, self.ranges(ranges)))[2]

    def set(self, transaction, varbinds):
        """All phases as a good master sends them; the name of the phase that failed, and its error."""
        error, index = self.test_set(transaction, varbinds)
        if error:
            self.cleanup_set(transaction)
            return "test", error, index
        error, index = self.commit_set(transaction)
        if error:
            undo, _ = self.undo_set(transaction)
            self.cleanup_set(transaction)
            return ("undo", undo, 0) if undo else ("commit", error, index)
        self.cleanup_set(transaction)
        return "", 0, 0


class Master:
    """Listens on a unix socket. `errors` are those of the sessions to come."""

    def __init__(self, path, order=">"):
        self.path, self.order = path, order
        self.errors = {}
        self.listener = socket.socket(socket.AF_UNIX)
        if os.path.exists(path):
            os.unlink(path)
        self.listener.bind(path)
        self.listener.listen(8)
        self.number = 100
        self.sessions = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def address(self):
        return "unix:" + self.path

    def close(self):
        for session in self.sessions:
            session.close()
        self.listener.close()
        if os.path.exists(self.path):
            os.unlink(self.path)

    def accept(self, timeout=20.0, registered=True):
        """
        The next connection that opens a session and registers something. Connections that open
        nothing, or close again, are let go: a subagent may look first whether anybody is there.
        """
        end = time.monotonic() + timeout * SLOW
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.listener], [], [], left)[0]:
                raise TimeoutError("no subagent came")
            self.number += 1
            session = Session(self.listener.accept()[0], self.number, self.order)
            session.errors = self.errors
            self.sessions.append(session)
            try:
                while registered and not session.registered:
                    session.serve(session.receive(min(5.0, end - time.monotonic())))
            except (Broken, TimeoutError, ConnectionError):
                session.close()
                continue
            return session
