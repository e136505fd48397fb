"""SET and time: whatever ldmd does, a phase ends within setWait; nobody else waits longer; what a
manager sends again is not done again; what a dying master leaves behind is cleaned up."""
import os
import signal
import subprocess
import threading
import time

import harness
import sets
from agentx_master import ADD_CAPS, COMMITSET, TESTSET, encode_varbind
from harness import cell
from sets import ask, varbind, wait_for

SLACK = 0.100 * harness.SLOW   # the promise
COARSE = 0.080 * harness.SLOW  # two processes more, and whatever else the machine does


class Timed(sets.TestCase):
    """The promise with a setWait of its own, seen from outside."""
    set_wait = 0.4
    pool = {"active": 14}

    @classmethod
    def setUpClass(cls):
        cls.conf = f"setWait {int(cls.set_wait * 1000)}\ncommandTimeout 3s\n"
        super().setUpClass()

    def slowest_get(self, stop, out):
        """Another manager, who only reads and never stops."""
        manager = sets.Manager(self.rig.snmpd, community="public")
        worst, ended = 0.0, False
        while not ended:
            ended = stop.is_set()
            answer = manager.get(cell("Name", 1))
            assert answer.values[0][1] == b"primary", answer
            worst = max(worst, answer.took)
            time.sleep(0.005)
        manager.close()
        out.append(worst)

    def timed(self, *varbinds):
        """The SET's answer, and the longest that another manager's GET took meanwhile."""
        stop, out = threading.Event(), []
        thread = harness.Thread(target=self.slowest_get, args=(stop, out))
        thread.start()
        try:
            answer = self.set(*varbinds)
        finally:
            stop.set()
            thread.join()
        return answer, out[0]

    def in_time(self, answer, worst, phases=1):
        limit = phases * (self.set_wait + SLACK) + COARSE
        self.assertLess(answer.took, limit)
        self.assertLess(worst, limit)
        return f"SET {answer.took * 1000:.0f} ms, GET of another at most {worst * 1000:.0f} ms"

    def test_hung_ldmd(self):
        figures = []
        self.fault("hang-all")
        for guest in self.take_many(4):
            answer, worst = self.timed((guest, "NumVCPU", 5))
            figures.append(self.in_time(answer, worst))
            self.assertIn(answer.error, ("noError", "resourceUnavailable"))
        print(f"# setWait {self.set_wait * 1000:.0f}: " + "; ".join(figures), flush=True)

    def test_hung_command(self):
        for column, value in (("NumVCPU", 5), ("MemSize", 2048), ("AdminState", "bound"),
                              ("AdminState", "restart")):
            guest = self.take("active")
            self.fault(f"hang@set-*/{guest}")
            self.fault(f"hang@stop-domain/{guest}")
            answer, worst = self.timed((guest, column, value))
            self.assertEqual(answer.error, "noError")
            self.in_time(answer, worst)

    def test_answers_around_the_limit(self):
        """Just before, at, and just after setWait; the truth is told each time."""
        for part in (0.85, 0.97, 1.0, 1.03, 1.3):
            guest = self.take("active")
            self.fault(f"refuse-late:{part * self.set_wait:.3f}:no@set-vcpu/{guest}")
            answer, worst = self.timed((guest, "NumVCPU", 5))
            self.assertIn(answer.error, ("noError", "commitFailed"))
            self.in_time(answer, worst, phases=2)
            self.assertEqual(self.wait_ended(guest), "failed")
            self.assertHeld(guest, vcpus=4)


class TimedShort(Timed):
    set_wait = 0.1


class TimedZero(Timed):
    """Answers at once; the verdict is in the operation row."""
    set_wait = 0.0

    def test_verdict_in_the_row(self):
        guest = self.take("active")
        self.expect("noError", (guest, "NumVCPU", 6))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.agree(guest)


