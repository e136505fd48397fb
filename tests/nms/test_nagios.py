"""The files for Nagios and Icinga 2: the programs themselves take them, and what they make of them asks
a real host."""
import getpass
import glob
import grp
import os
import re
import shlex
import subprocess
import unittest

import harness
from harness import find_program, wait_for
import test_nms

USER = (("-U monitor", "-U sha256"), ("-u monitor", "-u sha256"), ('"monitor"', '"sha256"'))

# What the shipped file stands on: Nagios' own samples have it.
OBJECTS = (
    ("timeperiod", "timeperiod_name always;alias always;monday 00:00-24:00"),
    ("contact", "contact_name me;host_notification_period always;"
     "service_notification_period always;host_notification_commands none;"
     "service_notification_commands none"),
    ("command", "command_name none;command_line /bin/true"),
    ("host", "host_name sparc1;address 127.0.0.1;hostgroups ldoms;max_check_attempts 2;"
     "check_command none;check_period always;notification_period always;"
     "contacts me"),
    ("service", "name generic-service;register 0;check_period always;contacts me;"
     "max_check_attempts 3;notification_interval 60;notification_period always"),
)


def options_of_the_plugin():
    usage = subprocess.run([os.path.join(harness.BUILD, "check_ldoms"), "-h"], stdout=subprocess.PIPE,
                           text=True, timeout=60, check=True).stdout
    return set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", usage))


