"""Assertions 71 to 73: notifications, as a real snmptrapd gets them. RFC 2741 7.1.11, RFC 3416 4.2.6.

How many of them, and when, is tested in tests/integration/test_notifications.py.
"""
import os
import re
import time

import harness
import sets
import traps
from conformance import OBJECTS, Served, mib_text
from harness import cell, wait_for
from sets import ask
from test_notifications import CHANGES


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
        ask(sim, "listen off")
        ask(sim, "disconnect")
        self.heard("ManagerLink")
        ask(sim, "listen on")
        wait_for(lambda: len([n for n in self.traps.got() if n.name == "ManagerLink"]) == 2, 10,
                 "the link")

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
