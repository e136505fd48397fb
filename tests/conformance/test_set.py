"""Assertions 27 to 55: SET. RFC 3416 4.2.5, RFC 2741 7.2.4, RFC 3584 4.4, RFC 2579 (RowStatus)."""
import itertools
import os
import re
import signal
import subprocess
import threading
import time

import harness
import sets
from agentx_master import PROCESSING_ERROR
from conformance import OBJECTS, SLOW, ByHand, deviation, essence, mib_text, read_compliance
from harness import ENTRY, ROOT, cell, find_program, wait_for
from sets import Guest, ask, scalar, varbind

# RFC 3584 4.4
V1 = {"wrongValue": "badValue", "wrongType": "badValue", "wrongLength": "badValue",
      "wrongEncoding": "badValue", "inconsistentValue": "badValue", "noAccess": "noSuchName",
      "notWritable": "noSuchName", "noCreation": "noSuchName", "inconsistentName": "noSuchName",
      "resourceUnavailable": "genErr", "commitFailed": "genErr", "undoFailed": "genErr",
      "noError": "noError"}
WRITABLE = {"Name": ("s", b"x"), "AdminState": ("i", 1), "NumVCPU": ("u", 4), "MemSize": ("u", 1024),
            "NumCrypto": ("u", 0), "Template": ("s", b"x"), "RowStatus": ("i", 1)}
WRONG_VALUE, COMMIT_FAILED = 10, 14
SET_WAIT = 0.4
# The promise of the agent, and what the two processes between it and the manager may take.
SLACK = 0.2 * SLOW