class Nagios(harness.TestCase):

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def test_takes_the_file(self):
        program = find_program("nagios4") or find_program("nagios")
        if not program:
            self.skipTest("there is no nagios4 (Debian: nagios4-core)")
        shipped = test_nms.text_of("nagios.cfg")
        example = re.search(r"^# define service \{.*?^# \}", shipped, re.M | re.S).group()
        self.write("shipped.cfg", shipped + re.sub("^# ?", "", example, flags=re.M) + "\n")
        self.write("objects.cfg", "".join(
            f"define {kind} {{\n    " + "\n    ".join(lines.split(";")) + "\n}\n" for kind, lines in OBJECTS))
        self.write("resource.cfg", f"$USER1$={harness.BUILD}\n$USER11$=one\n$USER12$=two\n")
        # It would become the system's user before it reads.
        user = f"nagios_user={getpass.getuser()}\nnagios_group={grp.getgrgid(os.getgid()).gr_name}\n"
        user += "illegal_macro_output_chars=`~$&|'\"<>\n"
        main = self.write("main.cfg", user + "".join(f"{key}={os.path.join(self.directory, value)}\n" for key, value in (
            ("log_file", "log"), ("cfg_file", "shipped.cfg"), ("cfg_file", "objects.cfg"),
            ("resource_file", "resource.cfg"), ("temp_file", "tmp"), ("temp_path", ""),
            ("check_result_path", ""), ("lock_file", "lock"), ("object_cache_file", "cache"),
            ("status_file", "status"))))
        result = subprocess.run([program, "-v", main], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("Checked 2 services", result.stdout)
        self.assertRegex(result.stdout, r"Total Warnings: +0\s+Total Errors: +0")

    def test_commands(self):
        """Run as Nagios does, with its macros."""
        bed = self.bed(conf="refreshInterval 1\n")
        commands = dict(re.findall(r"command_name +(\w+)\n +command_line +(.*)", test_nms.text_of("nagios.cfg")))
        self.assertEqual(set(commands), {"check_ldoms", "check_ldom"})
        options = options_of_the_plugin()
        for name, arguments, expected in (("check_ldoms", ("-e primary,ldg1",), r"^LDOMS OK - "),
                                          ("check_ldoms", ("",), r"^LDOMS OK - "),
                                          ("check_ldoms", ("-e web09",), r'^LDOMS CRITICAL - .*"web09"'),
                                          ("check_ldom", ("ldg1", "--busy=101"), r"^LDOMS OK - ldg1 is active"),
                                          ("check_ldom", ("web09", ""), r'^LDOMS CRITICAL - .*"web09"')):
            macros = {"USER1": harness.BUILD, "HOSTADDRESS": f"127.0.0.1:{bed.snmpd.port}",
                      "USER11": "auth-secret-2", "USER12": "priv-secret-2", "ARG1": "", "ARG2": ""}
            macros.update({f"ARG{n}": value for n, value in enumerate(arguments, 1)})
            line = commands[name]
            for mine, theirs in USER:
                line = line.replace(mine, theirs)
            line = shlex.split(re.sub(r"\$(\w+)\$", lambda match: macros[match.group(1)], line))
            for option in line[1:]:
                if option.startswith("-") and option != "-v3":
                    self.assertIn(option.partition("=")[0], options)
            said = []

            def seen():
                said[:] = [subprocess.run(
                    line + ["--state", os.path.join(self.directory, "state")], text=True, check=False,
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60,
                    env=dict(os.environ, MIBS="", SNMPCONFPATH=bed.snmpd.directory,
                             SNMP_PERSISTENT_DIR=bed.snmpd.path("client"))).stdout]
                return re.search(expected, said[0])

            wait_for(seen, 20, f"{expected} of {line}: {said}", 0.2)


class Icinga(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.program = find_program("icinga2")
        if not self.program:
            self.skipTest("there is no icinga2 (Debian: icinga2-bin)")

    def command(self, *options):
        """All that it would keep in the system's folders is here."""
        own = {"RunAsUser": getpass.getuser(), "RunAsGroup": grp.getgrgid(os.getgid()).gr_name}
        for name in ("Data", "Log", "Cache", "Spool"):
            own[name + "Dir"] = os.path.join(self.directory, name)
        own["InitRunDir"] = os.path.join(self.directory, "run")
        for name, value in own.items():
            if name.endswith("Dir"):
                os.makedirs(value, exist_ok=True)
        return [self.program, "daemon", *options, "-c", os.path.join(self.directory, "main.conf"),
                *(f"-D{name}={value}" for name, value in own.items())]

    def write(self, address="127.0.0.1", more=""):
        shipped = test_nms.text_of("icinga2.conf")
        example = re.search(r"^//   object Host.*?^//   \}$", shipped, re.M | re.S).group()
        for mine, theirs in USER:
            shipped = shipped.replace(mine, theirs)
        self.assertEqual(shipped.count("_interval = 1m"), 2)
        text = f"""const PluginDir = "{harness.BUILD}"
const NodeName = "test"
const ZoneName = NodeName
const LdomsAuthPassword = "auth-secret-2"
const LdomsPrivPassword = "priv-secret-2"
include <itl>
object Endpoint NodeName {{ }}
object Zone ZoneName {{ endpoints = [ NodeName ] }}
template Host "generic-host" {{
  check_command = "dummy"
  vars.dummy_state = 0
}}
{re.sub("^//   ?", "", example, flags=re.M)}
object Host "real" {{
  import "generic-host"
  address = "{address}"
  vars.ldoms = {{ ldoms_expect = [ "primary", "web09" ], ldoms_state = "{self.directory}/state" }}
  vars.ldom["ldg1"] = {{ ldoms_busy = "101" }}
}}
{more}
""" + shipped.replace("_interval = 1m", "_interval = 1s")
        with open(os.path.join(self.directory, "main.conf"), "w", encoding="utf-8") as out:
            out.write(text)

    def test_takes_the_file(self):
        self.write()
        result = subprocess.run(self.command("-C"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, timeout=120, check=False)
        self.assertEqual(result.returncode, 0, result.stdout)
        # A host and a domain, of the example and of the host of this test.
        self.assertIn("Instantiated 4 Services", result.stdout)
        self.assertNotRegex(result.stdout, "warning|critical")
        self.write(more='object Service "wrong" { host_name = "nobody" }')
        self.assertNotEqual(subprocess.run(self.command("-C"), stdout=subprocess.DEVNULL, timeout=120,
                                           stderr=subprocess.DEVNULL, check=False).returncode, 0)

    def test_options_are_the_plugins(self):
        text = re.search(r"arguments = \{.*?^  \}", test_nms.text_of("icinga2.conf"), re.M | re.S).group()
        options = set(re.findall(r'"(--?[\w-]+)" = ', text))
        self.assertGreater(len(options), 15)
        self.assertLessEqual(options, options_of_the_plugin())

    def test_runs(self):
        """Icinga itself runs the checks that are made of the variables of a host."""
        bed = self.bed(conf="refreshInterval 1\n")
        out = os.path.join(self.directory, "perfdata")
        os.mkdir(out)
        self.write(address=f"127.0.0.1:{bed.snmpd.port}", more=f"""
object CheckerComponent "checker" {{ }}
object PerfdataWriter "perfdata" {{
  service_temp_path = "{out}/service.new"
  host_temp_path = "{out}/host.new"
  service_perfdata_path = "{out}/service"
  host_perfdata_path = "{out}/host"
  rotation_interval = 1s
  service_format_template = "$service.name$ $service.state$ $service.output$ | $service.perfdata$"
}}
""")
        icinga = self.process(harness.Process(os.path.join(self.directory, "i")))
        icinga.launch(self.command(), dict(MIBS="", SNMPCONFPATH=bed.snmpd.directory,
                                           SNMP_PERSISTENT_DIR=bed.snmpd.path("client")))

        def said(pattern):
            return any(re.search(pattern, open(path, encoding="utf-8").read(), re.M)
                       for path in glob.glob(os.path.join(out, "service*")))

        for pattern in (r'^ldoms CRITICAL LDOMS CRITICAL - there is no domain "web09".*\| .*memory_free=\d+',
                        r"^ldom-ldg1 OK LDOMS OK - ldg1 is active.*\| .*utilization=[\d.]+%"):
            try:
                wait_for(lambda p=pattern: said(p), 60, pattern, 0.2)
            finally:
                if not said(pattern):
                    print("#", icinga.log()[-2000:].replace("\n", "\n# "))
        icinga.stop(30)


if __name__ == "__main__":
    unittest.main()
