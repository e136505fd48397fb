"""Assertions 71 to 73: notifications, as a real snmptrapd gets them. RFC 2741 7.1.11, RFC 3416 4.2.6.

How many of them, and when, is tested in tests/integration/test_notifications.py.
"""
import os
import re
import time

import harness
import traps
from agentx_master import (
    DUPLICATE_REGISTRATION, NOTIFY, NOT_OPEN, PROCESSING_ERROR, REGISTER, Broken)
from conformance import OBJECTS, SLOW, ByHand, Served, mib_text
from harness import cell, wait_for
from sets import ask
from test_notifications import CHANGES

CREATE = 1  # the last arc of ldomCreate


def objects_of():
    """{notification without "ldom": its OBJECTS, as names below the root}"""
    found = re.findall(r"^ldom(\w+) NOTIFICATION-TYPE\n +OBJECTS +\{([^}]*)\}", mib_text(), re.M)
    return {name: [OBJECTS[one].arcs for one in re.findall(r"\w+", objects)]
            for name, objects in found}


class Notify(Served):

    conf = "refreshInterval 60\n"

    @classmethod
    def start(cls):
        cls.traps = traps.Receiver(os.path.join(cls.class_directory, "t"))
        cls.informs = traps.Receiver(os.path.join(cls.class_directory, "i"))
        # Sent again each second until it is acknowledged.
        sink = f"trapsess -Ci -t 1 -r 5 -v2c -c public 127.0.0.1:{cls.informs.port}"
        cls.options = {"snmpd_conf": f"{cls.traps.sinks['trap v2c']}\n{sink}"}
        for receiver in (cls.traps, cls.informs):
            receiver.start()
        super().start()

    @classmethod
    def stop(cls):
        problems = super().stop()
        for receiver in (cls.traps, cls.informs):
            receiver.stop()
        return problems

    def all_of_them(self):
        """One of each kind at least, and how many there were when nothing more came."""
        sim, index = self.rig.sim, self.rig.indexes()["ldg1"]
        self.assertEqual(self.traps.got(), [], "at start-up")
        for number, (command, name, *_) in enumerate(CHANGES, 1):
            ask(sim, "do " + command)
            self.assertEqual(self.traps.wait(number)[-1].name, name, command)
        ask(sim, "do stop-domain ldg1")
        self.heard("StateChange")
        vcpus = self.manager.get(cell("NumVCPU", index)).values[0][1]
        self.assertEqual(self.manager.set((cell("NumVCPU", index), "u", vcpus + 1)).error, "noError")
        self.heard("OperationDone")
        ask(sim, "degrade ldg1 on")  # no event tells of that: the next connection does
        ask(sim, "listen off")
        ask(sim, "disconnect")
        self.heard("ManagerLink")
        ask(sim, "listen on")
        wait_for(lambda: len([n for n in self.traps.got() if n.name == "ManagerLink"]) == 2, 10,
                 "the link")
        self.heard("DegradedChange")

    def heard(self, name):
        wait_for(lambda: any(n.name == name for n in self.traps.got()), 10, name)

    def test_71_objects_in_the_mibs_order(self):
        """Notification() has seen to sysUpTime.0, snmpTrapOID.0 and the name below .0 already."""
        self.all_of_them()
        objects = objects_of()
        got = self.traps.got()
        self.assertEqual({n.name for n in got}, set(objects))
        self.assertEqual(set(objects), set(traps.NAMES.values()))
        for n in got:
            self.assertEqual([name[:-1] for name, _ in n.objects], objects[n.name], n.name)
            # All of one row, which is that of the domain.
            self.assertEqual(len(n.instances), 1, n)
            self.assertEqual(n.instances, {n.value(1, 31, 1, 1) if n.name != "ManagerLink" else 0})

    def test_73_informs_are_acknowledged(self):
        wait_for(lambda: len(self.informs.got()) == len(self.traps.got()) > len(CHANGES), 10,
                 "the informs")
        # Longer than two of its time-outs: none comes again.
        quiet = time.monotonic() + 2.5
        wait_for(lambda: time.monotonic() > quiet, 5, "the quiet")
        self.assertEqual([(n.name, n.objects) for n in self.informs.got()],
                         [(n.name, n.objects) for n in self.traps.got()])
        self.assertEqual(harness.scalar(self.rig, "ldomNotificationsSent"), len(self.traps.got()))


class NotifyByHand(ByHand):
    """What becomes of notifications whose session goes."""

    conf = "refreshInterval 60\n"

    def until_heard(self, number, domain):
        """That many Notifys about a domain, on the session that there is; their names."""
        def about():
            self.session.serve_for(0.05)
            found = [pdu for pdu in self.session.heard if pdu.kind == NOTIFY]
            return [v for v in (pdu.reader.again().varbinds() for pdu in found)
                    if domain.encode() in dict(v).values()]
        wait_for(lambda: len(about()) >= number, 10, f"{number} about {domain}")
        self.session.serve_for(0.3)
        return [harness.oid(v[0][1])[-1] for v in about()]

    def counted(self):
        names = ("ldomNotificationsSent", "ldomNotificationsDropped")
        return self.read(*(harness.SCALARS[name] for name in names))

    def test_72_session_lost_before_the_answer(self):
        sent, dropped = self.counted()
        self.session.ignored.add(NOTIFY)
        ask(self.sim, "do add-domain lost1 cpu=1 memory=1G")
        self.assertEqual(self.until_heard(1, "lost1"), [CREATE])
        self.lose()
        self.assertEqual(self.until_heard(1, "lost1"), [CREATE])
        self.assertEqual(self.counted(), [sent + 1, dropped])

    def test_72_session_closed_by_the_master(self):
        sent, dropped = self.counted()
        self.session.errors = {NOTIFY: [NOT_OPEN]}
        ask(self.sim, "do add-domain closed1 cpu=1 memory=1G")
        with self.assertRaises(Broken):
            self.until_heard(2, "closed1")
        type(self).connect()
        self.assertEqual(self.until_heard(1, "closed1"), [CREATE])
        self.assertEqual(self.counted(), [sent + 1, dropped])

    def test_72_refused(self):
        sent, dropped = self.counted()
        self.session.errors = {NOTIFY: [PROCESSING_ERROR]}
        ask(self.sim, "do add-domain refused1 cpu=1 memory=1G")
        self.assertEqual(self.until_heard(1, "refused1"), [CREATE])
        self.assertEqual(self.counted(), [sent, dropped + 1])

    def test_72_root_of_another(self):
        """Its agent tells; what is still news when the root is ours is told then."""
        self.master.errors = {REGISTER: [DUPLICATE_REGISTRATION] * 2}
        self.session.close()
        ask(self.sim, "do add-domain other1 cpu=1 memory=1G")
        type(self).connect()
        before = [pdu.kind for pdu in self.session.heard]
        self.assertNotIn(NOTIFY, before[:len(before) - before[::-1].index(REGISTER)])
        self.assertEqual(self.until_heard(1, "other1"), [CREATE])