class Set(sets.TestCase):
    """Through snmpd, on guests that are used once."""

    pool = {"active": 48, "bound": 8, "inactive": 4}
    conf = "commandTimeout 3s\nrefreshInterval 1s\n"
    guests = [Guest("moving"), Guest("going"), Guest("fat", "inactive", vcpus=1, memory=30_000_000),
              Guest("refused")]
    host = {"cores": 96, "memory_gb": 128}
    bed_options = {"snmpd_conf": 'createUser reader SHA "auth-secret-3" AES "priv-secret-3"\n'
                                 "rouser reader authpriv\n"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.by_name = {guest.name: guest for guest in cls.guests}
        # On its way for as long as the tests take.
        ask(cls.rig.sim, "wait 900")
        ask(cls.rig.sim, "begin stop-domain going")
        ask(cls.rig.sim, f"wait {cls.wait}")

    def setUp(self):
        super().setUp()
        self.going, self.moving, self.fat, self.refused = (
            self.by_name[name] for name in ("going", "moving", "fat", "refused"))
        self.fault("refuse:no such luck@set-vcpu/refused")

    def raw(self, *varbinds, manager=None):
        return (manager or self.manager).set(*varbinds)

    def refuse(self, error, *varbinds, index=1):
        """Each is refused with this error, and nothing is sent to ldmd."""
        answer = self.raw(*varbinds)
        self.assertEqual((answer.error, answer.index), (error, index), varbinds)
        self.assertEqual(self.commands(), [])

    def snmpset(self, auth, guest, column, value, *options):
        name, kind, number = varbind(guest, column, value)
        return self.tool(auth, options, name, kind, str(number))

    def tool(self, auth, options, *arguments):
        result = subprocess.run(
            [find_program("snmpset"), *auth, "-On", "-t", "3", "-r", "0", *options,
             f"udp:127.0.0.1:{self.rig.snmpd.port}", *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
            env=dict(os.environ, MIBS="", SNMPCONFPATH=self.rig.snmpd.directory,
                     SNMP_PERSISTENT_DIR=self.rig.snmpd.path("client")))
        reason = re.search(r"Reason: (\w+)", result.stdout)
        return reason.group(1) if reason else "noError" if result.returncode == 0 else result.stdout

    def configure(self, conf):
        """Reloads; the threads take it over one after the other."""
        start = len(self.agent.log())
        self.agent.configure(self.conf + conf)
        self.agent.send(signal.SIGHUP)
        self.agent.wait_log(r"reloaded", start=start)

    # -- phase one

    def test_27_no_write_view(self):
        guest = self.take("active")
        public = sets.Manager(self.rig.snmpd, community="public")
        self.addCleanup(public.close)
        answer = self.raw(varbind(guest, "NumVCPU", 5), manager=public)
        self.assertEqual((answer.error, answer.index), ("noAccess", 1))
        self.assertEqual(self.snmpset(("-v2c", "-c", "public"), guest, "NumVCPU", 5), "noAccess")
        reader = ("-v3", "-u", "reader", "-l", "authPriv", "-a", "SHA", "-A", "auth-secret-3", "-x",
                  "AES", "-X", "priv-secret-3")
        self.assertEqual(self.snmpset(reader, guest, "NumVCPU", 5), "noAccess")
        self.assertEqual(self.commands(), [])

    def test_28_authorization_error(self):
        guest = self.take("active")
        sha = harness.Snmpd.users["sha"]
        for level in ("noAuthNoPriv", "authNoPriv"):
            auth = sha[:sha.index("-l") + 1] + [level] + sha[sha.index("-l") + 2:]
            self.assertEqual(self.snmpset(auth, guest, "NumVCPU", 5), "authorizationError")
        self.assertEqual(self.commands(), [])
        self.assertEqual(self.snmpset(sha, guest, "NumVCPU", 5), "noError")
        self.settle(guest)
        self.assertEqual(self.commands(guest), [f"set-vcpu {guest} 5"])

    def test_29_read_only_column(self):
        guest = self.take("active")
        for column in harness.COLUMNS:
            if column not in WRITABLE:
                self.refuse("notWritable", (cell(column, guest.index), "i", 1))
        # Scalars, and the other tables.
        for o in OBJECTS.values():
            if o.readable and not o.writable:
                self.refuse("notWritable", (o.oid + ("" if o.scalar else ".1") + ".0", "i", 1))

    def test_30_no_such_object(self):
        for name in (f"{ENTRY}.1.2", f"{ENTRY}.31.2", f"{ENTRY}.99.2", ROOT + ".1.1.999.0",
                     ROOT + ".1.99.1.2.1", ROOT + ".7", ROOT + ".1.3", ROOT):
            self.refuse("notWritable", (name, "i", 1))

    def test_31_wrong_type(self):
        guest = self.take("active")
        values = {"i": 1, "u": 1, "s": "1", "c": 1, "t": 1, "C": 1, "a": "127.0.0.1",
                  "o": ".1.3.6", "n": None, "q": b"1"}
        for column, (right, _) in WRITABLE.items():
            for kind, value in values.items():
                if kind != right:
                    self.refuse("wrongType", varbind(guest, column, (kind, value)))

    def test_32_wrong_length(self):
        new = scalar(self.rig, "ldomNextIndex")
        for row in (new, self.take("active")):
            for column, longest in (("Name", 256), ("Template", 64)):
                for size in (longest + 1, longest + 100, 5000):
                    self.refuse("wrongLength", varbind(row, column, "x" * size))
        # The longest ones are not too long.
        answer = self.raw(varbind(new, "Name", "x" * 256), varbind(new, "Template", "x" * 64))
        self.assertEqual(answer.error, "inconsistentName")

    def test_33_wrong_value(self):
        guest = self.take("active")
        for column, values in (("AdminState", (0, 6, -1, 2 ** 31 - 1, -2 ** 31)),
                               ("NumVCPU", (65536, 2 ** 31, 2 ** 32 - 1)),
                               ("NumCrypto", (65536, 2 ** 32 - 1)),
                               ("RowStatus", (0, 7, -1, 2 ** 31 - 1))):
            for value in values:
                self.refuse("wrongValue", varbind(guest, column, (WRITABLE[column][0], value)))

    def test_34_no_such_row(self):
        new = scalar(self.rig, "ldomNextIndex")
        for column, (kind, value) in WRITABLE.items():
            if column == "RowStatus":
                continue
            for index in (0, 2 ** 31, 2 ** 32 - 1):
                self.refuse("noCreation", (cell(column, index), kind, value))
            self.refuse("noCreation", (cell(column, 2) + ".1", kind, value))
            self.refuse("noCreation", (cell(column, 2)[:-2], kind, value))
            # It could be made later.
            self.refuse("inconsistentName", (cell(column, new), kind, value))

    def test_35_impossible_now(self):
        bound, idle = self.take("bound"), self.take("inactive")
        wait_for(lambda: self.get(self.going, "OperState") == sets.STATES["stopping"], 10, "stopping")
        for varbinds in ([varbind(bound, "AdminState", "restart")],
                         [varbind(idle, "AdminState", "restart")],
                         [varbind(1, "AdminState", "bound")], [varbind(1, "AdminState", "forceStop")],
                         [varbind(self.going, "AdminState", "active")],
                         [varbind(self.going, "NumVCPU", 9)]):
            self.refuse("inconsistentValue", *varbinds)
        ask(self.sim, "migrate-out moving 900")
        wait_for(lambda: self.get(self.moving, "Flags")[5:6] == b"s", 10, "the migration")
        for column in ("NumVCPU", "MemSize", "NumCrypto", "AdminState"):
            self.refuse("inconsistentValue", varbind(self.moving, column, 2))
        ask(self.sim, "do cancel-operation moving migration")
        wait_for(lambda: self.get(self.moving, "Flags")[5:6] != b"s", 10, "the migration to end")

    def test_36_not_enough(self):
        active, bound, idle = self.take("active"), self.take("bound"), self.take("inactive")
        for varbinds in ([varbind(active, "NumVCPU", 3000)], [varbind(active, "MemSize", 1 << 20)],
                         [varbind(active, "NumCrypto", 3000)], [varbind(bound, "MemSize", 1 << 20)],
                         [varbind(self.fat, "AdminState", "bound")],
                         [varbind(self.fat, "AdminState", "active")]):
            self.refuse("resourceUnavailable", *varbinds)
        answer = self.raw(varbind(idle, "NumVCPU", 3000), varbind(idle, "AdminState", "active"))
        self.assertEqual(answer.error, "resourceUnavailable")
        self.assertEqual(self.commands(), [])

    def test_37_no_backend(self):
        guest = self.take("active")
        ask(self.sim, "listen off")
        ask(self.sim, "disconnect")
        try:
            wait_for(lambda: scalar(self.rig, "ldomLinkState") in harness.LINK_LOST, 10, "the loss")
            for _ in range(3):
                answer = self.raw(varbind(guest, "NumVCPU", 5))
                self.assertEqual((answer.error, answer.index), ("resourceUnavailable", 1))
                self.assertLess(answer.took, 0.3 * SLOW)
            self.assertIsNotNone(self.get(guest, "Name"))
        finally:
            ask(self.sim, "listen on")
        wait_for(lambda: scalar(self.rig, "ldomLinkState") == 1, 10, "the link")
        self.assertEqual(self.commands(), [])
        wait_for(lambda: self.raw(varbind(guest, "NumVCPU", 5)).error == "noError", 10, "a SET")

    def several(self):
        """[(error, index, varbinds)]: PDUs with more than one fault."""
        guest, bound = self.take("active"), self.take("bound")
        new = scalar(self.rig, "ldomNextIndex")
        v = varbind
        return [
            ("notWritable", 2, [v(guest, "NumVCPU", ("i", 1)), v(guest, "OperState", 1)]),
            ("wrongType", 2, [v(guest, "NumVCPU", 65536), v(guest, "MemSize", ("i", 5))]),
            ("wrongType", 3, [v(0, "NumVCPU", 1), v(guest, "AdminState", 9),
                              v(guest, "MemSize", ("s", "5"))]),
            ("wrongLength", 2, [v(guest, "AdminState", 9), v(guest, "Template", "t" * 65)]),
            ("wrongValue", 2, [v(0, "NumVCPU", 1), v(guest, "AdminState", 6)]),
            ("noCreation", 2, [v(bound, "AdminState", "restart"), v(0, "NumVCPU", 1)]),
            ("noCreation", 2, [v(new, "NumVCPU", 1), v(0, "NumVCPU", 1)]),
            ("inconsistentName", 2, [v(bound, "AdminState", "restart"), v(new, "NumVCPU", 1)]),
            ("inconsistentValue", 2, [v(guest, "NumVCPU", 3000), v(self.going, "AdminState", "active")]),
            ("resourceUnavailable", 2, [v(self.refused, "NumVCPU", 6), v(guest, "NumVCPU", 3000)]),
        ]

    def test_38_precedence(self):
        # Whole PDUs: what RFC 3416 tests first wins, whatever varbind it is in.
        for error, index, varbinds in self.several():
            self.refuse(error, *varbinds, index=index)
            self.refuse(error, *reversed(varbinds), index=len(varbinds) + 1 - index)

    def test_39_error_index(self):
        guest, bound = self.take("active"), self.take("bound")
        good = [varbind(guest, "NumVCPU", 5), varbind(guest, "MemSize", 1280),
                varbind(guest, "NumCrypto", 0)]
        for bad, error in ((varbind(guest, "OperState", 1), "notWritable"),
                           (varbind(bound, "NumVCPU", ("i", 5)), "wrongType"),
                           (varbind(bound, "NumVCPU", 65536), "wrongValue"),
                           (varbind(0, "NumVCPU", 5), "noCreation"),
                           (varbind(bound, "AdminState", "restart"), "inconsistentValue"),
                           (varbind(bound, "MemSize", 1 << 20), "resourceUnavailable")):
            for place in range(4):
                self.refuse(error, *good[:place], bad, *good[place:], index=place + 1)
        # And when ldmd refuses: the second of three.
        answer = self.raw(varbind(guest, "MemSize", 1280), varbind(self.refused, "NumVCPU", 6),
                          varbind(guest, "NumVCPU", 5))
        if not self.came_late(answer, "commitFailed"):
            self.assertEqual((answer.error, answer.index), ("commitFailed", 2))
        self.wait_ended(guest)

    def test_40_nothing_when_anything_fails(self):
        guests = self.take_many(2)
        before = essence(sets.dump(self.sim))
        bad = [varbind(guests[0], "OperState", 1), varbind(guests[1], "NumVCPU", 65536),
               varbind(guests[1], "MemSize", 1 << 20), varbind(self.going, "AdminState", "active")]
        good = [varbind(guests[0], "NumVCPU", 5), varbind(guests[1], "MemSize", 1280)]
        for one in bad:
            self.assertNotEqual(self.raw(*good, one).error, "noError")
            self.assertNotEqual(self.raw(one, *good).error, "noError")
        self.assertEqual(self.commands(), [])
        # The other half is refused by ldmd: what was done is taken back.
        answer = self.raw(*good, varbind(self.refused, "NumVCPU", 6))
        if not self.came_late(answer, "commitFailed"):
            self.assertEqual((answer.error, answer.index), ("commitFailed", 3))
        for guest in guests:
            self.assertIn(self.wait_ended(guest), ("rolledBack", "failed"))
        self.assertEqual(essence(sets.dump(self.sim)), before)
        self.agree(*guests)

    def test_41_version_1(self):
        manager = sets.Manager(self.rig.snmpd, version=0)
        self.addCleanup(manager.close)
        guest = self.take("active")
        cases = self.several() + [
            ("wrongLength", 1, [varbind(guest, "Template", "t" * 65)]),
            ("inconsistentName", 1, [varbind(scalar(self.rig, "ldomNextIndex"), "NumVCPU", 1)]),
            ("noError", 0, [varbind(guest, "NumVCPU", 4)])]
        for error, index, varbinds in cases:
            answer = self.raw(*varbinds, manager=manager)
            self.assertEqual((answer.error, answer.index), (V1[error], index), varbinds)
        self.assertEqual(self.commands(), [])
        answer = self.raw(varbind(self.refused, "NumVCPU", 6), manager=manager)
        if not self.came_late(answer, "commitFailed"):
            self.assertEqual((answer.error, answer.index), (V1["commitFailed"], 1))
        public = sets.Manager(self.rig.snmpd, community="public", version=0)
        self.addCleanup(public.close)
        answer = self.raw(varbind(guest, "NumVCPU", 5), manager=public)
        self.assertEqual((answer.error, answer.index), (V1["noAccess"], 1))

    # -- phase two

    def test_42_success(self):
        guest = self.take("active")
        varbinds = [varbind(guest, "NumVCPU", 6), varbind(guest, "MemSize", 1280)]
        answer = self.raw(*varbinds)
        self.assertEqual((answer.error, answer.index), ("noError", 0))
        self.assertEqual(answer.values, [(name, value) for name, _, value in varbinds])
        self.assertEqual(self.get(guest, "NumVCPU", "MemSize"), [6, 1280])
        self.agree(guest)
        # What takes longer than setWait is seen as pending, with its target.
        ask(self.sim, "wait 1.6")
        self.expect("noError", (guest, "AdminState", "restart"))
        self.assertEqual(self.get(guest, "AdminState", "OperationStatus"), [1, 2])
        self.assertEqual(self.wait_ended(guest), "succeeded")

    def undo_failed(self):
        """The answer where ldmd refuses the second step, and the way back as well."""
        guest = self.take("bound")
        self.waiting_pays(guest)
        self.fault(f"refuse:no memory today@set-memory/{guest}")
        self.fault(f"refuse:nor this@bind-domain/{guest}")
        answer = self.raw(*self.unbind_and_grow(guest))
        self.assertEqual(self.wait_ended(guest), "rollbackFailed")
        return answer

    def test_45_commit_failed_and_undo_failed(self):
        guest = self.take("active")
        self.waiting_pays(guest)
        answer = self.raw(varbind(guest, "MemSize", 1280), varbind(self.refused, "NumVCPU", 6))
        if not self.came_late(answer, "commitFailed"):
            self.assertEqual((answer.error, answer.index), ("commitFailed", 2))
        self.wait_ended(guest)
        self.agree(guest)
        answer = self.undo_failed()
        if not self.came_late(answer, "undoFailed"):
            self.assertEqual(answer.error, "undoFailed")

    @deviation("snmpd, not the agent, makes the error-index of a SET whose undo failed: it gives the "
               "position of the varbind that the subagent named (agentx/master.c), not 0")
    def test_45_index_of_undo_failed(self):
        answer = self.undo_failed()
        # A verdict that came too late has index 0 as well, but is no undoFailed.
        self.assertEqual((answer.error, answer.index), ("undoFailed", 0))

    def test_47_the_same_object_twice(self):
        guest = self.take("active")
        self.refuse("inconsistentValue", varbind(guest, "NumVCPU", 5), varbind(guest, "NumVCPU", 6),
                    index=2)
        self.refuse("inconsistentValue", varbind(guest, "NumVCPU", 6), varbind(guest, "MemSize", 1280),
                    varbind(guest, "NumVCPU", 5), index=3)
        self.expect("noError", (guest, "NumVCPU", 6), (guest, "NumVCPU", 6))
        self.settle(guest)
        self.assertEqual(self.commands(), [f"set-vcpu {guest} 6"])

    def test_48_one_unit_in_any_order(self):
        outcomes = []
        for order in itertools.islice(itertools.permutations(range(4)), 0, 24, 5):
            a, b = self.take_many(2)
            varbinds = [varbind(a, "NumVCPU", 6), varbind(b, "MemSize", 512),
                        varbind(a, "MemSize", 1280), varbind(b, "NumVCPU", 2)]
            answer = self.raw(*(varbinds[n] for n in order))
            self.assertEqual(answer.error, "noError")
            for guest in (a, b):
                self.assertEqual(self.wait_ended(guest), "succeeded")
            self.agree(a, b)
            self.assertHeld(a, vcpus=6, memory=1280)
            self.assertHeld(b, vcpus=2, memory=512)
            # One transaction; what b gives back comes before what a takes.
            self.assertEqual(self.operation(a)["Transaction"], self.operation(b)["Transaction"])
            outcomes.append([c.replace(a.name, "a").replace(b.name, "b")
                             for c in self.commands(a, b)])
        self.assertEqual(outcomes, [outcomes[0]] * len(outcomes))
        self.assertEqual(len(outcomes[0]), 4)

    def test_49_the_current_value(self):
        guest = self.take("active")
        for column in ("NumVCPU", "MemSize", "NumCrypto", "AdminState", "RowStatus", "Name"):
            value = self.get(guest, column)
            self.assertEqual(self.raw((cell(column, guest.index), WRITABLE[column][0], value)).error,
                             "noError", column)
        self.assertEqual(self.commands(), [])

    def test_50_retries(self):
        guest = self.take("active")
        ask(self.sim, "wait 0.6")
        # snmpd stands still meanwhile, so that all of the manager's requests are in its socket.
        self.rig.snmpd.send(signal.SIGSTOP)
        timer = threading.Timer(1.0, lambda: self.rig.snmpd.send(signal.SIGCONT))
        timer.start()
        name, kind, value = varbind(guest, "AdminState", "restart")
        result = self.tool(("-v2c", "-c", "private"), ("-t", "0.25", "-r", "20"), name, kind, str(value))
        timer.join()
        self.assertEqual(result, "noError")
        self.assertEqual(self.wait_ended(guest), "succeeded")
        # And those of one who asks anew each time.
        answer = self.raw((name, kind, value))
        self.assertEqual(answer.error, "noError")
        self.assertEqual([c.split()[0] for c in self.commands(guest)], ["stop-domain", "start-domain"])

    def test_51_below_a_second_with_any_delay(self):
        worst = 0.0
        for fault in ("delay:0.2", "delay:0.38", "delay:0.42", "delay:0.9", "delay:1.1", "hang",
                      "refuse-late:0.42:no", "close-during"):
            guest = self.take("active")
            self.fault(f"{fault}@set-vcpu/{guest}#1")
            answer = self.raw(varbind(guest, "NumVCPU", 5))
            self.assertIn(answer.error, ("noError", "commitFailed"))
            worst = max(worst, answer.took)
        guest = self.take("active")
        ask(self.sim, "freeze on")
        try:
            answer = self.raw(varbind(guest, "NumVCPU", 5))
        finally:
            ask(self.sim, "freeze off")
        worst = max(worst, answer.took)
        self.assertLess(worst, 2 * SET_WAIT + SLACK)
        self.assertLess(worst, 1.0 * max(1, SLOW))
        print(f"# at most {worst * 1000:.0f} ms", flush=True)

    def longest_get(self, guest, value):
        """How long another manager's GET took at most while this SET was out."""
        took, done = [], threading.Event()

        def read():
            manager = sets.Manager(self.rig.snmpd, community="public")
            while not done.is_set():
                took.append(manager.get(cell("Name", 1)).took)
            manager.close()
        self.fault(f"hang@set-vcpu/{guest}#1")
        thread = harness.Thread(target=read)
        thread.start()
        try:
            self.expect("noError", (guest, "NumVCPU", value))
            wait_for(lambda: took, 10, "an answer to the other manager")
        finally:
            done.set()
            thread.join()
        return max(took)

    def test_52_others_wait_no_longer_than_setwait(self):
        worst = self.longest_get(self.take("active"), 5)
        self.assertLess(worst, SET_WAIT + SLACK)
        self.configure("setWait 0\n")
        wait_for(lambda: scalar(self.rig, "ldomSetWait") == 0, 5, "setWait")
        at_once = self.longest_get(self.take("active"), 5)
        self.assertLess(at_once, SLACK / 2)
        self.configure("")
        wait_for(lambda: scalar(self.rig, "ldomSetWait") == 400, 5, "setWait")
        print(f"# setWait 400: {worst * 1000:.0f} ms, 0: {at_once * 1000:.0f} ms", flush=True)

    def test_53_two_managers(self):
        # No advisory lock is offered.
        self.assertNotIn("TestAndIncr", mib_text())
        guests, answers = self.take_many(3), []
        shared = self.take("active")
        # No two SETs ask for the same: the second could find the row as it wants it, and be
        # granted without a command.

        def manage(numbers):
            manager = sets.Manager(self.rig.snmpd)
            for n, number in enumerate(numbers):
                answers.append((number, n, self.set((guests[n], "NumVCPU", number),
                                                    manager=manager).error))
                answers.append((number, "shared", self.set((shared, "MemSize", 1024 + 256 * number),
                                                           manager=manager).error))
            manager.close()
        harness.run_all([harness.Thread(target=manage, args=(numbers,))
                         for numbers in ((2, 3, 6), (5, 7, 8))])
        self.assertEqual(len(answers), 12)
        for guest in guests + [shared]:
            self.wait_ended(guest)
            self.wait_agree(guest)
        # Each was done or refused as a whole, one after the other.
        self.assertTrue({error for _, _, error in answers} <= {"noError", "inconsistentValue"}, answers)
        done = [a for a in answers if a[2] == "noError"]
        # A command of an earlier test that hung may end meanwhile.
        commands = self.commands(*guests, shared)
        self.assertEqual(len(commands), len(done), commands)

    def row(self, index):
        return self.get(index, "RowStatus")

    def test_54_row_status(self):
        # There is no StorageType: rows are ldmd's.
        self.assertNotIn("StorageType", mib_text())
        new = scalar(self.rig, "ldomNextIndex")
        for value, error in (("active", "inconsistentValue"), ("notInService", "inconsistentValue"),
                             ("notReady", "wrongValue"), ("createAndGo", "inconsistentValue"),
                             ("destroy", "noError")):
            self.assertEqual(self.raw(varbind(new, "RowStatus", value)).error, error, value)
            self.assertIsNone(self.row(new))
        # createAndWait, notReady, notInService, active.
        self.expect("noError", (new, "RowStatus", "createAndWait"))
        wait_for(lambda: self.row(new) == sets.ROW["notReady"], 5, "notReady")
        self.assertEqual(self.raw(varbind(new, "RowStatus", "createAndWait")).error,
                         "inconsistentValue")
        self.assertEqual(self.raw(varbind(new, "RowStatus", "active")).error, "inconsistentValue")
        self.assertEqual(self.raw(varbind(new, "RowStatus", "notInService")).error,
                         "inconsistentValue")
        self.expect("noError", (new, "Name", "made1"), (new, "NumVCPU", 1), (new, "MemSize", 256))
        wait_for(lambda: self.row(new) == sets.ROW["notInService"], 5, "notInService")
        self.assertEqual(self.commands(), [])
        self.expect("noError", (new, "RowStatus", "active"))
        wait_for(lambda: self.row(new) == sets.ROW["active"], 10, "active")
        self.assertHeld(Guest("made1"), vcpus=1, memory=256, state="inactive")
        # What is there cannot be made, nor taken out of service, but destroyed.
        for value in ("createAndGo", "createAndWait", "notInService"):
            self.assertEqual(self.raw(varbind(new, "RowStatus", value)).error, "inconsistentValue")
        self.expect("noError", (new, "RowStatus", "active"))
        self.expect("noError", (new, "RowStatus", "destroy"))
        wait_for(lambda: self.row(new) is None, 10, "the row to go")
        self.assertIsNone(sets.holding(self.sim, "made1"))
        # createAndGo; destroy of what runs is refused.
        new = scalar(self.rig, "ldomNextIndex")
        self.expect("noError", (new, "RowStatus", "createAndGo"), (new, "Name", "made2"),
                    (new, "NumVCPU", 1), (new, "MemSize", 256))
        wait_for(lambda: self.row(new) == sets.ROW["active"], 10, "active")
        self.assertEqual(self.raw(varbind(self.take("active"), "RowStatus", "destroy")).error,
                         "inconsistentValue")
        self.expect("noError", (new, "RowStatus", "destroy"))
        wait_for(lambda: sets.holding(self.sim, "made2") is None, 10, "the domain to go")

    def test_55_read_only(self):
        guest = self.take("active")
        self.configure("readOnly yes\n")
        wait_for(lambda: scalar(self.rig, "ldomReadOnly") == 1, 5, "readOnly")
        new = scalar(self.rig, "ldomNextIndex")
        try:
            for column, (kind, value) in WRITABLE.items():
                for index in (guest.index, new, 0):
                    self.refuse("notWritable", (cell(column, index), kind, value))
        finally:
            self.configure("")
        wait_for(lambda: scalar(self.rig, "ldomReadOnly") == 2, 5, "readOnly to end")
        writable = {o.name for o in OBJECTS.values() if o.writable}
        self.assertEqual({name for name, text in read_compliance().items()
                          if "MIN-ACCESS  read-only" in text}, writable)


def check_test_only(case, s):
    """43"""
    before = case.state()
    vcpus = case.vcpus()
    case.assertEqual(s.test_set(201, [(cell("NumVCPU", 2), "u", vcpus + 1)]), (0, 0))
    case.assertEqual(case.state(), before)
    s.cleanup_set(201)
    # Answered in order: the CleanupSet is through.
    case.assertEqual(s.get(cell("NumVCPU", 2)), [vcpus])
    case.assertEqual(case.state(), before)
    # One that is refused, and abandoned.
    case.assertEqual(s.test_set(202, [(cell("NumVCPU", 2), "u", vcpus + 1),
                                      (cell("NumVCPU", 2), "u", 65536)]), (10, 2))
    s.cleanup_set(202)
    case.assertEqual(case.state(), before)


def check_undo(case, s):
    """44"""
    vcpus = case.vcpus()
    case.assertEqual(s.test_set(211, [(cell("NumVCPU", 2), "u", vcpus + 1)]), (0, 0))
    def shows(count):
        return s.get(cell("NumVCPU", 2)) == [count] and case.vcpus() == count

    # Where everything is slow the change, or its way back, ends behind the answer.
    case.assertEqual(s.commit_set(211), (0, 0))
    wait_for(lambda: shows(vcpus + 1), 10, "the change")
    begun = time.monotonic()
    error, _ = s.undo_set(211)
    case.assertIn(error, (0,) if time.monotonic() - begun < 0.1 else (0, 15))
    wait_for(lambda: shows(vcpus), 10, "the way back")
    s.cleanup_set(211)
    case.serves(s)


def check_commit_without_test(case, s):
    """46"""
    before = case.state()
    vcpus = case.vcpus()
    case.assertEqual(s.commit_set(221), (PROCESSING_ERROR, 0))
    case.assertEqual(s.undo_set(221), (PROCESSING_ERROR, 0))
    # Of another transaction, after it was abandoned, after it was refused, and twice.
    case.assertEqual(s.test_set(222, [(cell("NumVCPU", 2), "u", vcpus + 1)]), (0, 0))
    case.assertEqual(s.commit_set(223), (PROCESSING_ERROR, 0))
    s.cleanup_set(222)
    case.assertEqual(s.commit_set(222), (PROCESSING_ERROR, 0))
    case.assertEqual(s.test_set(224, [(cell("NumVCPU", 2), "u", 65536)]), (10, 1))
    case.assertEqual(s.commit_set(224)[0], PROCESSING_ERROR)
    s.cleanup_set(224)
    case.assertEqual(case.state(), before)
    case.assertEqual(s.test_set(225, [(cell("NumVCPU", 2), "u", vcpus + 1)]), (0, 0))
    case.assertEqual(s.commit_set(225), (0, 0))
    case.assertEqual(s.commit_set(225), (PROCESSING_ERROR, 0))
    s.cleanup_set(225)
    wait_for(lambda: case.vcpus() == vcpus + 1, 10, "the change")
    case.assertEqual(len(case.log_of_ldmd()), len(before[1]) + 1)


class SetByHand(ByHand):
    """What snmpd would not send."""

    def test_43_test_set_changes_nothing(self):
        check_test_only(self, self.session)

    def test_44_undo_set(self):
        check_undo(self, self.session)

    def test_46_commit_set_without_test_set(self):
        check_commit_without_test(self, self.session)

    def test_46_master_that_ends_nothing(self):
        """SNMP4J-AgentX sends no CleanupSet after a TestSet that failed, and nothing after a CommitSet
        that failed (RFC 2741 7.2.5.4 and 7.2.5.5 want CleanupSet and UndoSet)."""
        before = self.agent.resident()
        for transaction in range(5000, 8000):
            self.assertEqual(self.session.test_set(transaction, [(cell("NumVCPU", 2), "u", 65536)]),
                             (WRONG_VALUE, 1))
        if not self.agent.is_watched():
            self.assertLess(self.agent.resident(), before + 3072)
        vcpus = self.vcpus()
        ask(self.sim, "fault refuse:no such luck@set-vcpu")
        for transaction in range(8000, 8100):
            wait_for(lambda: sets.STATUS[self.read(cell("OperationStatus", 2))] not in (
                "running", "queued"), 20, "the end of the one before")
            self.assertEqual(self.session.test_set(transaction, [(cell("NumVCPU", 2), "u", vcpus + 1)]),
                             (0, 0))
            # Where everything is slow, the verdict comes after the answer.
            self.assertIn(self.session.commit_set(transaction), ((COMMIT_FAILED, 1), (0, 0)))
        ask(self.sim, "clear")
        self.assertEqual(self.vcpus(), vcpus)
        self.serves()
