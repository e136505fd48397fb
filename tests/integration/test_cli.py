"""The program itself: what it answers when asked, what it says about mistakes, signals."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import unicodedata
import unittest

import harness
from harness import Agent, Bed, Simulator, wait_for


class Plain(harness.TestCase):
    """What needs nobody else."""

    def agent(self, conf="", ldm="xmpp:127.0.0.1:1", options=()):
        agent = Agent(os.path.join(self.directory, "a"), ldm, "unix:/nonexistent/agentx", conf,
                      options)
        return self.process(agent)

    def test_help_names_every_option(self):
        result = self.agent().run("-h")
        self.assertEqual(result.returncode, 0)
        for letter in "fcxmspDlXtRVh":
            self.assertRegex(result.stdout, rf"(?m)^  -{letter}\b")
        self.assertFalse(result.stderr)
        self.assertEqual(self.agent().run("--help").stdout, result.stdout)
        # A path may be longer than a line.
        self.assertLessEqual(max(len(line) for line in result.stdout.splitlines()
                                 if max(map(len, line.split() or [""])) <= 48), 84)

    def test_every_option_has_a_long_name(self):
        options = re.findall(r"(?m)^  -(\w), --([a-z-]+)( [A-Z]+)?", self.agent().run("-h").stdout)
        self.assertGreaterEqual(len(options), 14)
        for letter, name, argument in options:
            if argument:  # both are the same option: both want its value
                for option in "-" + letter, "--" + name:
                    result = self.agent().run(option)
                    self.assertEqual(result.returncode, 2, result)
                    self.assertIn(f"{option} needs{argument}: ", result.stderr)
        for short, long in (("-V", "--version"), ("-t", "--test"), ("-lc", "--list --config")):
            with self.subTest(long):
                path = ["/nonexistent/file"] if "c" in short else []
                a, b = self.agent().run(short, *path), self.agent().run(*long.split(), *path)
                self.assertEqual((a.returncode, a.stdout, a.stderr),
                                 (b.returncode, b.stdout, b.stderr))

    def test_version_tells_where_the_mib_is(self):
        result = self.agent().run("-V")
        self.assertEqual(result.returncode, 0)
        self.assertIn(harness.ROOT[1:], result.stdout)
        self.assertIn("will move once", result.stdout)
        self.assertIn("net-snmp 5", result.stdout)

    def test_wrong_usage(self):
        for options in (["-Z"], ["-l", "-t"], ["-X"], ["extra"], ["-l", "-X", "a"]):
            with self.subTest(options):
                result = self.agent().run(*options)
                self.assertEqual(result.returncode, 2, result)
                self.assertTrue(result.stderr)
                self.assertFalse(result.stdout)

    def test_usage_errors_name_the_option_and_what_was_expected(self):
        for options, expected in (
                (["-Z"], "there is no option -Z"),
                (["-fZ"], "there is no option -Z"),
                (["--nonsense"], "there is no option --nonsense"),
                (["--nonsense=5"], "there is no option --nonsense=5"),
                (["-X"], "-X needs DOMAIN: print a domain's constraints"),
                (["--config"], "--config needs FILE: configuration file"),
                (["--list=all"], '--list takes no value, but "--list=all" gives it one'),
                (["--l"], '"--l" could be --ldm or --list'),
                (["extra"], '"extra" is no option'),
                (["-l", "-t"],
                 "--list, --constraints, --test, --fetch-certificate and --capture exclude each "
                 "other"),
                (["--as-is"], "--as-is goes with --capture only"),
                (["-l", "-o", "xml"], '--output "xml": must be table or json'),
                (["-o", "json"], "--output goes with --list only"),
                (["-t", "--output", "json"], "--output goes with --list only")):
            with self.subTest(options):
                result = self.agent().run(*options)
                self.assertEqual(result.returncode, 2, result)
                self.assertTrue(result.stderr.startswith(f"ldoms-agentx: {expected}"),
                                result.stderr)
                self.assertIn("see ldoms-agentx --help", result.stderr)
                self.assertFalse(result.stdout)

    def test_mistakes_have_file_and_line(self):
        agent = self.agent("\n"
                           "unknownThing 5\n"                   # line 5
                           "setWait 900    # too much\n"        # 6
                           "readOnly perhaps\n"                 # 7
                           "setAllow everything *\n"            # 8
                           "refreshInterval 5 parsecs\n"        # 9
                           "templateDirectory templates\n"      # 10
                           "agentXSocket tcp:192.0.2.1:705\n"   # 11, also given twice
                           "requestTimeout\n")                  # 12
        for mode in (["-f"], ["-t"], ["-l"]):
            result = agent.run(*mode)
            self.assertEqual(result.returncode, 2, result)
            for line in range(5, 13):
                self.assertRegex(result.stderr, rf"agent\.conf:{line}: ")
            self.assertIn('unknown directive "unknownThing"', result.stderr)
            self.assertIn("0 to 700 milliseconds", result.stderr)

    def test_missing_file_must_exist_if_named(self):
        agent = self.agent()
        os.unlink(agent.path("agent.conf"))
        result = agent.run("-l")
        self.assertEqual(result.returncode, 2)
        self.assertIn("agent.conf", result.stderr)

    def test_files_that_are_none(self):
        for path in ("/dev/null", self.directory):
            with self.subTest(path):
                agent = self.agent(f"ldmUser snmp\nldmPasswordFile {path}\n")
                for options in (["-c", path], []):
                    result = agent.run(*options, "-l")
                    self.assertEqual(result.returncode, 2)
                    self.assertIn(f"{path}: this is no regular file", result.stderr)

    def test_bad_addresses_on_the_command_line(self):
        for option, value in (("-m", "telnet:host"), ("-m", "xmpp:host:99999"), ("-m", "xmpp:"),
                              ("-x", "tcp:192.0.2.7:705"), ("-x", "udp:localhost:1"),
                              ("-s", "relative/path")):
            with self.subTest(f"{option} {value}"):
                result = self.agent().run(option, value, "-l")
                self.assertEqual(result.returncode, 2, result)
                self.assertIn(value, result.stderr)

    def test_plain_is_for_loopback_only(self):
        result = self.agent(ldm="plain:192.0.2.1").run("-l")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("loopback", result.stderr)

    def test_no_address(self):
        agent = self.agent()
        with open(agent.path("agent.conf"), "w") as conf:
            conf.write(f"stateDirectory {agent.state}\n")
        result = agent.run("-l")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("no ldmd address", result.stderr)
        self.assertIn(agent.path("agent.conf"), result.stderr)

    def test_what_does_not_go_away_by_itself(self):
        """The unit is not started again after 2."""
        for conf, ldm in (("ldmVerify no\n", "xmpp:192.0.2.1"), ("", "plain:192.0.2.1"),
                          ("ldmUser snmp\n", "xmpp:127.0.0.1"),
                          ("ldmUser snmp\nldmPasswordFile /nonexistent\n", "xmpp:127.0.0.1")):
            for mode in (["-f"], [], ["-l"], ["-X", "a"]):
                with self.subTest(conf=conf, ldm=ldm, mode=mode):
                    result = self.agent(conf, ldm).run(*mode)
                    self.assertEqual(result.returncode, 2, result)
                    self.assertIn("error: config: ldm", result.stderr)

    def test_nobody_there(self):
        agent = self.agent("requestTimeout 2\n", ldm=f"xmpp:127.0.0.1:{harness.free_port()}")
        for mode in (["-l"], ["-X", "primary"]):
            result = agent.run(*mode)
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr, r"(?i)refused")

    def test_test_says_what_is_missing(self):
        agent = self.agent("requestTimeout 2\n", ldm=f"xmpp:127.0.0.1:{harness.free_port()}",
                           options=["-s", "/nonexistent/state"])
        result = agent.run("-t")
        self.assertEqual(result.returncode, 1)
        self.assertIn("MISSING  state directory /nonexistent/state", result.stdout)
        self.assertIn("MISSING  ldmd xmpp:127.0.0.1", result.stdout)
        self.assertIn("MISSING  AgentX master unix:/nonexistent/agentx", result.stdout)
        self.assertIn("master agentx", result.stdout)

    def said(self, agentx, snmpd_conf, user=None):
        """What -t says about a master that is not there."""
        conf = os.path.join(self.directory, "snmp")
        os.makedirs(conf, exist_ok=True)
        with open(os.path.join(conf, "snmpd.conf"), "w") as f:
            f.write(snmpd_conf)
        agent = self.process(Agent(os.path.join(self.directory, "a"),
                                   f"xmpp:127.0.0.1:{harness.free_port()}", agentx,
                                   "requestTimeout 1\n"))
        command = agent.command("-t")
        if user is not None:
            os.chmod(self.directory, 0o711)
            program = os.path.join(self.directory, "program")
            shutil.copy(harness.AGENT, program)
            for path in (agent.directory, agent.path("agent.conf"), conf,
                         os.path.join(conf, "snmpd.conf"), program):
                os.chmod(path, 0o755)
            command[command.index(harness.AGENT)] = program
        result = subprocess.run(command, env=dict(os.environ, SNMPCONFPATH=conf), user=user,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                check=False, timeout=60 * harness.SLOW)
        self.assertEqual(result.returncode, 1)
        self.assertIn("the agent cannot do its work yet", result.stdout)
        return result.stdout.split("MISSING  AgentX master")[1]

    def test_test_names_the_missing_line_of_snmpd_conf(self):
        said = self.said("unix:/nonexistent/agentx", "rocommunity public\n")
        self.assertIn("snmpd.conf: the line `master agentx' is missing", said)
        self.assertNotIn("agentXSocket is", said)
        said = self.said("unix:/nonexistent/agentx",
                         "master agentx\nagentXSocket unix:/run/agentx\n")
        self.assertNotIn("is missing", said)
        self.assertRegex(said, "agentXSocket is unix:/run/agentx; set the same .*agent.conf")
        self.assertIn("/nonexistent does not exist", said)

    @unittest.skipIf("AGENT_WRAPPER" in os.environ, "another program than the agent is run")
    def test_test_names_the_component_that_refuses(self):
        locked = os.path.join(self.directory, "locked")
        os.mkdir(locked)
        nobody = 65534 if os.getuid() == 0 else None
        address = f"unix:{locked}/agentx"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{locked}/agentx")
            listener.listen()
            for mode, component, verb in ((0o000, locked, "enter"),
                                          (0o711, f"{locked}/agentx", "write to")):
                os.chmod(f"{locked}/agentx", 0o000)
                os.chmod(locked, mode)
                said = self.said(address, "master agentx\n", nobody)
                self.assertIn("Permission denied", said)
                self.assertIn(f"this user may not {verb} {component} (mode ", said)
            os.chmod(locked, 0o700)

    def test_test_names_the_view_that_hides_us(self):
        hidden = ("master agentx\nagentXSocket unix:/nonexistent/agentx\n"
                  "view systemonly included .1.3.6.1.2.1.1\n"
                  "rocommunity public default -V systemonly\n")
        said = self.said("unix:/nonexistent/agentx", hidden)
        self.assertIn("MISSING  access", said)
        self.assertIn("snmpd.conf:4: rocommunity public default -V systemonly", said)
        self.assertIn(f"included {harness.ROOT}'", said)
        said = self.said("unix:/nonexistent/agentx",
                         hidden + f"view systemonly included {harness.ROOT}\n")
        self.assertIn("lets somebody read LDOMS-MIB", said)
        said = self.said("unix:/nonexistent/agentx", "agentXSocket /nonexistent/agentx\n")
        self.assertIn("lets anybody read", said)
        # The configuration of another snmpd tells nothing.
        self.assertNotIn("access:", self.said("unix:/nonexistent/other", hidden))

    def test_password_must_be_private(self):
        agent = self.agent("requestTimeout 2\nldmUser snmp\n")
        password = agent.path("password")
        with open(password, "w") as f:
            f.write("secret-word\n")
        os.chmod(password, 0o644)
        agent.configure(f"requestTimeout 2\nldmUser snmp\nldmPasswordFile {password}\n")
        result = agent.run("-l")
        self.assertEqual(result.returncode, 2)
        self.assertIn("0600", result.stderr)
        self.assertNotIn("secret-word", result.stderr)


class WithSimulator(harness.TestCase):
    """What is asked of ldmd, once."""

    def pair(self, conf="", **more):
        sim = self.process(Simulator(os.path.join(self.directory, "s"), **more)).start()
        agent = Agent(os.path.join(self.directory, "a"), sim.address,
                      "unix:/nonexistent/agentx", conf)
        return sim, agent

    def test_list(self):
        sim, agent = self.pair()
        result = agent.run("-l")
        self.assertEqual(result.returncode, 0, result)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0].split(),
                         "NAME STATE FLAGS CONS VCPU MEMORY UTIL UPTIME".split())
        domains = harness.dump(sim)["domains"]
        self.assertEqual([line.split()[0] for line in lines[1:]], [d["name"] for d in domains])
        for line, domain in zip(lines[1:], domains):
            self.assertEqual(line.split()[1], domain["state"])
            self.assertEqual(line.split()[2], domain["flags"])

    def test_list_as_json(self):
        sim, agent = self.pair()
        result = agent.run("--list", "--output=json")
        self.assertEqual(result.returncode, 0, result)
        found = json.loads(result.stdout)
        domains = harness.dump(sim)["domains"]
        self.assertEqual([d["name"] for d in found], [d["name"] for d in domains])
        for row, domain in zip(found, domains):
            self.assertEqual((row["state"], row["flags"], row["vcpus"], row["memoryBytes"],
                              row["uuid"]),
                             (domain["state"], domain["flags"], domain["vcpus"], domain["memory"],
                              domain["uuid"]))
            self.assertEqual(row["uptimeSeconds"] is not None, domain["state"] == "active")
            self.assertEqual(row["utilizationPermille"] is not None, domain["state"] == "active")
            if domain["state"] == "inactive":
                self.assertIsNone(row["consolePort"])

    ODD = """<LDM_interface version="1.3"><cmd><action>list-domain</action>%s
        <response><status>success</status></response></cmd>
        <response><status>success</status></response></LDM_interface>"""

    def odd(self, name, info, *more):
        """A domain of a list, as no simulator makes it."""
        def item(kind, **props):
            return (f"<Section><Item><OtherResourceType>{kind}</OtherResourceType>" +
                    "".join(f'<GenericProperty key="{key}">{value}</GenericProperty>'
                            if key != "AllocationUnits" else
                            f"<{key}>{value}</{key}>" for key, value in props.items()) +
                    "</Item></Section>")
        return (f'<data version="3.0"><Envelope><References/><Content id="{name}">' +
                item("ldom_info", **info) + "".join(item(*spec[:1], **spec[1]) for spec in more) +
                "</Content></Envelope><response><status>success</status></response></data>")

    def odd_list(self):
        return self.ODD % "".join((
            self.odd("primary", {"state": "active", "flags": "-n-cv-"}, ("console", {"type": "SP"}),
                     ("memory", {"AllocationUnits": 2147483649})),
            self.odd("r\u00e4t", {"state": "active", "flags": "-n----"},
                     ("console", {"port": 5000}), ("memory", {"AllocationUnits": "4G"})),
            self.odd("\u65e5\u672c", {"state": "inactive", "flags": "------"},
                     ("console", {"port": 5001}), ("memory", {"AllocationUnits": "4G"})),
            self.odd("a&quot;\\b-with-a-name-that-is-long", {"state": "bound", "flags": "------"},
                     ("console", {"port": 5002, "type": "vt"}))))

    def odd_agent(self, document):
        """An agent whose ldmd says that, to whatever it is asked."""
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(60 * harness.SLOW)  # an agent that does not come ends the thread
        self.addCleanup(listener.close)

        def serve():
            connection, _ = listener.accept()
            with connection:
                asked = b""
                while b"</LDM_interface>" not in asked:
                    piece = connection.recv(65536)
                    assert piece, "the agent hung up"
                    asked += piece
                connection.sendall(document.encode())
                connection.recv(1)
        thread = threading.Thread(target=serve)
        thread.start()
        self.addCleanup(thread.join)
        return Agent(os.path.join(self.directory, "a"),
                     f"plain:127.0.0.1:{listener.getsockname()[1]}", "unix:/nonexistent/agentx")

    @staticmethod
    def columns(text):
        wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
        return len(text) + wide

    def test_odd_values_do_not_break_the_columns(self):
        agent = self.odd_agent(self.odd_list())
        result = subprocess.run(agent.command("-l"), env=dict(os.environ, LC_ALL="C.UTF-8"),
                                capture_output=True, text=True, encoding="utf-8", check=False)
        self.assertEqual(result.returncode, 0, result)
        title, *rows = result.stdout.splitlines()
        self.assertEqual(len(rows), 4)
        expected = {"STATE": ["active", "active", "inactive", "bound"],
                    "CONS": ["SP", "5000", "-", "5002"],
                    "MEMORY": ["2147483649B", "4G", "4G", "0B"]}
        for word, values in expected.items():
            at = title.index(word)
            for row, value in zip(rows, values):
                before = next(n for n in range(len(row) + 1) if self.columns(row[:n]) == at)
                self.assertEqual(row[before - 1], " ", row)
                self.assertEqual(row[before:].split()[0], value, row)

    def test_odd_values_as_json(self):
        agent = self.odd_agent(self.odd_list())
        result = subprocess.run(agent.command("-l", "-o", "json"), capture_output=True, text=True,
                                encoding="utf-8", check=False)
        self.assertEqual(result.returncode, 0, result)
        domains = json.loads(result.stdout)
        self.assertEqual([d["name"] for d in domains],
                         ["primary", "r\u00e4t", "\u65e5\u672c", 'a"\\b-with-a-name-that-is-long'])
        self.assertEqual([d["consolePort"] for d in domains], [None, 5000, None, 5002])
        self.assertEqual([d["consoleType"] for d in domains], ["SP", None, None, "vt"])
        self.assertEqual(domains[0]["memoryBytes"], 2147483649)
        self.assertIsNone(domains[2]["uptimeSeconds"])

    def test_list_in_data_version_2(self):
        sim, agent = self.pair(options=["-d", "2.0"])
        result = agent.run("-l")
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual(len(result.stdout.splitlines()), 1 + len(harness.dump(sim)["domains"]))

    def test_the_last_failure_is_told(self):
        """Data version 3.0 refused, no answer in 2.0: that is no refusal of the question."""
        _, agent = self.pair("requestTimeout 2\n", options=["-F", "refuse:not in 3.0@list-domain#1",
                                                            "-F", "hang@list-domain"])
        result = agent.run("-l")
        self.assertEqual(result.returncode, 1, result)
        self.assertRegex(result.stderr, "no answer (to list-domain )?in time")
        self.assertNotIn("not in 3.0", result.stderr)

    def test_constraints_are_a_template(self):
        sim, agent = self.pair()
        name = [d["name"] for d in harness.dump(sim)["domains"]][1]
        result = agent.run("-X", name)
        self.assertEqual(result.returncode, 0, result)
        self.assertIn("LDM_interface", result.stdout)
        self.assertIn(name, result.stdout)
        self.assertNotIn("<response", result.stdout)

    def test_constraints_of_nobody(self):
        _, agent = self.pair()
        result = agent.run("-X", "no-such-domain")
        self.assertEqual(result.returncode, 1)
        self.assertFalse(result.stdout)
        self.assertIn("no-such-domain", result.stderr)

    def test_unauthorised_is_told(self):
        _, agent = self.pair(faults=["unauthorised"])
        result = agent.run("-t")
        self.assertEqual(result.returncode, 1)
        self.assertIn("solaris.ldoms.read", result.stdout)

    def test_a_hung_ldmd_does_not_hang_us(self):
        _, agent = self.pair("requestTimeout 1\n", faults=["hang"])
        before = time.monotonic()
        self.assertEqual(agent.run("-l").returncode, 1)
        self.assertLess(time.monotonic() - before, 10 * harness.SLOW)

    def test_debug_shows_documents_without_secrets(self):
        sim = self.process(Simulator(os.path.join(self.directory, "s"),
                                     options=["-u", "snmp:pass-word-1"])).start()
        agent = Agent(os.path.join(self.directory, "a"), sim.address, "unix:/nonexistent/x")
        password = agent.path("password")
        with open(password, "w") as f:
            f.write("pass-word-1\n")
        os.chmod(password, 0o600)
        agent.configure(f"ldmUser snmp\nldmPasswordFile {password}\nldmVerify no\n")
        result = agent.run("-D", "all", "-l")
        self.assertEqual(result.returncode, 0, result)
        self.assertIn("list-domain", result.stderr)
        self.assertNotIn("pass-word-1", result.stderr)
        self.assertNotIn("AHNubXAAcGFzcy13b3JkLTE", result.stderr)  # its base64 with the user
        with open(password, "w") as f:
            f.write("wrong\n")
        self.assertEqual(agent.run("-l").returncode, 1)


class Running(harness.TestCase):
    """Signals, the pid file, the background, one agent a state directory."""

    def test_test_is_content(self):
        bed = self.bed()
        result = bed.agent.run("-t")
        self.assertEqual(result.returncode, 0, result)
        self.assertNotIn("MISSING", result.stdout)
        self.assertIn("everything is in place", result.stdout)
        self.assertRegex(result.stdout, r"(?m)^ok +ldmd .* domains; interface 1\.7, data version 3\.0, "
                         r"options as `options'$")

    def test_test_tells_the_dialect(self):
        for version, data, told in (
                ("1.3", "2.0", "interface 1.0, data version 2.0, options as `option'"),
                ("2.2", "3.0", "interface 1.3, data version 3.0, options as `options'")):
            with self.subTest(version):
                bed = self.bed(sim_options=["-L", version, "-d", data])
                self.assertIn(told, bed.agent.run("-t").stdout)
        bed.agent.configure("ldmRequestForm option\n")
        self.assertIn("options as `option'", bed.agent.run("-t").stdout)

    def test_term_closes_and_ends_with_0(self):
        for signo in (signal.SIGTERM, signal.SIGINT):
            bed = self.bed()
            bed.agent.send(signo)
            self.assertEqual(bed.agent.wait(), 0)
            # An AgentX Close, not a lost connection: the table goes at once.
            self.assertFalse(bed.walk())

    def test_hup_applies_what_it_says(self):
        bed = self.bed(conf="refreshInterval 5\n")
        start = len(bed.agent.log())
        bed.agent.configure("refreshInterval 0.5\nsetWait 100\nldmUser someone\n")
        bed.agent.send(signal.SIGHUP)
        bed.agent.wait_log(r"config: reloaded", start=start)
        log = bed.agent.log()[start:]
        self.assertRegex(log, "refreshInterval applies")
        self.assertRegex(log, "setWait applies")
        self.assertRegex(log, "ldmUser has changed: it needs a restart")
        # ldomRefreshIntervalMin and ldomSetWait show it.
        wait_for(lambda: harness.scalar(bed, "ldomSetWait") == 100, what="the new setWait")
        # And the pace is another one.
        before = harness.stats(bed.sim)["requests"].get("list-domain", 0)
        wait_for(lambda: harness.stats(bed.sim)["requests"].get("list-domain", 0) >= before + 4,
                 8, "more queries")

    def test_what_needs_a_restart_is_told_by_what_runs(self):
        bed = self.bed()

        def reload(conf):
            start = len(bed.agent.log())
            bed.agent.configure(conf)
            bed.agent.send(signal.SIGHUP)
            bed.agent.wait_log(r"config: reloaded", start=start)
            return "ldmUser has changed: it needs a restart" in bed.agent.log()[start:]

        self.assertTrue(reload("ldmUser someone\n"))
        self.assertTrue(reload("ldmUser someone\nsetWait 100\n"))
        self.assertFalse(reload("setWait 100\n"))

    def test_hup_with_a_mistake_changes_nothing(self):
        bed = self.bed(conf="setWait 300\n")
        start = len(bed.agent.log())
        bed.agent.configure("setWait 200\nnonsense\n")
        bed.agent.send(signal.SIGHUP)
        bed.agent.wait_log(r"agent\.conf:5: unknown directive", start=start)
        bed.agent.wait_log(r"not reloaded", start=start)
        self.assertEqual(harness.scalar(bed, "ldomSetWait"), 300)
        self.assertTrue(bed.agent.running())

    def with_default_file(self, bed):
        """The agent's command without -c: a copy of the program, whose default file is ours."""
        default = re.search(r"configuration file\s+\((\S+)\)", bed.agent.run("-h").stdout)[1]
        folder = os.path.join(self.directory, "etc")
        os.mkdir(folder)
        padding = len(default) - len(os.path.join(folder, "conf"))
        self.assertGreaterEqual(padding, 0, f"{default} is too short to be replaced")
        path = folder + "/" * padding + "/conf"
        with open(harness.AGENT, "rb") as program:
            code = program.read()
        self.assertIn(default.encode(), code)
        copy = os.path.join(self.directory, "agent")
        with open(copy, "wb") as program:
            program.write(code.replace(default.encode(), path.encode()))
        os.chmod(copy, 0o700)
        return [copy if word == harness.AGENT else word for word in bed.agent.command("-f")
                if word not in ("-c", bed.agent.path("agent.conf"))], folder

    def test_hup_without_the_file_opens_nothing(self):
        """What was read at the start has to be there: the defaults would allow changes."""
        bed = Bed(os.path.join(self.directory, "0"), start=False)
        self.beds.append(bed)
        bed.sim.start()
        bed.snmpd.start()
        command, folder = self.with_default_file(bed)
        bed.agent.configure("readOnly yes\n")
        os.rename(bed.agent.path("agent.conf"), os.path.join(folder, "conf"))
        bed.agent.launch(command)
        bed.wait_serving()
        for away in (lambda: os.rename(folder, folder + ".away"),
                     lambda: os.rename(folder + ".away", folder),
                     lambda: os.rename(os.path.join(folder, "conf"), folder + "/other")):
            away()
            start = len(bed.agent.log())
            bed.agent.send(signal.SIGHUP)
            there = os.path.exists(os.path.join(folder, "conf"))
            bed.agent.wait_log("config: reloaded" if there else "not reloaded", start=start)
            self.assertEqual(harness.scalar(bed, "ldomReadOnly"), 1)

    def test_hup_with_a_file_that_was_never_there(self):
        bed = Bed(os.path.join(self.directory, "0"), start=False)
        self.beds.append(bed)
        bed.sim.start()
        bed.snmpd.start()
        command, folder = self.with_default_file(bed)
        bed.agent.launch(command + ["-m", bed.agent.ldm, "-x", bed.agent.agentx,
                                    "-s", bed.agent.state])
        bed.wait_serving()
        bed.agent.send(signal.SIGHUP)
        bed.agent.wait_log("config: reloaded")
        with open(os.path.join(folder, "conf"), "w") as conf:
            conf.write("setWait 100\n")
        bed.agent.send(signal.SIGHUP)
        wait_for(lambda: harness.scalar(bed, "ldomSetWait") == 100, what="the new setWait")

    def test_second_agent_is_refused_the_state_directory(self):
        bed = self.bed()
        result = bed.agent.run("-f")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"(?i)another agent")
        self.assertTrue(bed.serving())

    def test_background_pid_file_and_syslog(self):
        bed = Bed(os.path.join(self.directory, "0"), start=False)
        self.beds.append(bed)
        bed.sim.start()
        bed.snmpd.start()
        pidfile = bed.agent.path("pid")
        result = bed.agent.run("-p", pidfile)  # returns when the child is ready
        self.assertEqual(result.returncode, 0, result)
        with open(pidfile) as f:
            pid = int(f.read())
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                self.assertIn(b"ldoms-agentx", f.read())
            wait_for(lambda: bed.walk(), what="the table")
            # The same pid file is taken.
            second = bed.agent.run("-f", "-p", pidfile)
            self.assertEqual(second.returncode, 1)
            self.assertIn("another agent is running", second.stderr)
        finally:
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not os.path.exists(pidfile), what="the end")
        wait_for(lambda: not os.path.exists(f"/proc/{pid}"), what="the end")

    def test_background_has_another_working_directory(self):
        bed = Bed(os.path.join(self.directory, "0"), start=False)
        self.beds.append(bed)
        bed.sim.start()
        bed.snmpd.start()
        command = bed.agent.command("-p", "pid")
        command[command.index("-c") + 1] = "agent.conf"
        result = subprocess.run(command, cwd=bed.agent.directory, check=False)
        self.assertEqual(result.returncode, 0)
        with open(bed.agent.path("pid")) as f:
            pid = int(f.read())
        try:
            wait_for(lambda: bed.walk(), what="the table")
            bed.agent.configure("setWait 100\n")
            os.kill(pid, signal.SIGHUP)
            wait_for(lambda: harness.scalar(bed, "ldomSetWait") == 100, what="the new setWait")
        finally:
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not os.path.exists(f"/proc/{pid}"), what="the end")

    def closed(self, *options):
        """The agent's command, from a parent that has closed its standard descriptors."""
        return ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"] + self.agent.command(*options)

    @unittest.skipIf("AGENT_WRAPPER" in os.environ, "memcheck needs them itself")
    def test_closed_standard_descriptors(self):
        bed = Bed(os.path.join(self.directory, "0"), start=False)
        self.beds.append(bed)
        bed.sim.start()
        bed.snmpd.start()
        self.agent = bed.agent
        pidfile = bed.agent.path("pid")
        # What is opened first must not get the log's descriptor.
        bed.agent.launch(self.closed("-f", "-p", pidfile))
        bed.wait_serving()
        with open(pidfile) as f:
            self.assertEqual(f.read(), f"{bed.agent.pid}\n")
        bed.agent.stop()
        # Nor be taken away when the agent lets go of the terminal.
        self.assertEqual(subprocess.run(self.closed("-p", pidfile), check=False).returncode, 0)
        with open(pidfile) as f:
            pid = int(f.read())
        try:
            wait_for(lambda: bed.walk(), what="the table")
        finally:
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not os.path.exists(f"/proc/{pid}"), what="the end")

    def test_a_failed_start_in_the_background_is_told(self):
        agent = Agent(os.path.join(self.directory, "a"), "xmpp:127.0.0.1:1", "unix:/nonexistent")
        result = agent.run("-s", "/proc/nonexistent")
        self.assertEqual(result.returncode, 1)
        self.assertIn("state directory /proc/nonexistent", result.stderr)

    def test_service_manager_is_told(self):
        bed = Bed(os.path.join(self.directory, "0"), start=False)
        self.beds.append(bed)
        path = os.path.join(self.directory, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(20)
            bed.sim.start()
            bed.agent.launch(bed.agent.command("-f"),
                             {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "900000"})
            seen = []

            def wait_told(text):
                """The threads tell in any order, and the watchdog is fed for ever."""
                end = time.monotonic() + 20 * harness.SLOW
                while not any(text in message for message in seen):
                    self.assertLess(time.monotonic(), end, f"{text} is not in {seen}")
                    seen.append(notify.recv(4096).decode())
                seen.remove(next(message for message in seen if text in message))

            wait_told("READY=1")
            wait_told("STATUS=waiting for the AgentX master")
            bed.snmpd.start()
            wait_told("STATUS=serving")
            wait_told("WATCHDOG=1")
            wait_told("WATCHDOG=1")
            bed.agent.send(signal.SIGHUP)
            wait_told("RELOADING=1")
            wait_told("READY=1")
            bed.agent.send(signal.SIGTERM)
            wait_told("STOPPING=1")
            self.assertEqual(bed.agent.wait(), 0)
