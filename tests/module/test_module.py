"""What is the module's own: how snmpd loads and unloads it, and that it leaves snmpd as it was."""
import os
import signal
import subprocess
import threading
import unittest

import harness
from harness import Agent, ROOT, cell, scalar, wait_for

WRITE = ("-v2c", "-c", "private")
STATUS = ".1.3.6.1.4.1.2021.13.14.2.1.5.1"  # UCD-DLMOD-MIB::dlmodStatus of the first module


class Module(harness.TestCase):
    form = "module"

    def test_exports_its_entry_points_only(self):
        out = subprocess.run(["nm", "-D", "--defined-only", harness.MODULE], text=True, check=True,
                             stdout=subprocess.PIPE).stdout
        self.assertEqual(sorted(line.split()[-1] for line in out.splitlines()),
                         ["deinit_ldoms", "init_ldoms"])

    def test_configuration_mistake(self):
        """snmpd runs on without the module, and says why in one line."""
        bed = harness.Bed(os.path.join(self.directory, "x"), start=False, form="module",
                          conf="refreshInterval never\n")
        self.beds.append(bed)
        bed.sim.start()
        bed.snmpd.start()
        bed.agent.wait_log(r"agent\.conf:3: ")
        bed.agent.wait_log(r"LDOMS-MIB is not served")
        self.assertTrue(bed.snmp("get", [".1.3.6.1.2.1.1.3.0"]).stdout)
        self.assertFalse(bed.is_served())
        # Mended, and read again.
        bed.agent.configure("refreshInterval 1\n")
        bed.snmpd.send(signal.SIGHUP)
        bed.wait_serving()

    def test_damaged_registry(self):
        """Both copies: snmpd runs on without the module; the daemon's -R mends it."""
        bed = self.bed()
        bed.agent.stop()
        for name in ("index-registry", "index-registry.copy"):
            with open(os.path.join(bed.agent.state, name), "w", encoding="utf-8") as registry:
                registry.write("garbage\n")
        bed.agent.start()
        bed.agent.wait_log(r"are damaged or missing")
        bed.agent.wait_log(r"LDOMS-MIB is not served")
        self.assertTrue(bed.snmp("get", [".1.3.6.1.2.1.1.3.0"]).stdout)
        self.assertFalse(bed.is_served())
        daemon = self.process(Agent(bed.agent.directory, bed.sim.address, bed.snmpd.address,
                                    options=["-R"])).start()
        bed.wait_serving()
        self.assertEqual(daemon.stop(), 0)
        bed.agent.reload()
        bed.wait_serving()

    def test_view_whose_root_is_taken(self):
        """LDOMS-MIB does not notice; the log has one line, and the view is tried again."""
        bed = self.bed(conf="view vm\nrefreshInterval 1\n", snmpd_conf="pass .1.3.6.1.2.1.236 /bin/false\n")
        bed.agent.wait_log(r"snmpd refuses [\d.]*1\.236 \(VM-MIB\): .*; it is tried again")
        self.assertIn("ldg1", bed.indexes())
        # snmpd has a line of its own for each try.
        wait_for(lambda: bed.agent.log().count("duplicate registration") >= 3, 20, "more tries")
        self.assertEqual(bed.agent.log().count("snmpd refuses"), 1)

    def test_sighup(self):
        bed = self.bed(conf="refreshInterval 1\n")
        self.assertEqual(scalar(bed, "ldomReadOnly"), 2)
        bed.agent.configure("refreshInterval 1\nreadOnly yes\n")
        bed.snmpd.send(signal.SIGHUP)
        wait_for(lambda: bed.is_served() and scalar(bed, "ldomReadOnly") == 1, 20, "the new setting")
        bed.wait_serving()

    def test_kill(self):
        """snmpd is killed: the next one has the same numbers for the same domains."""
        bed = self.bed(domains=32, conf="refreshInterval 1\n")
        indexes = bed.indexes()
        for _ in range(3):
            bed.snmpd.kill()
            bed.snmpd.start()
            bed.wait_serving()
            wait_for(lambda: bed.indexes() == indexes, 10, "the same numbers")

    def test_loads_and_unloads(self):
        """By SET, under a walk: descriptors, threads and memory stay as they are."""
        times = int(os.environ.get("LDOMS_TEST_LOADS", "100"))
        bed = self.bed(conf="refreshInterval 1\n")
        indexes = bed.indexes()
        stop = threading.Event()
        problems = []

        def walk():
            while not stop.is_set():
                result = bed.snmp("walk", [ROOT], ["-On", "-t", "5"], check=False)
                if "Timeout" in result.stderr:
                    problems.append(result.stderr)

        def state():
            return bed.agent.descriptors(), len(os.listdir(f"/proc/{bed.agent.pid}/task"))

        def steady_state():
            seen.append(state())
            return len(seen) >= 5 and len(set(seen[-5:])) == 1

        seen = []
        wait_for(steady_state, 20, "a steady number of descriptors and threads", interval=0.1)
        before = seen[-1]
        walker = harness.Thread(target=walk)
        walker.start()
        resident = []
        try:
            for n in range(times):
                bed.snmp("set", [STATUS, "i", "5"], auth=WRITE)  # unload
                wait_for(lambda: not bed.is_served(), 10, f"the end of the module, time {n}")
                bed.snmp("set", [STATUS, "i", "4"], auth=WRITE)  # load
                bed.wait_serving()
                resident.append(Agent.resident(bed.agent))
        finally:
            stop.set()
            walker.join()
        self.assertEqual(problems, [])
        wait_for(lambda: state() == before, 10, f"descriptors and threads as before: {before}, {state()}")
        self.assertEqual(bed.indexes(), indexes)
        # The first loads bring code and tables of the libraries into memory, which stay.
        used = resident[times // 5:]
        half = len(used) // 2
        self.assertLess(min(used[half:]) - min(used[:half]), 1024, resident)

    def test_daemon_and_module_refuse_each_other(self):
        bed = self.bed(conf="refreshInterval 1\n")
        # The same root: the daemon waits and says so.
        daemon = self.process(Agent(os.path.join(self.directory, "d"), bed.sim.address, bed.snmpd.address))
        daemon.start()
        daemon.wait_log("another")
        daemon.stop()
        # The same state directory.
        daemon.state = bed.agent.state
        daemon.configure("")
        start = len(daemon.log())
        daemon.start()
        daemon.wait_log("another agent", start=start)
        wait_for(lambda: not daemon.running(), 10, "the end of the daemon")
        self.assertTrue(bed.is_served())

    def test_hung_ldmd_does_not_hang_snmpd(self):
        bed = self.bed(conf="refreshInterval 1\n")
        bed.sim.send(signal.SIGSTOP)
        for _ in range(20):
            result = bed.snmp("get", [".1.3.6.1.2.1.1.3.0", cell("Name", 1)], ["-t", "10", "-r", "0"])
            self.assertIn("primary", result.stdout)
        bed.sim.send(signal.SIGCONT)

    def test_end_of_snmpd_in_a_set(self):
        """snmpd ends while a SET waits; the next one knows what became of it."""
        bed = self.bed(conf="refreshInterval 1\nsetWait 700\n")
        index = bed.indexes()["ldg1"]
        bed.sim.do("fault delay:3000@set-vcpu/ldg1")
        cpus = bed.get(cell("NumVCPU", index))
        setter = harness.Thread(target=lambda: bed.snmp(
            "set", [cell("NumVCPU", index), "u", str(cpus + 1)], ["-t", "1", "-r", "0"], auth=WRITE, check=False))
        setter.start()
        wait_for(lambda: "set-vcpu" in str(harness.stats(bed.sim)), 10, "the command")
        bed.snmpd.stop(20)
        setter.join()
        bed.sim.do("clear")
        bed.snmpd.start()
        bed.wait_serving()
        wait_for(lambda: bed.get(cell("NumVCPU", index)) == cpus + 1, 20, "what ldmd has")
        wait_for(lambda: bed.get(cell("OperationStatus", index)) == 3, 20, "succeeded")


if __name__ == "__main__":
    unittest.main()
