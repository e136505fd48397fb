"""What libnetsnmpagent does by itself: the proof that a deviation is the library's, and the reason
for the AgentX filter (agent/snmp/transport.c) and for reads without the library (agent/snmp/read.c).

A subagent of nothing but the library (library-subagent.c) is asked what the agent is asked in the
other files. Each test here passes because the library fails.
"""
import os
import struct

import harness
from agentx_master import (
    CLEANUPSET, CLOSE, CONTEXT, DUPLICATE_REGISTRATION, END_OF_MIB_VIEW, GET, GETBULK, GETNEXT,
    REGISTER, Broken, Master, encode_octets)
from harness import wait_for

PLAYPEN = ".1.3.6.1.4.1.8072.9999.9999.1"
NUMBER, TEXT = PLAYPEN + ".1.0", PLAYPEN + ".2.0"
PROGRAM = os.path.join(harness.BUILD, "tests", "conformance", "library-subagent")


class Subagent(harness.Process):
    name = "library-subagent"

    def start(self, address):
        self.launch([PROGRAM, address])


class Library(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.master = Master(os.path.join(self.directory, "agentx"))
        self.addCleanup(self.master.close)
        self.subagent = self.process(Subagent(os.path.join(self.directory, "s")))

    def begin(self):
        """It registers two scalars, and waits for each answer."""
        self.subagent.start(self.master.address)
        self.session = self.master.accept()
        wait_for(lambda: self.session.serve_for(0.05) or "net-snmp 5" in self.subagent.log(), 10,
                 "the subagent's start")
        self.version = self.subagent.wait_log(r"net-snmp (\S+)").group(1)
        return self.session

    def fails(self, failing, what):
        """What was seen is the failure that we know of; a later library may be without it."""
        if not failing and self.version != "5.9.3":
            self.skipTest(f"net-snmp {self.version} does not have this failure: {what}")
        self.assertTrue(failing, what)
        print(f"# net-snmp {self.version}: {what}", flush=True)
        self.assertEqual(self.session.get(TEXT)[0][:10], b"0123456789")

    def silent(self, packet):
        """No Response to this one, though later ones are answered."""
        self.assertEqual(self.session.get(NUMBER), [4])
        self.session.serve_for(0.2)
        return packet not in [pdu.packet for pdu in self.session.heard]

    def test_60_cleanup_set_is_answered(self):
        s = self.begin()
        self.assertEqual(s.test_set(7, [(NUMBER, "i", 4)]), (0, 0))
        packet = s.ask(CLEANUPSET, 7)
        self.fails(not self.silent(packet), "a CleanupSet is answered")

    def test_61_context_is_answered(self):
        s = self.begin()
        pdu = s.response(s.ask(GET, 7, encode_octets("other") + s.ranges([(NUMBER,)]), flags=CONTEXT))
        told = pdu.flags & CONTEXT and pdu.reader.octets()
        self.fails(told == b"other" and pdu.reader.take("IHH")[1] == 0,
                   "a Get of an unknown context is answered noError, and its Response has a context")

    def test_62_foreign_session_is_served(self):
        s = self.begin()
        pdu = s.response(s.ask(GET, 7, s.ranges([(NUMBER,)]), session=s.number + 1))
        self.fails(pdu.reader.take("IHH")[1] == 0, "a Get for another session is answered noError")

    def test_25_long_request_is_dropped(self):
        s = self.begin()
        packet = s.ask(GET, 7, s.ranges([(NUMBER,)] * 2100))
        self.fails(self.silent(packet), "a Get of more than 65,536 octets is not answered")

    def test_25_long_response_is_sent(self):
        s = self.begin()
        pdu = s.response(s.ask(GET, 7, s.ranges([(TEXT,)] * 700)))
        self.fails(pdu.size > 65536, "a Response has more than 65,536 octets")

    def test_64_bad_pdus_are_dropped(self):
        s = self.begin()
        dropped = [self.silent(s.ask(GET, 7, s.ranges([(NUMBER,)]), version=9)),
                   self.silent(s.ask(99, 7)), self.silent(s.ask(GET, 7, b"\xff" * 8))]
        self.fails(any(dropped), "PDUs that cannot be read are not answered with parseError: "
                   f"version 9, unknown type, body without sense: {dropped}")

    def test_close_is_ignored(self):
        s = self.begin()
        s.ask(CLOSE, 0, struct.pack("BBBB", 5, 0, 0, 0))
        try:
            alive = s.get(NUMBER) == [4]
        except Broken:
            alive = False
        self.fails(alive, "a Close of the master's does not end the session")

    def bulk(self, repetitions, *ranges):
        s = self.session
        return s.typed_answer(s.ask(GETBULK, 7, struct.pack(s.order + "HH", 0, repetitions) +
                                    s.ranges(ranges)))[2]

    def test_17_end_of_a_getbulk(self):
        s = self.begin()
        # A GetNext ends where it should.
        ended = s.typed_answer(s.ask(GETNEXT, 7, s.ranges([(PLAYPEN, NUMBER)])))[2]
        self.assertEqual([kind for _, kind, _ in ended], [END_OF_MIB_VIEW])
        names = [name for name, _, _ in self.bulk(2, (PLAYPEN, NUMBER))]
        self.fails(TEXT in names or NUMBER in names, "a GetBulk goes on behind the end of its range")

    def test_68_refused_registration_is_forgotten(self):
        self.master.errors = {REGISTER: [DUPLICATE_REGISTRATION]}
        s = self.begin()
        s.serve_for(3.0)  # the agent would have asked twice
        asked = len([pdu for pdu in s.heard if pdu.kind == REGISTER])
        self.fails(asked == 2, "a registration that was refused is not tried again")
