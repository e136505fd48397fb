"""check_ldoms, run as Nagios runs it: each kind of trouble is told by name, and no longer when it is
over."""
import os
import re
import signal
import subprocess

import harness
from harness import cell, scalar, wait_for

PLUGIN = os.path.join(harness.BUILD, "check_ldoms")
WRITE = ("-v2c", "-c", "private")
MB = 1048576


class Plugin(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.state = os.path.join(self.directory, "remembered")
        self.auth = harness.Snmpd.users["sha256"]

    def check(self, *arguments, auth=None, host=None, remember=True):
        """(what Nagios would think of it, the text, {label: (value, unit, warning, critical)})"""
        command = [PLUGIN, *(self.auth if auth is None else auth), "-t", "2", "-r", "1",
                   *(("--state", self.state) if remember else ()), *arguments,
                   "-H", host or f"udp:127.0.0.1:{self.snmpd.port}"]
        result = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, timeout=60 * harness.SLOW, check=False,
            env=dict(os.environ, MIBS="", HOME=self.directory, SNMPCONFPATH=self.snmpd.directory,
                     SNMP_PERSISTENT_DIR=self.snmpd.path("client")))
        state = ("OK", "WARNING", "CRITICAL", "UNKNOWN")[result.returncode]
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 1, result.stdout + result.stderr)
        self.assertTrue(lines[0].startswith(f"LDOMS {state} - "), lines)
        text, _, data = lines[0].partition(" | ")
        found = {}
        for item in data.split():
            match = re.fullmatch(r"(\w+)=(-?[\d.]+)(B|s|c|%|);?([\d.:]*);?([\d.:]*);?([\d.]*);?([\d.]*)", item)
            self.assertTrue(match, item)
            found[match.group(1)] = (float(match.group(2)), *match.groups()[2:5])
        return state, text.partition(" - ")[2], found

    def expect(self, state, pattern, *arguments, **more):
        """Within two polls, on a quick machine."""
        last = None

        def seen():
            nonlocal last
            last = self.check(*arguments, **more)
            return last[0] == state and re.search(pattern, last[1])

        try:
            wait_for(seen, 20, "what the plugin says", 0.2)
        except AssertionError as error:
            raise AssertionError(f"{state} /{pattern}/ was expected, not {last}") from error
        return last

    def start(self, **more):
        bed = self.bed(**{"conf": "refreshInterval 1\nstaleAfter 300\n", **more})
        self.snmpd = bed.snmpd
        wait_for(lambda: scalar(bed, "ldomMemRpFree"), 20, "the pools")
        return bed

    # -- the troubles

    def test_domain_stops(self):
        bed = self.start()
        index = bed.indexes()["ldg1"]
        fine = r"^6 of 8 domains are active$"
        self.expect("OK", fine)
        bed.sim.do("do stop-domain ldg1")
        self.expect("CRITICAL", r"^ldg1 is bound$")
        self.expect("CRITICAL", r"^ldg1 is bound$", "-e", "primary,ldg1", "--no-state")
        self.expect("CRITICAL", r"^ldg1 is bound$", "-d", "ldg1")
        self.expect("OK", r"^5 of 8 domains are active", "-e", "primary")
        self.expect("OK", r"^5 of 8 domains are active", "--ignore", "ldg*")
        # Nothing is known of what ran before.
        self.expect("OK", r"^5 of 8 domains are active", "--no-state")
        bed.sim.do("do start-domain ldg1")
        self.expect("OK", fine)
        # By SET, and nothing is to be saved within a day.
        bed.snmp("set", [cell("AdminState", index), "i", "3"], auth=WRITE)
        self.expect("CRITICAL", r"^ldg1 is inactive$")
        bed.snmp("set", [cell("AdminState", index), "i", "1"], auth=WRITE)
        self.expect("OK", fine)
        self.expect("OK", r"^ldg1 is active, \d+ CPUs, \d+ MB", "-d", "ldg1")

    def test_what_ran_is_remembered_for_a_week(self):
        bed = self.start()
        self.expect("OK", r"^6 of 8")
        bed.sim.do("do stop-domain ldg1")
        self.expect("CRITICAL", r"^ldg1 is bound$")
        path, = [os.path.join(self.state, name) for name in os.listdir(self.state)]
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        uuid = bed.get(cell("UUID", bed.indexes()["ldg1"])).decode()
        mine, = [line for line in lines if line.endswith(" domain " + uuid)]
        self.assertEqual(len(lines), 6)
        then, _, key = mine.partition(" ")
        for days, state in ((6.9, "CRITICAL"), (7.1, "OK")):
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(["damaged", *(line for line in lines if line != mine),
                                      f"{int(int(then) - days * 86400)} {key}", ""]))
            self.expect(state, "ldg1 is bound|5 of 8")

    def test_expected_is_not_there(self):
        self.start()
        self.expect("CRITICAL", r'^there is no domain "web09"$', "-e", "primary", "-e", "web09,ldg1")
        self.expect("CRITICAL", r'^there is no domain "web09"$', "-d", "web09")

    def test_no_agent(self):
        bed = self.start()
        self.expect("OK", "6 of 8")
        bed.agent.kill()
        for arguments in ((), ("-d", "ldg1"), ("-e", "ldg1")):
            self.expect("CRITICAL", "without an LDoms agent", *arguments)
            self.expect("CRITICAL", "without an LDoms agent", *arguments, auth=("-v1", "-c", "public"))
        bed.agent.start()
        self.expect("OK", "6 of 8")
        # An agent that hangs: snmpd waits for it, then answers genErr.
        bed.agent.send(signal.SIGSTOP)
        self.expect("CRITICAL", "agent", "-t", "10")
        bed.agent.send(signal.SIGCONT)
        self.expect("OK", "6 of 8")
        bed.snmpd.send(signal.SIGSTOP)
        self.expect("CRITICAL", "does not answer", "-t", "0.2")
        bed.snmpd.send(signal.SIGCONT)
        self.expect("OK", "6 of 8")

    def test_ldmd_hangs_and_goes(self):
        bed = self.start(conf="refreshInterval 0.5\nstaleAfter 4\nrequestTimeout 2\n")
        self.expect("OK", "6 of 8")
        bed.sim.send(signal.SIGSTOP)
        self.expect("WARNING", r"^the inventory is \d+ s old", "--age=1,1000", "-e", "primary")
        self.expect("CRITICAL", r"the inventory is \d+ s old, too old to be shown")
        self.expect("UNKNOWN", "shows no domains", "-d", "ldg1")
        bed.sim.send(signal.SIGCONT)
        self.expect("OK", "6 of 8", "--age=60,120")
        bed.sim.kill()
        self.expect("CRITICAL", "no connection to ldmd: .+")
        bed.sim.start()
        self.expect("OK", "6 of 8")

    def test_ldmd_was_never_there(self):
        bed = harness.Bed(os.path.join(self.directory, "never"), start=False)
        self.beds.append(bed)
        self.snmpd = bed.snmpd
        bed.snmpd.start()
        bed.agent.start()
        self.expect("CRITICAL", "ldmd has not answered the agent yet")

    def test_change_is_refused(self):
        bed = self.start()
        index = bed.indexes()["ldg1"]
        cpus = bed.get(cell("NumVCPU", index))
        bed.sim.do("fault refuse:no@set-vcpu/ldg1")
        bed.snmp("set", [cell("NumVCPU", index), "u", str(cpus - 1)], auth=WRITE, check=False)
        self.expect("WARNING", r"^ldg1: the last change \(.*\) is failed: .+$")
        self.expect("WARNING", r"^ldg1: the last change", "-d", "ldg1")
        self.expect("OK", "6 of 8", "--ignore", "ldg1")
        bed.sim.do("clear")
        bed.snmp("set", [cell("NumVCPU", index), "u", str(cpus - 1)], auth=WRITE)
        self.expect("OK", "6 of 8")

    def test_memory_is_nearly_gone(self):
        bed = self.start()
        index = bed.indexes()["ldg1"]
        before, left = bed.get(cell("MemSize", index)), scalar(bed, "ldomMemRpFree")
        all_of_it = scalar(bed, "ldomMemRpCapacity")
        _, _, data = self.expect("OK", "6 of 8", "--memory=1%,512M")
        self.assertEqual(data["memory_free"][:2], (left * MB, "B"))
        self.assertAlmostEqual(float(data["memory_free"][2].rstrip(":")), all_of_it * MB / 100, delta=1)
        self.assertEqual(data["memory_free"][3], f"{512 * MB}:")
        bed.sim.do(f"do set-memory ldg1 {before + left - left % 256}M")
        self.expect("WARNING", rf"^\d+ of {all_of_it} MB of memory are free$")
        self.expect("CRITICAL", rf"^\d+ of {all_of_it} MB of memory are free$", "--memory=1%,512M")
        bed.sim.do(f"do set-memory ldg1 {before}M")
        self.expect("OK", "6 of 8")

    def test_cpus_and_cores(self):
        bed = self.start()
        for what, label, capacity, left in (
                ("cpus", "virtual CPUs", "ldomCpuRpCapacity", "ldomCpuRpFree"),
                ("cores", "cores", "ldomCoreRpCapacity", "ldomCoreRpFree")):
            free, of = scalar(bed, left), scalar(bed, capacity)
            text = rf"^{free} of {of} {label} are free$"
            self.expect("OK", "6 of 8", f"--{what}={free},{free}")
            self.expect("WARNING", text, f"--{what}={free + 1},{free}")
            self.expect("CRITICAL", text, f"--{what}=,{free + 1}")
            _, _, data = self.expect("WARNING", text, f"--{what}=101%")
            self.assertEqual(data[what + "_free"][0], free)

    def test_unsaved(self):
        bed = self.start()
        index = bed.indexes()["ldg1"]
        unsaved = "^changes would not survive a power cycle"
        self.expect("OK", "6 of 8", "--unsaved=0")
        cpus = bed.get(cell("NumVCPU", index))
        bed.snmp("set", [cell("NumVCPU", index), "u", str(cpus - 1)], auth=WRITE)
        wait_for(lambda: scalar(bed, "ldomConfigUnsaved") == 1, 10, "the unsaved change")
        self.expect("OK", "6 of 8")
        self.expect("WARNING", unsaved, "--unsaved=0")
        self.expect("WARNING", unsaved, "--no-state")
        # A day later.
        path, = [os.path.join(self.state, name) for name in os.listdir(self.state)]
        with open(path, encoding="utf-8") as file:
            text = file.read()
        text, n = re.subn(r"^(\d+)( unsaved )", lambda m: f"{int(m.group(1)) - 86401}{m.group(2)}", text,
                          flags=re.M)
        self.assertEqual(n, 1)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.expect("WARNING", unsaved)
        bed.sim.do("do add-spconfig - kept")
        self.expect("OK", "6 of 8")
        self.expect("OK", "6 of 8", "--unsaved=0")

    def test_degraded_and_busy(self):
        bed = self.start()
        bed.sim.do("degrade ldg1 on")
        self.expect("CRITICAL", "^ldg1 is degraded$")
        bed.sim.do("degrade ldg1 off")
        self.expect("OK", "6 of 8")
        _, text, data = self.expect("OK", "^primary is active", "-d", "primary", "--busy=101,102")
        self.assertEqual(data["utilization"][2:], ("101", "102"))
        self.assertEqual(data["cpus"][0], bed.get(cell("NumVCPU", 1)))
        self.assertEqual(data["memory"][:2], (bed.get(cell("MemSize", 1)) * MB, "B"))
        self.assertIn("% used", text)

    # -- the command line

    def test_ways_to_ask(self):
        bed = self.start()
        for auth in (("-v1", "-c", "public"), ("-v2c", "-c", "public"), *bed.snmpd.users.values()):
            _, _, data = self.expect("OK", "6 of 8", auth=auth)
            self.assertEqual(data["domains"][0], 8)
            self.assertEqual(data["active"][0], 6)
            self.assertEqual(data["age"][1:], ("s", "120", ""))
        self.expect("CRITICAL", "does not answer", "-t", "0.2", auth=("-v2c", "-c", "wrong"))
        wrong = list(bed.snmpd.users["sha256"])
        wrong[wrong.index("auth-secret-2")] = "a wrong secret"
        self.expect("UNKNOWN", "[Aa]uthentication", auth=wrong)
        # A context that nobody serves, and then somebody; it has a memory of its own.
        self.assertNotEqual(self.check("-n", "t5-2", "-t", "0.5")[0], "OK")
        other = self.process(harness.Simulator(os.path.join(self.directory, "s"), 3)).start()
        agent = self.process(harness.Agent(os.path.join(self.directory, "a"), other.address, bed.snmpd.address,
                                           "context t5-2\n")).start()
        self.expect("OK", r"^\d of 3 domains", "-n", "t5-2")
        self.expect("OK", "6 of 8")
        self.assertEqual(len(os.listdir(self.state)), 2)
        self.assertEqual(agent.stop(), 0)
        self.expect("CRITICAL", "without an LDoms agent", "-n", "t5-2")
        self.expect("UNKNOWN", "Unknown host|session", host="no-such-host.invalid")

    def test_nothing_can_be_remembered(self):
        self.start()
        with open(self.state, "w", encoding="utf-8"):
            pass
        self.expect("UNKNOWN", "nothing can be remembered in " + self.state)
        self.expect("CRITICAL", 'there is no domain "web09"; nothing can be remembered', "-e", "web09")
        self.expect("OK", "6 of 8", "--no-state")
        # Where it does without being told where.
        self.expect("OK", "6 of 8", remember=False)
        self.assertTrue(os.listdir(os.path.join(self.directory, ".check_ldoms")))

    def test_mistakes(self):
        self.start()
        for mistake in ("--memory=16", "--memory=,", "--memory=1G,2G,3G", "--cpus=x", "--age=-1", "--unsaved=",
                        "--unsaved=1h", "--nosuch", "--domain=", "more"):
            if mistake == "--memory=,":
                self.expect("OK", ".", mistake)  # no limit
            else:
                self.expect("UNKNOWN", "the command line is wrong", *(("one", mistake) if mistake == "more"
                                                                      else (mistake,)))
        self.expect("UNKNOWN", ".", auth=("-v9", "-c", "public"))

    def test_mistakes_are_named(self):
        for arguments, said in (([], "no host is named: -H HOST"), (["-H", "one", "two"], "two: there can be one host only, and it is one"),
                                (["--memory=16"], "16: cannot be read"), (["--nosuch"], "--nosuch")):
            result = subprocess.run([PLUGIN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    text=True, timeout=60, check=False)
            self.assertEqual(result.returncode, 3)
            self.assertIn("the command line is wrong", result.stdout)
            self.assertIn(said, result.stderr)

    def test_help(self):
        for option, pattern in (("-h", r"^usage: check_ldoms"), ("--help", r"^usage: check_ldoms"),
                                ("-V", r"^check_ldoms \d")):
            result = subprocess.run([PLUGIN, option], stdout=subprocess.PIPE, text=True, timeout=60, check=False)
            self.assertEqual(result.returncode, 0)
            self.assertRegex(result.stdout, pattern)
        with open(os.path.join(harness.SRC, "docs", "check_ldoms.1"), encoding="utf-8") as file:
            manual = file.read()
        usage = subprocess.run([PLUGIN, "-h"], stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout
        self.assertEqual(set(re.findall(r"--([a-z-]+)", usage)) - {"help", "version"},
                         set(re.findall(r" -([a-z-]+) Ns", manual)) | {"no-state"})


if __name__ == "__main__":
    import unittest
    unittest.main()
