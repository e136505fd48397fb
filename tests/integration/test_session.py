"""The AgentX session: masters that stand still, forget us, refuse us, or go in the middle of a SET.

LDOMS_TEST_LONG=1 also runs what takes minutes.
"""
import os
import select
import signal
import socket
import subprocess
import time
import unittest

import agentx_master
import harness
from agentx_master import DUPLICATE_REGISTRATION, GET, OPEN, PING, REGISTER
from harness import cell, stats, wait_for

WRITER = ("-v2c", "-c", "private")
LONG = os.environ.get("LDOMS_TEST_LONG")


def queries(bed):
    return sum(stats(bed.sim)["requests"].values())


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as listener:
            listener.bind(("::1", 0))
        return True
    except OSError:
        return False


class FrozenMaster(harness.TestCase):
    """snmpd is stopped by SIGSTOP; ldmd is looked after all the same."""

    def thaw(self, bed):
        bed.snmpd.send(signal.SIGCONT)
        begun = time.monotonic()
        bed.wait_serving()
        self.assertLess(time.monotonic() - begun, 2.0 * harness.SLOW)

    def assert_ldmd_is_asked(self, bed):
        before = queries(bed)
        wait_for(lambda: queries(bed) >= before + 3, 10, "queries while snmpd stands still")

    def freeze(self, bed):
        bed.snmpd.send(signal.SIGSTOP)
        self.addCleanup(bed.snmpd.send, signal.SIGCONT)

    def frozen_at_start(self):
        """The agent is not started yet."""
        bed = harness.Bed(os.path.join(self.directory, "0"), conf="refreshInterval 1\n", start=False)
        self.beds.append(bed)
        bed.sim.start()
        bed.snmpd.start()
        self.freeze(bed)
        return bed

    def test_while_connected(self):
        bed = self.bed(conf="refreshInterval 1\n")
        self.freeze(bed)
        self.assert_ldmd_is_asked(bed)
        self.thaw(bed)
        self.assertNotIn("lost the AgentX master", bed.agent.log())

    @unittest.skipUnless(LONG, "takes a minute; LDOMS_TEST_LONG=1 runs it")
    def test_for_a_minute(self):
        bed = self.bed(conf="refreshInterval 1\n")
        self.freeze(bed)
        before, begun = queries(bed), time.monotonic()
        wait_for(lambda: time.monotonic() - begun > 60, 70, "a minute")
        asked = queries(bed) - before
        self.assertGreater(asked, 50)
        bed.snmpd.send(signal.SIGCONT)
        begun = time.monotonic()
        bed.wait_serving()
        took = time.monotonic() - begun
        print(f"# {asked} queries while snmpd stood still; served again after {took:.2f} s")
        self.assertLess(took, 2.0 * harness.SLOW)

    def test_at_start(self):
        bed = self.frozen_at_start()
        bed.agent.start()
        wait_for(lambda: stats(bed.sim)["requests"].get("list-domain"), 20, "a query")
        self.assert_ldmd_is_asked(bed)
        self.thaw(bed)

    def test_at_start_with_a_full_queue(self):
        """Nobody can connect to it, not even without blocking."""
        bed = self.frozen_at_start()
        clients = []
        try:
            while True:
                client = socket.socket(socket.AF_UNIX)
                clients.append(client)
                client.setblocking(False)
                client.connect(bed.snmpd.agentx)
        except BlockingIOError:
            pass
        bed.agent.start()
        wait_for(lambda: stats(bed.sim)["requests"].get("list-domain"), 20, "a query")
        self.assert_ldmd_is_asked(bed)
        for client in clients:
            client.close()
        self.thaw(bed)

    def test_end(self):
        """SIGTERM is heard."""
        bed = self.bed()
        self.freeze(bed)
        begun = time.monotonic()
        self.assertEqual(bed.agent.stop(), 0)
        self.assertLess(time.monotonic() - begun, 3.0 * harness.SLOW)


class ForgetfulMaster(harness.TestCase):

    def test_session_closed_by_the_master(self):
        """An agent that did not answer for long loses its session, and comes back."""
        bed = self.bed()
        bed.agent.send(signal.SIGSTOP)
        self.addCleanup(bed.agent.send, signal.SIGCONT)
        result = bed.snmp("get", [cell("NumVCPU", 1)], ["-t", "20", "-r", "0"], check=False)
        self.assertNotEqual(result.returncode, 0)
        bed.agent.send(signal.SIGCONT)
        begun = time.monotonic()
        bed.wait_serving()
        self.assertLess(time.monotonic() - begun, 2.0 * harness.SLOW)


