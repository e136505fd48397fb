"""The AgentX session: masters that stand still, forget us, or go in the middle of a SET."""
import os
import signal
import socket
import subprocess
import time

import harness
from harness import cell, stats, wait_for

WRITER = ("-v2c", "-c", "private")


def queries(bed):
    return sum(stats(bed.sim)["requests"].values())


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

    def test_while_connected(self):
        bed = self.bed(conf="refreshInterval 1\n")
        bed.snmpd.send(signal.SIGSTOP)
        self.addCleanup(bed.snmpd.send, signal.SIGCONT)
        self.assert_ldmd_is_asked(bed)
        self.thaw(bed)
        self.assertNotIn("lost the AgentX master", bed.agent.log())

    def test_at_start(self):
        bed = harness.Bed(os.path.join(self.directory, "0"), conf="refreshInterval 1\n", start=False)
        self.beds.append(bed)
        bed.sim.start()
        bed.snmpd.start()
        bed.snmpd.send(signal.SIGSTOP)
        self.addCleanup(bed.snmpd.send, signal.SIGCONT)
        bed.agent.start()
        wait_for(lambda: stats(bed.sim)["requests"].get("list-domain"), 20, "a query")
        self.assert_ldmd_is_asked(bed)
        self.thaw(bed)

    def test_at_start_with_a_full_queue(self):
        """Nobody can connect to it, not even without blocking."""
        bed = harness.Bed(os.path.join(self.directory, "0"), conf="refreshInterval 1\n", start=False)
        self.beds.append(bed)
        bed.sim.start()
        bed.snmpd.start()
        bed.snmpd.send(signal.SIGSTOP)
        self.addCleanup(bed.snmpd.send, signal.SIGCONT)
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
        bed.snmpd.send(signal.SIGSTOP)
        self.addCleanup(bed.snmpd.send, signal.SIGCONT)
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
        time.sleep(4)  # it asks again after 1 and 2 seconds
        self.assertNotIn("serving", second.log())
        self.assertTrue(bed.rows())
        bed.agent.kill()
        wait_for(bed.is_served, 30, "the second one")
        self.assertEqual(second.stop(), 0)

    def test_snmpd_reads_its_configuration_again(self):
        bed = self.bed()
        for _ in range(3):
            bed.snmpd.send(signal.SIGHUP)
            time.sleep(0.3)
            bed.wait_serving(2.0 * harness.SLOW)

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
