"""Notifications as an operator gets them: snmptrapd and SNMPTT with the shipped files turn each into
one line with a severity."""
import os
import re
import subprocess
import unittest

import harness
from harness import ROOT, find_program, wait_for
import test_nms


class Snmptt(harness.TestCase):

    def setUp(self):
        super().setUp()
        for program in ("snmptt", "snmptrapd"):
            if not find_program(program):
                self.skipTest(f"there is no {program}")

    def test_file_is_what_the_module_gives(self):
        if not find_program("snmpttconvertmib") or ROOT != "." + test_nms.DEFAULT_ROOT:
            self.skipTest("there is no snmpttconvertmib, or the root has been moved")
        made = os.path.join(self.directory, "made")
        subprocess.run([find_program("snmpttconvertmib"), "--in=" + os.path.join(harness.SRC, "mibs", "LDOMS-MIB.txt"),
                        "--out=" + made, "--exec="], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=120,
                       env=dict(os.environ, **harness.mib_environment()))
        with open(made, encoding="utf-8") as file:
            lines = [line for line in file.read().splitlines() if not line.startswith(("#", "MIB:"))]
        shipped = [line for line in test_nms.text_of("snmptt.conf").splitlines() if not line.startswith("#")]
        self.assertEqual(shipped, lines)

    def test_each_has_a_severity(self):
        events = re.findall(r'^EVENT (\w+) (\S+) "Status Events" (\w+)$', test_nms.text_of("snmptt.conf"), re.M)
        notifications = {name: "." + ".".join(str(a) for a in harness.oid(ROOT) + arcs)
                         for name, (arcs, what) in test_nms.TREE.items() if what == "notification-type"}
        self.assertEqual({name: where for name, where, _ in events}, notifications)
        self.assertLessEqual({severity for _, _, severity in events}, {"NORMAL", "WARNING", "MINOR", "MAJOR"})

    def test_lines(self):
        """A domain stops, ldmd goes: each is a line that names it."""
        ini, log = os.path.join(self.directory, "snmptt.ini"), os.path.join(self.directory, "snmptt.log")
        with open(ini, "w", encoding="utf-8") as out:
            out.write("[General]\nmode = standalone\ndns_enable = 0\nnet_snmp_perl_enable = 0\n"
                      "[Logging]\nstdout_enable = 0\nlog_enable = 1\n"
                      f"log_file = {log}\nlog_system_enable = 0\nunknown_trap_log_enable = 1\n"
                      f"unknown_trap_log_file = {log}.unknown\nsyslog_enable = 0\nsyslog_system_enable = 0\n"
                      "[SQL]\nmysql_dbi_enable = 0\n[Exec]\nexec_enable = 0\n"
                      f"[TrapFiles]\nsnmptt_conf_files = <<END\n{test_nms.path_of('snmptt.conf')}\nEND\n")
        receiver = self.process(harness.Process(os.path.join(self.directory, "t")))
        port = harness.free_port()
        with open(receiver.path("snmptrapd.conf"), "w", encoding="utf-8") as out:
            out.write("disableAuthorization yes\n"
                      f"traphandle default {find_program('snmptt')} --ini={ini}\n")
        receiver.launch([find_program("snmptrapd"), "-f", "-C", "-c", receiver.path("snmptrapd.conf"), "-On",
                         "-Lo", "-p", receiver.path("pid"), f"udp:127.0.0.1:{port}"],
                        dict(harness.mib_environment(), SNMP_PERSISTENT_DIR=receiver.path("persistent"),
                             SNMPCONFPATH=receiver.directory))
        wait_for(lambda: "NET-SNMP version" in receiver.log(), 15, "snmptrapd")
        bed = self.bed(conf="refreshInterval 1\n", snmpd_conf=f"trapsess -v2c -c public 127.0.0.1:{port}")

        def lines():
            if not os.path.exists(log):
                return ""
            with open(log, encoding="utf-8") as file:
                return file.read()

        bed.sim.do("do stop-domain ldg1")
        wait_for(lambda: re.search(r" WARNING .*Domain state changed: domain ldg1 is bound, was active", lines()), 30,
                 "the line of the state")
        bed.sim.do("do add-vcpu ldg1 1")
        wait_for(lambda: re.search(r" NORMAL .*CPUs of a domain changed: .*ldg1", lines()), 30,
                 "the line of the CPUs")
        bed.sim.kill()
        wait_for(lambda: re.search(r" MAJOR .*the agent to ldmd is (down|connecting)", lines()), 30,
                 "the line of the link")


if __name__ == "__main__":
    unittest.main()