class Retries(sets.TestCase):
    pool = {"active": 6}

    def snmpset(self, guest, column, value, *options):
        name, kind, value = varbind(guest, column, value)
        return subprocess.Popen(
            [harness.find_program("snmpset"), "-v2c", "-c", "private", *options,
             f"udp:127.0.0.1:{self.rig.snmpd.port}", name, kind, str(value)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=dict(os.environ, MIBS=""))

    def frozen(self, process, seconds):
        process.send(signal.SIGSTOP)
        self.addCleanup(lambda: process.running() and process.send(signal.SIGCONT))
        return threading.Timer(seconds, lambda: process.send(signal.SIGCONT))

    def restarts(self, guest):
        return [c.split()[0] for c in self.commands(guest)]

    def test_stopped_snmpd(self):
        """What waited in its socket arrives as whole SETs, one after the other."""
        guest = self.take("active")
        timer = self.frozen(self.rig.snmpd, 2.6)
        timer.start()
        client = self.snmpset(guest, "AdminState", "restart", "-t", "1", "-r", "5")
        out, _ = client.communicate(timeout=30)
        timer.join()
        self.assertEqual(client.returncode, 0, out)
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.restarts(guest), ["stop-domain", "start-domain"])
        self.agree(guest)

    def test_stopped_agent(self):
        """snmpd may give up; whatever it told, the guest restarts once at most."""
        guest = self.take("active")
        timer = self.frozen(self.agent, 2.6)
        timer.start()
        client = self.snmpset(guest, "AdminState", "restart", "-t", "1", "-r", "5")
        out, _ = client.communicate(timeout=60)
        timer.join()
        self.rig.wait_serving()
        self.settle(guest)
        self.assertIn(self.restarts(guest), ([], ["stop-domain", "start-domain"]))
        self.wait_agree(guest)

    def test_slow_ldmd(self):
        """A manager that is less patient than ldmd: many requests, one command."""
        guest = self.take("active")
        ask(self.sim, "wait 1.2")
        client = self.snmpset(guest, "AdminState", "restart", "-t", "0.15", "-r", "9")
        out, _ = client.communicate(timeout=60)
        self.assertEqual(self.wait_ended(guest), "succeeded", out)
        self.assertEqual(self.restarts(guest), ["stop-domain", "start-domain"])
        guest = self.take("active")
        self.fault(f"delay:1.2@set-vcpu/{guest}")
        client = self.snmpset(guest, "NumVCPU", 6, "-t", "0.15", "-r", "9")
        client.communicate(timeout=60)
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.commands(guest), [f"set-vcpu {guest} 6"])

    def test_impatient_manager_who_asks_himself(self):
        """The same with requests of their own, as a script does that loops."""
        guest = self.take("active")
        ask(self.sim, "wait 0.8")
        for _ in range(6):
            self.expect("noError", (guest, "AdminState", "restart"))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.restarts(guest), ["stop-domain", "start-domain"])


class MasterDies(sets.TestCase):
    """snmpd is killed at any moment of a SET; a new one takes its place."""
    pool = {"active": 8}

    def again(self):
        """snmpd anew, on the same port and socket."""
        if self.rig.snmpd.running():
            self.rig.snmpd.kill()
        self.rig.snmpd.start()
        self.rig.wait_serving()

    def test_killed_while_a_set_is_out(self):
        for round_, delay in enumerate((0.05, 0.2, 0.39)):
            guest = self.take("active")
            self.fault(f"delay:1.5@set-vcpu/{guest}")
            self.manager.send(sets.SET, [(name, sets._value(kind, value)) for name, kind, value in
                                         [varbind(guest, "NumVCPU", 6)]])
            wait_for(lambda guest=guest: self.commands(guest), 10, "the command")
            time.sleep(delay)
            self.again()
            # The command was sent: it goes on, and is told as it was.
            self.assertEqual(self.wait_ended(guest), "succeeded")
            self.agree(guest)
            # The first SETs of the new master have small transaction numbers again.
            other = self.take("active")
            self.expect("noError", (other, "NumVCPU", 5))
            self.wait_ended(other)
            self.agree(other)
            self.assertTrue(self.agent.running(), f"round {round_}")


