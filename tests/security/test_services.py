"""The systemd unit and the SMF manifest: how little they leave the agent, and that it is enough."""
import os
import re
import signal
import socket
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree

import harness
from harness import cell, wait_for

import attack
import sandbox
from attack import UserAgent

EXAMPLES = os.path.join(harness.SRC, "docs", "examples")
UNIT = os.path.join(EXAMPLES, "ldoms-agentx.service")
MANIFEST = os.path.join(EXAMPLES, "ldoms-agentx.xml")
GROUP = 61234
EXPOSURE_MAX = 1.2


class Unit(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.analyze = attack.need_program("systemd-analyze")

    def test_exposure(self):
        result = subprocess.run([self.analyze, "security", "--offline=yes", "--no-pager", UNIT],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                check=False)
        found = re.search(r"Overall exposure level .*: ([\d.]+)", result.stdout)
        if not found:
            raise unittest.SkipTest(f"systemd-analyze cannot: {result.stdout.strip()[-100:]}")
        self.assertLessEqual(float(found.group(1)), EXPOSURE_MAX, result.stdout)

    def test_is_understood(self):
        """No directive that systemd does not know, no value that it does not take."""
        # The one of several agents is made of the other, in the build.
        built = os.path.join(harness.BUILD, "ldoms-agentx@.service")
        for source, name in ((UNIT, "ldoms-agentx.service"), (built, "ldoms-agentx@cdom1.service")):
            if not os.path.exists(source):
                continue
            path = os.path.join(self.directory, name)
            with open(source) as f:
                text = re.sub(r"(?m)^(ExecStart=)\S+", rf"\g<1>{harness.AGENT}", f.read())
            attack.write_file(path, text, 0o644)
            result = subprocess.run([self.analyze, "verify", "--man=no", path],
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                    check=False)
            about_us = [line for line in result.stdout.splitlines() if "ldoms" in line]
            self.assertEqual(about_us, [])

    def test_the_agent_can_work_in_it(self):
        """Under the rules for system calls, as another user, with no group but its own: all that
        it does from start to end. A forbidden call would kill it."""
        user = attack.nobody()
        attack.need_program("cc")
        with open(os.path.join(harness.BUILD, "Makefile")) as makefile:
            if re.search(r"^enable_sanitizers = .*address", makefile.read(), re.M):
                self.skipTest("a sanitizer needs calls that the unit forbids")
        bed = self.sandboxed(user)
        path = os.path.join(self.directory, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            os.chmod(path, 0o777)
            notify.settimeout(30)
            bed.agent.launch(bed.agent.command("-f"),
                             {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "900000"})
            self.wait_told(notify, "READY=1")
            self.wait_told(notify, "WATCHDOG=1")
            bed.wait_serving()
            self.work(bed)
            bed.agent.send(signal.SIGHUP)
            self.wait_told(notify, "RELOADING=1")
            self.wait_told(notify, "READY=1")
            self.lose_and_find(bed)
            for option in ("-l", "-t"):
                self.assertEqual(bed.agent.run(option).returncode, 0)
            # By a name, so that the resolver's thread runs; wherever it leads to.
            by_name = f"xmpp:{socket.gethostname()}:{bed.sim.port}"
            self.assertIn(bed.agent.run("-m", by_name, "-l").returncode, (0, 1))
            bed.agent.send(signal.SIGTERM)
            self.wait_told(notify, "STOPPING=1")
        self.assertEqual(bed.agent.wait(), 0)
        self.assertNotRegex(bed.agent.log(), "cannot be (given up|switched off)")

    def sandboxed(self, user):
        os.chmod(self.directory, 0o755)
        bed = harness.Bed(os.path.join(self.directory, "0"), start=False,
                          snmpd_conf=f"agentXPerms 0660 0750 root {GROUP}\n")
        os.chmod(bed.directory, 0o755)
        bed.agent = UserAgent(bed.agent.directory, bed.sim.address, bed.snmpd.address, user,
                              (GROUP,))
        pem = os.path.join(self.directory, "pem")
        password = attack.write_file(os.path.join(self.directory, "password"), "geheim\n")
        os.chown(password, user.pw_uid, user.pw_gid)
        bed.sim.options += ["-k", pem, "-u", "snmp:geheim"]
        bed.agent.configure(f"refreshInterval 0.5\nldmUser snmp\nldmPasswordFile {password}\n"
                            f"ldmCertificate {pem}\n")
        launcher = os.path.join(bed.agent.directory, "sandbox.py")
        with open(sandbox.__file__) as f:
            attack.write_file(launcher, f.read(), 0o644)
        bed.agent.become += [sys.executable, "-B", launcher, UNIT]
        self.beds.append(bed)
        bed.sim.start()
        os.chmod(pem, 0o644)
        bed.snmpd.start()
        return bed

    def wait_told(self, notify, text):
        while text not in notify.recv(4096).decode():
            pass

    def work(self, bed):
        """A SET that is journalled, a notification, a new domain."""
        private = ("-v2c", "-c", "private")
        bed.snmp("set", [cell("NumVCPU", 2), "u", "5", cell("MemSize", 2), "u", "4352"],
                 auth=private)
        new = str(harness.scalar(bed, "ldomNextIndex"))
        bed.snmp("set", [cell("Name", new), "s", "made1", cell("NumVCPU", new), "u", "1",
                         cell("MemSize", new), "u", "1024", cell("RowStatus", new), "i", "4"],
                 auth=private)
        wait_for(lambda: "made1" in bed.indexes() and bed.get(cell("NumVCPU", 2)) == 5,
                 what="the new domain and the CPUs")

    def lose_and_find(self, bed):
        """Both peers go away and come back."""
        bed.sim.do("disconnect")
        bed.snmpd.stop()
        bed.snmpd.start()
        bed.wait_serving()
        bed.sim.do("do add-vcpu ldg1 1")
        wait_for(lambda: bed.get(cell("NumVCPU", 2)) == 6, what="the new value")

    def test_the_sandbox_bites(self):
        """Else the test above would say nothing."""
        attack.need_program("cc")
        try_ = [sys.executable, "-B", sandbox.__file__, UNIT, sys.executable, "-c"]
        for code, status in (("pass", 0), ("import os; os.chroot('/')", -signal.SIGSYS),
                             ("import mmap; mmap.mmap(-1, 4096, prot=7)", -signal.SIGSYS),
                             ("import socket; socket.socket(16, 3, 0)", 1),
                             ("import socket; socket.socket(2, 1, 0)", 0)):
            result = subprocess.run([*try_, code], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL, check=False)
            self.assertEqual(result.returncode, status, code)

    def test_agrees_with_the_program(self):
        rules = sandbox.settings(UNIT)
        self.assertEqual(rules["Type"], ["notify"])
        self.assertEqual(rules["User"], rules["Group"])
        self.assertEqual(rules["StateDirectory"], ["ldoms-snmp"])
        self.assertEqual(rules["StateDirectoryMode"], ["0700"])
        self.assertEqual(rules["CapabilityBoundingSet"], [""])
        # Longer than commandTimeout, for which a stop waits.
        self.assertGreater(int(rules["TimeoutStopSec"][0]), 600)


# The part of service_bundle.dtd.1 that we use: what may be in an element, in which order, and what
# attributes it must have and may have.
GRAMMAR = {
    "service_bundle": ("service", {"type", "name"}, set()),
    "service": ("create_default_instance? single_instance? restarter? dependency* dependent* "
                "method_context? exec_method* property_group* instance* stability? template?",
                {"name", "version", "type"}, set()),
    "create_default_instance": ("", {"enabled"}, set()),
    "single_instance": ("", set(), set()),
    "dependency": ("service_fmri* stability?", {"name", "grouping", "restart_on", "type"}, set()),
    "service_fmri": ("", {"value"}, set()),
    "exec_method": ("method_context? stability?", {"type", "name", "exec", "timeout_seconds"},
                    set()),
    "method_context": ("method_credential? method_environment?", set(),
                       {"working_directory", "project", "resource_pool"}),
    "method_credential": ("", {"user"}, {"group", "supp_groups", "privileges",
                                         "limit_privileges"}),
    "property_group": ("stability? propval*", {"name", "type"}, set()),
    "propval": ("", {"name", "type", "value"}, set()),
    "stability": ("", {"value"}, set()),
    "template": ("common_name description? documentation?", set(), set()),
    "common_name": ("loctext*", set(), set()),
    "loctext": ("", {"{http://www.w3.org/XML/1998/namespace}lang"}, set()),
    "documentation": ("manpage*", set(), set()),
    "manpage": ("", {"title", "section"}, {"manpath"}),
}
WORDS = {"grouping": {"require_all", "require_any", "exclude_all", "optional_all"},
         "restart_on": {"error", "restart", "refresh", "none"}, "enabled": {"true", "false"}}
# The basic set of Solaris 11, and what it may not be without to start the program and to talk.
BASIC = {"file_link_any", "file_read", "file_write", "net_access", "proc_exec", "proc_fork",
         "proc_info", "proc_session"}
NEEDED = {"file_read", "file_write", "net_access", "proc_exec", "proc_fork"}


class Manifest(unittest.TestCase):

    def setUp(self):
        self.root = ElementTree.parse(MANIFEST).getroot()
        with open(MANIFEST) as f:
            self.text = f.read()

    def test_has_the_form_of_a_manifest(self):
        self.assertEqual(self.root.tag, "service_bundle")
        for element in self.root.iter():
            self.assertIn(element.tag, GRAMMAR)
            children, needed, more = GRAMMAR[element.tag]
            pattern = "".join(f"(?:{word.rstrip('?*')} ){word[len(word.rstrip('?*')):]}"
                              for word in children.split())
            have = "".join(child.tag + " " for child in element)
            self.assertRegex(have, f"^{pattern}$", element.tag)
            self.assertLessEqual(needed, set(element.attrib), element.tag)
            self.assertLessEqual(set(element.attrib), needed | more, element.tag)
            for name, words in WORDS.items():
                self.assertIn(element.get(name, min(words)), words)

    def test_runs_as_a_user_with_the_least(self):
        credential = self.root.find(".//exec_method[@name='start']//method_credential")
        self.assertEqual(credential.get("user"), "ldomsnmp")
        self.assertEqual(credential.get("group"), "ldomsnmp")
        self.assertLessEqual(len(credential.get("user")), 8)
        words = credential.get("privileges").split(",")
        self.assertEqual(words[0], "basic")
        taken = {word.lstrip("!") for word in words[1:]}
        self.assertTrue(all(word.startswith("!") for word in words[1:]))
        self.assertLessEqual(taken, BASIC)
        self.assertEqual(taken & NEEDED, set())
        self.assertIn("usermod -A solaris.ldoms.read,solaris.ldoms.write ldomsnmp", self.text)
        self.assertNotIn("LDoms Management", self.text)

    def test_paths_are_those_of_configure(self):
        """With the options that the comment names, on Solaris."""
        with open(os.path.join(harness.SRC, "configure.ac")) as f:
            statesub = re.search(r"\[solaris2\*\], \[.*statesub=(\S+)\]", f.read()).group(1)
        prefix = re.search(r"-prefix=(\S+)", self.text).group(1)
        state = re.search(r"-localstatedir=([^\s']+)", self.text).group(1)
        start = self.root.find(".//exec_method[@name='start']")
        self.assertEqual(start.get("exec"), f"{prefix}/sbin/ldoms-agentx")
        self.assertIn(f"mkdir -m 0700 {state}/{statesub} ", self.text)
        self.assertIn(f"useradd -g ldomsnmp -d {state}/{statesub} ", self.text)
        pages = list(self.root.iter("manpage"))
        self.assertGreater(len(pages), 0)
        for page in pages:
            self.assertTrue(os.path.exists(os.path.join(
                harness.SRC, "docs", f"{page.get('title')}.{page.get('section')}")))

    def test_stops_no_sooner_than_the_agent(self):
        stop = self.root.find(".//exec_method[@name='stop']")
        self.assertGreater(int(stop.get("timeout_seconds")), 600)
        self.assertEqual(self.root.find(".//exec_method[@name='refresh']").get("exec"),
                         ":kill -HUP")