class LostInTheMiddle(harness.TestCase):

    def test_of_a_set(self):
        """The change goes on in sight, and the first SET of the next session is a good one."""
        bed = self.bed(conf="setWait 700\n")
        guest, other = (bed.indexes()[name] for name in ("ldg1", "app01"))
        for turn in range(3):
            bed.sim.do("fault delay:1.5@set-vcpu#1")
            wanted = bed.get(cell("NumVCPU", guest)) + 1
            operation = bed.get(cell("OperationIndex", guest))
            with subprocess.Popen(
                    [harness.find_program("snmpset"), "-t", "1", "-r", "0", *WRITER, "-m", "",
                     f"udp:127.0.0.1:{bed.snmpd.port}", cell("NumVCPU", guest), "u", str(wanted)],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as manager:
                wait_for(lambda: "set-vcpu" in bed.sim.command("log"), 10, "the command")
                bed.snmpd.kill()
                self.assertNotEqual(manager.wait(20), 0)
            bed.snmpd.start()
            bed.wait_serving()
            crypto = bed.get(cell("NumCrypto", other))
            bed.snmp("set", [cell("NumCrypto", other), "u", str(crypto)], auth=WRITER)
            wait_for(lambda: bed.get(cell("OperationStatus", guest)) == 3, 10, "the end")
            self.assertEqual(bed.get(cell("NumVCPU", guest)), wanted)
            self.assertGreater(bed.get(cell("OperationIndex", guest)), operation, turn)
            bed.sim.do("reset-stats")


class ByHand(harness.TestCase):
    """A master whose every PDU is the test's own."""

    conf = "refreshInterval 1\n"

    def setUp(self):
        super().setUp()
        self.sim = self.process(harness.Simulator(os.path.join(self.directory, "s"))).start()
        self.master = agentx_master.Master(os.path.join(self.directory, "agentx"))
        self.addCleanup(self.master.close)
        self.agent = self.process(harness.Agent(
            os.path.join(self.directory, "a"), self.sim.address, self.master.address, self.conf))

    def opened(self):
        """The connection over which a session is opened."""
        while True:
            session = self.master.accept(registered=False)
            try:
                kind = session.receive().kind
            except agentx_master.Broken:
                continue
            session.serve(session.heard[-1])
            if kind == OPEN:
                return session

    def serving(self):
        session = self.master.accept()
        wait_for(lambda: session.get(cell("Name", 2))[0], 20, "the table")
        return session

    def registers(self, session, count, timeout):
        """When it asked to register, so many times."""
        times = []
        while len(times) < count:
            pdu = session.receive(timeout)
            if pdu.kind == REGISTER:
                times.append(time.monotonic())
            session.serve(pdu)
        return times

    def check_back_off(self, gaps):
        self.master.errors[REGISTER] = [DUPLICATE_REGISTRATION] * len(gaps)
        self.agent.start()
        times = self.registers(self.opened(), len(gaps) + 1, 40)
        for number, gap in enumerate(gaps):
            took = times[number + 1] - times[number]
            self.assertGreater(took, gap - 0.1)
            self.assertLess(took, gap + 2.0 * harness.SLOW)
        self.agent.wait_log("serving")

    def test_refused_registration_is_tried_again(self):
        self.check_back_off([1, 2, 2])

    @unittest.skipUnless(LONG, "takes half a minute; LDOMS_TEST_LONG=1 runs it")
    def test_two_seconds_at_most(self):
        self.check_back_off([1] + [2] * 14)

    def test_never_while_a_set_is_open(self):
        self.master.errors[REGISTER] = [DUPLICATE_REGISTRATION] * 1000
        self.agent.start()
        session = self.opened()
        self.registers(session, 1, 10)
        wait_for(lambda: session.get(cell("Name", 2))[0], 20, "the table")
        wanted = session.get(cell("NumVCPU", 2))[0] + 1
        self.assertEqual(session.test_set(7, [(cell("NumVCPU", 2), "u", wanted)]), (0, 0))
        start = len(session.heard)  # it may have tried again before the SET came
        session.serve_for(1.2)
        self.assertEqual(session.commit_set(7), (0, 0))
        session.serve_for(1.2)
        session.cleanup_set(7)
        last, heard = time.monotonic(), [pdu.kind for pdu in session.heard[start:]]
        self.assertEqual(heard.count(REGISTER), 0)
        # CleanupSet has no answer, and may be followed by another phase.
        self.assertGreater(self.registers(session, 1, 10)[0] - last, 1.0)
        self.assertEqual(session.get(cell("NumVCPU", 2)), [wanted])

    def test_reads_while_a_set_waits(self):
        """Or a master that goes on sending would come to a stop."""
        self.agent.start()
        session = self.serving()
        self.sim.do("freeze on")
        self.assertEqual(session.test_set(7, [(cell("NumVCPU", 2), "u", 5)]), (0, 0))
        commit = session.ask(agentx_master.COMMITSET, 7)
        body = session.ranges([(cell("Name", 2),)])
        begun = time.monotonic()
        open_ = {session.ask(GET, 100 + i, body) for i in range(400)} | {commit}
        while open_:
            pdu = session.receive()
            if not session.serve(pdu):
                open_.remove(pdu.packet)
        # setWait, and what 400 answers take.
        self.assertLess(time.monotonic() - begun, 4.0 * harness.SLOW)
        session.cleanup_set(7)
        self.sim.do("freeze off")

    def test_a_master_that_does_not_read(self):
        """It loses its session; the agent stands still for a moment only, and ldmd is asked on."""
        self.agent.start()
        session = self.serving()
        request = session.encode(GET, 9, 9, session.ranges([(cell("UUID", 2),)] * 40))
        session.connection.settimeout(0.5)
        with self.assertRaises(OSError):
            for _ in range(20000):
                session.connection.sendall(request)
        before = sum(stats(self.sim)["requests"].values())
        again = self.master.accept()
        wait_for(lambda: again.get(cell("Name", 2))[0], 5, "the table")
        self.assertGreater(sum(stats(self.sim)["requests"].values()), before)
        self.agent.wait_log("lost the AgentX master")
        self.assertEqual(self.stop_with(again), 0)

    def stop_with(self, session):
        self.agent.send(signal.SIGTERM)
        with self.assertRaises(agentx_master.Broken):
            session.serve_for(10)
        return self.agent.wait()

    def test_pings_are_rare_and_tries_frequent(self):
        self.agent.start()
        session = self.serving()
        session.serve_for(5)
        self.assertNotIn(PING, [pdu.kind for pdu in session.heard[3:]])
        session.close()
        tries, end = 0, time.monotonic() + 2
        while time.monotonic() < end:
            if select.select([self.master.listener], [], [], 0.1)[0]:
                self.master.listener.accept()[0].close()
                tries += 1
        self.assertGreaterEqual(tries, 4)
        self.assertLessEqual(tries, 10)


class Watchdog(harness.TestCase):

    def test_fed_whoever_else_stands_still(self):
        """From the thread that managers would miss."""
        bed = harness.Bed(os.path.join(self.directory, "0"), start=False)
        self.beds.append(bed)
        path = os.path.join(self.directory, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as service:
            service.bind(path)
            bed.sim.start()
            bed.snmpd.start()
            bed.agent.launch(bed.agent.command("-f"), {"NOTIFY_SOCKET": path,
                                                       "WATCHDOG_USEC": "1200000"})
            bed.wait_serving()
            bed.snmpd.send(signal.SIGSTOP)
            self.addCleanup(bed.snmpd.send, signal.SIGCONT)
            bed.sim.do("freeze on")
            fed, end = [], time.monotonic() + 4
            while time.monotonic() < end:
                if select.select([service], [], [], 0.2)[0] and service.recv(100) == b"WATCHDOG=1":
                    fed.append(time.monotonic())
            gaps = [b - a for a, b in zip(fed, fed[1:])]
            self.assertGreaterEqual(len(fed), 7)
            self.assertLess(max(gaps), 1.2 * harness.SLOW)
            bed.sim.do("freeze off")
            bed.snmpd.send(signal.SIGCONT)
            bed.wait_serving()


class OtherWays(harness.TestCase):

    def test_tcp(self):
        port = harness.free_port()
        directory = os.path.join(self.directory, "0")
        bed = harness.Bed(directory, start=False, snmpd_conf=(
            f"agentXSocket unix:{directory}/m/agentx,tcp:127.0.0.1:{port}"))
        self.beds.append(bed)
        bed.agent.agentx = f"tcp:127.0.0.1:{port}"
        bed.agent.configure("")
        bed.start()
        self.assertTrue(bed.rows())
        bed.snmpd.kill()
        bed.snmpd.start()
        bed.wait_serving()

    @unittest.skipUnless(has_ipv6(), "there is no IPv6")
    def test_tcp_where_localhost_has_two_addresses(self):
        """snmpd listens at one of them; the agent tries both, and -t uses the same code."""
        port = harness.free_port()
        directory = os.path.join(self.directory, "0")
        bed = harness.Bed(directory, start=False, snmpd_conf=(
            f"agentXSocket unix:{directory}/m/agentx,tcp6:[::1]:{port}"))
        self.beds.append(bed)
        for number, host in enumerate(("localhost", "[::1]")):
            bed.agent.agentx = f"tcp:{host}:{port}"
            bed.agent.configure("")
            if number:
                bed.agent.start()
                bed.wait_serving()
            else:
                bed.start()
            self.assertTrue(bed.rows())
            self.assertIn(f"ok       AgentX master tcp:{host}:{port}\n", bed.agent.run("-t").stdout)
            self.assertEqual(bed.agent.stop(), 0)
        bed.snmpd.stop()
        self.assertIn(f"MISSING  AgentX master tcp:[::1]:{port}: Connection refused",
                      bed.agent.run("-t").stdout)

    def test_socket_removed_and_remade(self):
        bed = self.bed()
        os.unlink(bed.snmpd.agentx)
        bed.snmpd.kill()
        wait_for(lambda: "lost the AgentX master" in bed.agent.log(), 10, "the loss")
        bed.snmpd.start()
        begun = time.monotonic()
        bed.wait_serving()
        self.assertLess(time.monotonic() - begun, 2.0 * harness.SLOW)

    def test_root_of_another(self):
        """A second agent neither takes the root away from the first one nor forgets to ask."""
        bed = self.bed()
        second = self.process(harness.Agent(
            os.path.join(self.directory, "b"), bed.sim.address, bed.snmpd.address))
        second.start()
        second.wait_log("another session holds it", 15)
        time.sleep(4)  # it asks again after 1 second, then every 2 seconds
        self.assertNotIn("serving", second.log())
        self.assertTrue(bed.rows())
        bed.agent.kill()
        begun = time.monotonic()
        wait_for(bed.is_served, 30, "the second one")
        took = time.monotonic() - begun
        print(f"# the second agent serves {took:.2f} s after the end of the first")
        self.assertLess(took, 3.0 * harness.SLOW)
        self.assertEqual(second.stop(), 0)

    def test_snmpd_reads_its_configuration_again(self):
        bed = self.bed()
        for _ in range(3):
            bed.snmpd.send(signal.SIGHUP)
            time.sleep(0.3)
            bed.wait_serving(2.0)

    def test_many_masters(self):
        """One after the other: nothing is left of those before."""
        bed = self.bed()
        for turn in range(12):
            if turn == 2:
                before = bed.agent.descriptors(), bed.agent.resident()
            bed.snmpd.kill()
            bed.snmpd.start()
            bed.wait_serving()
        wait_for(lambda: bed.agent.descriptors() <= before[0], 5, "descriptors to be closed")
        self.assertLess(bed.agent.resident(), before[1] + 1024 * harness.SLOW)

    def test_sysor_entry(self):
        bed = self.bed()
        names = ".1.3.6.1.2.1.1.9.1.2"

        def entries():
            return [value for _, _, value in bed.walk(names) if harness.ROOT in str(value)]

        self.assertEqual(len(entries()), 1)
        bed.snmpd.kill()
        bed.snmpd.start()
        bed.wait_serving()
        self.assertEqual(len(entries()), 1)
        self.assertEqual(bed.agent.stop(), 0)
        self.assertEqual(entries(), [])

    def test_time_stamps(self):
        """TimeStamps are sysUpTime's, also after snmpd started again."""
        bed = self.bed()
        guest = bed.indexes()["ldg1"]
        for _ in range(2):
            time.sleep(1)  # something to tell the change from the start
            wanted = bed.get(cell("NumVCPU", guest)) + 1
            bed.sim.do("do add-vcpu ldg1 1")
            wait_for(lambda: bed.get(cell("NumVCPU", guest)) == wanted, 10, "the change")
            changed, now = bed.get(cell("LastChange", guest), ".1.3.6.1.2.1.1.3.0")
            self.assertLessEqual(changed, now)
            self.assertGreater(changed, now - 500)
            bed.snmpd.kill()
            bed.snmpd.start()
            bed.wait_serving()
            # Before the master's time began.
            self.assertEqual(bed.get(cell("LastChange", guest)), 0)