class ByHand(sets.ByHand):
    """With a master of the test's own: what snmpd cannot be made to do at will."""

    def fill(self, first):
        """TestSets until the queue is full; how many it took."""
        for i in range(self.guests):
            error, _ = self.session.test_set(first + i, self.vcpus(2 + i, 5))
            if error:
                self.assertEqual(error, 13)
                return i
        return self.guests

    def test_reservations_of_a_dead_master(self):
        """Places of SETs that never came to an end are there again with the next session."""
        places = self.fill(1000)
        self.assertEqual(places, 64)
        fds = self.agent.descriptors()
        for round_ in range(4):
            self.lose()
            self.assertEqual(self.fill(1000), places, f"round {round_}")
            self.assertLessEqual(self.agent.descriptors(), fds + 1)
        self.assertEqual(self.commands(), [])
        self.lose()
        self.assertEqual(self.session.set(5, self.vcpus(2, 6)), ("", 0, 0))
        self.assertEqual(self.wait_ended(2), "succeeded")
        self.assertEqual(self.commands(), ["set-vcpu g0 6"])

    def test_dies_after_the_answer(self):
        """Neither CleanupSet nor UndoSet comes: what was done stays done, and no place is lost."""
        fds, memory = self.agent.descriptors(), self.agent.resident()
        for round_ in range(5):
            for i in range(12):
                row = 2 + 12 * round_ + i
                self.assertEqual(self.session.test_set(50 + i, self.vcpus(row, 6)), (0, 0))
                self.assertEqual(self.session.commit_set(50 + i), (0, 0))
            self.lose()
        # Those that were told noError before they were done follow, in any order.
        wait_for(lambda: len(self.commands()) == 60, 30, "the commands")
        self.assertEqual(sorted(self.commands()), sorted(f"set-vcpu g{i} 6" for i in range(60)))
        self.assertLessEqual(self.agent.descriptors(), fds + 4)  # command connections stay open
        self.assertLess(self.agent.resident(), memory + 4096 * harness.SLOW)
        # A place is free when its operation has ended, which is after the command.
        for row in range(2, 62):
            self.wait_ended(row)
        self.assertEqual(self.fill(2000), 64)

    def test_dies_while_the_answer_is_due(self):
        """A delegated request of a session that is gone."""
        for round_ in range(4):
            row = 2 + round_
            ask(self.sim, f"fault delay:0.3@set-vcpu/g{round_}")
            self.assertEqual(self.session.test_set(7, self.vcpus(row, 6)), (0, 0))
            self.session.ask(COMMITSET, 7)
            wait_for(lambda row=row: f"set-vcpu g{row - 2} 6" in self.commands(), 10, "the command")
            self.lose()
            # The same transaction number with the next master.
            self.assertEqual(self.session.set(7, self.vcpus(row + 20, 6)), ("", 0, 0))
            wait_for(lambda row=row: self.session.get(cell("OperationStatus", row)) == [3], 10,
                     "the first one's end")
            self.wait_ended(row + 20)
        self.assertEqual(self.fill(2000), 64)
        self.assertFalse(self.agent.findings())

    def test_each_phase_in_time(self):
        """TestSet, CommitSet and UndoSet with a hung ldmd; the session stays."""
        ask(self.sim, "fault hang@set-vcpu")
        worst = {}
        undone = []
        for i in range(8):
            row = 2 + i
            for phase, asked in (("TestSet", lambda: self.session.test_set(i + 1, self.vcpus(row, 6))),
                                 ("CommitSet", lambda: self.session.commit_set(i + 1)),
                                 ("UndoSet", lambda: self.session.undo_set(i + 1))):
                begun = time.monotonic()
                error, _ = asked()
                took = time.monotonic() - begun
                worst[phase] = max(worst.get(phase, 0.0), took)
                self.assertLess(took, 0.4 + SLACK + COARSE, phase)
                if phase == "UndoSet" and i > 0 and error == 0:
                    # After the first nobody waits: what was not sent by then is dropped.
                    undone.append(f"set-vcpu g{i} 6")
                else:
                    self.assertEqual(error, {"TestSet": 0, "CommitSet": 0, "UndoSet": 15}[phase])
            self.session.cleanup_set(i + 1)
        print("# " + ", ".join(f"{phase} at most {took * 1000:.0f} ms"
                               for phase, took in worst.items()), flush=True)
        self.assertIsNotNone(self.session.get(cell("Name", 1))[0])
        self.assertEqual([command for command in self.commands() if command in undone], [])

    def test_closed_in_mid_phase(self):
        """The connection breaks inside a PDU."""
        for cut in (1, 10, 20, 30):
            data = bytearray()
            self.session.connection, real = _Collect(data), self.session.connection
            self.session.ask(TESTSET, 9, b"".join(encode_varbind(*v) for v in self.vcpus(2, 6)))
            self.session.connection = real
            real.sendall(bytes(data[:cut]))
            self.lose()
        self.assertEqual(self.commands(), [])
        # Nothing is answered; the last registration may come behind the first Get.
        heard = len(self.session.heard)
        self.session.serve_for(0.2)
        self.assertLessEqual({pdu.kind for pdu in self.session.heard[heard:]}, {ADD_CAPS})


class _Collect:
    """Keeps what would have been sent."""

    def __init__(self, data):
        self.data = data

    def sendall(self, piece):
        self.data.extend(piece)
