"""Users of the agent's own host: what the agent may do as which user, what others may do to it, its
files, and its secrets."""
import os
import re
import signal
import stat

import harness
from harness import Agent, Simulator, cell, wait_for

import attack
from attack import UserAgent

CAP_DAC_OVERRIDE = 1 << 1
# A group that nobody is in but whom we put there.
GROUP = 61234
PASSWORD = "geheim-4711"
FORBIDDEN = ("import socket,sys; s=socket.socket(socket.AF_UNIX); "
             "print(s.connect_ex(sys.argv[1]))")


class OwnUser(harness.TestCase):
    """As in production: a user without any right but the group of the socket."""

    def start(self, groups=(GROUP,), sim_options=(), conf="", wait=True):
        user = attack.nobody()
        os.chmod(self.directory, 0o755)
        bed = harness.Bed(os.path.join(self.directory, "0"), start=False, sim_options=sim_options,
                          snmpd_conf=f"agentXPerms 0660 0750 root {GROUP}\n")
        os.chmod(bed.directory, 0o755)
        bed.agent = UserAgent(bed.agent.directory, bed.sim.address, bed.snmpd.address, user,
                              groups, conf)
        self.beds.append(bed)
        bed.sim.start()
        bed.snmpd.start()
        bed.agent.start()
        if wait:
            bed.wait_serving()
        return bed

    def test_no_capabilities_are_needed(self):
        bed = self.start()
        found = attack.status(bed.agent.pid)
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(int(found[name], 16), 0, name)
        self.assertEqual(found["NoNewPrivs"], "1")
        self.assertEqual(set(found["Uid"].split()), {str(bed.agent.user.pw_uid)})
        self.assertEqual(found["Groups"].split(), [str(GROUP)])
        # All that it is there for.
        bed.snmp("set", [cell("NumVCPU", 2), "u", "5"], auth=("-v2c", "-c", "private"))
        # On a busy machine the answer comes before the change is done.
        wait_for(lambda: bed.get(cell("NumVCPU", 2)) == 5, what="the change")
        bed.agent.configure("setWait 100\n")
        bed.agent.send(signal.SIGHUP)
        wait_for(lambda: harness.scalar(bed, "ldomSetWait") == 100, what="the new setWait")
        result = bed.agent.run("-t")
        self.assertIn("everything is in place", result.stdout)
        # What it keeps is its own.
        names = os.listdir(bed.agent.state)
        self.assertIn("index-registry", names)
        self.assertIn("history", names)
        for name in names:
            found = os.stat(os.path.join(bed.agent.state, name))
            self.assertEqual(stat.S_IMODE(found.st_mode), 0o600, name)
            self.assertEqual(found.st_uid, bed.agent.user.pw_uid)

    def test_without_the_group_there_is_no_way_in(self):
        bed = self.start(groups=(), wait=False)
        bed.agent.wait_log("no AgentX master answers at .*: Permission denied", 20)
        result = bed.agent.run("-t")
        self.assertEqual(result.returncode, 1)
        self.assertIn("agentXPerms", result.stdout)
        self.assertFalse(bed.walk())
        # Nor with a program of one's own.
        python = bed.agent.as_user("/usr/bin/python3", "-c", FORBIDDEN, bed.snmpd.agentx)
        self.assertEqual(python.stdout.strip(), "13", python.stdout)  # EACCES
        bed.agent.stop()

    def test_memory_is_hidden_from_the_same_user(self):
        bed = self.start()
        self.assertEqual(attack.limits(bed.agent.pid)["Max core file size"], "0")
        # What is not dumpable belongs to root, and the owner's other programs cannot look in.
        for name in ("mem", "environ", "maps"):
            path = f"/proc/{bed.agent.pid}/{name}"
            self.assertEqual(os.stat(path).st_uid, 0)
            result = bed.agent.as_user("head", "-c1", path)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("Permission denied", result.stdout)

    def test_password_of_somebody_else(self):
        bed = self.start()
        path = attack.write_file(os.path.join(self.directory, "password"), PASSWORD)
        bed.agent.configure(f"ldmUser snmp\nldmPasswordFile {path}\n")
        for uid, mode, why in ((0, 0o600, "Permission denied"),
                               (bed.agent.user.pw_uid, 0o640, "0600"),
                               (bed.agent.user.pw_uid, 0o604, "0600"),
                               (bed.agent.user.pw_uid, 0o620, "0600"),
                               (12345, 0o644, "0600")):
            os.chown(path, uid, GROUP)
            os.chmod(path, mode)
            result = bed.agent.run("-l")
            self.assertEqual(result.returncode, 2, result)
            self.assertIn(why, result.stderr)
            self.assertNotIn(PASSWORD, result.stderr)

    def test_state_directory_of_somebody_else(self):
        user = attack.nobody()
        os.chmod(self.directory, 0o755)
        agent = UserAgent(os.path.join(self.directory, "a"), "xmpp:127.0.0.1:1",
                          "unix:/nonexistent", user)
        for uid, mode in ((12345, 0o777), (12345, 0o700), (0, 0o770), (0, 0o777)):
            os.chown(agent.state, uid, user.pw_gid)
            os.chmod(agent.state, mode)
            result = agent.run("-f")
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr,
                             "state directory .*(belongs to another user|can change it)")
            self.assertEqual(os.listdir(agent.state), [])


class AsRoot(harness.TestCase):

    def test_keeps_only_the_way_to_files(self):
        attack.need_root()
        bed = self.bed()
        found = attack.status(bed.agent.pid)
        for name in ("CapPrm", "CapEff"):
            self.assertEqual(int(found[name], 16) & ~CAP_DAC_OVERRIDE, 0, name)
        self.assertEqual(int(found["CapInh"], 16), 0)
        self.assertEqual(found["NoNewPrivs"], "1")
        self.assertRegex(bed.agent.log(), "warning: main: running as root")

    def test_does_not_take_over_the_state_of_the_agents_user(self):
        """Else its files would be root's, and the agent's user could not start any more."""
        user = attack.nobody()
        agent = Agent(os.path.join(self.directory, "a"), "xmpp:127.0.0.1:1", "unix:/nonexistent")
        os.chown(agent.state, user.pw_uid, user.pw_gid)
        for option in ("-f", "-t"):
            result = agent.run(option)
            self.assertEqual(result.returncode, 1)
            self.assertIn("belongs to another user", result.stdout + result.stderr)
        self.assertEqual(os.listdir(agent.state), [])


class Files(harness.TestCase):
    """Links and modes that another user prepared."""

    def agent(self, conf=""):
        return Agent(os.path.join(self.directory, "a"), "xmpp:127.0.0.1:1", "unix:/nonexistent",
                     conf)

    def precious(self):
        return attack.write_file(os.path.join(self.directory, "precious"), "secret-line\n")

    def content(self):
        with open(os.path.join(self.directory, "precious")) as f:
            return f.read()

    def refuse(self, agent, *options):
        result = agent.run("-f", *options)
        self.assertEqual(result.returncode, 1, result)
        self.assertEqual(self.content(), "secret-line\n")
        self.assertNotIn("secret-line", result.stderr)
        return result

    def test_links_in_the_state_directory(self):
        for names in (["lock"], ["index-registry"], ["index-registry", "index-registry.copy"]):
            with self.subTest(names):
                agent = self.agent()
                for name in names:
                    os.symlink(self.precious(), os.path.join(agent.state, name))
                self.refuse(agent)
                for left in os.listdir(agent.state):
                    os.unlink(os.path.join(agent.state, left))

    def test_links_that_are_put_aside(self):
        """The history is no reason not to start; but nothing is written where a link leads to."""
        bed = harness.Bed(os.path.join(self.directory, "0"), start=False)
        self.beds.append(bed)
        history = os.path.join(bed.agent.state, "history")
        os.symlink(self.precious(), history)
        bed.agent.options = ["-R"]  # state files without a registry
        bed.start()
        bed.snmp("set", [cell("NumVCPU", bed.indexes()["ldg1"]), "u", "5"], auth=("-v2c", "-c", "private"))
        wait_for(lambda: os.path.exists(history) and not os.path.islink(history), what=history)
        self.assertEqual(self.content(), "secret-line\n")
        self.assertNotIn("secret-line", bed.agent.log())

    def test_links_in_the_place_of_earlier_files(self):
        bed = harness.Bed(os.path.join(self.directory, "0"), start=False)
        self.beds.append(bed)
        for name in ("journal", "operations"):
            os.symlink(self.precious(), os.path.join(bed.agent.state, name))
        bed.agent.options = ["-R"]  # state files without a registry
        bed.start()
        bed.snmp("set", [cell("NumVCPU", bed.indexes()["ldg1"]), "u", "5"], auth=("-v2c", "-c", "private"))
        names = os.listdir(bed.agent.state)
        self.assertIn("history", names)
        self.assertNotIn("journal", names)
        self.assertNotIn("operations", names)
        self.assertEqual(self.content(), "secret-line\n")
        self.assertNotIn("secret-line", bed.agent.log())

    def test_pid_file_is_a_link(self):
        agent = self.agent()
        pidfile = os.path.join(self.directory, "pid")
        os.symlink(self.precious(), pidfile)
        self.assertIn("pid file", self.refuse(agent, "-p", pidfile).stderr)
        os.unlink(pidfile)
        os.link(self.precious(), pidfile)
        self.assertIn("pid file", self.refuse(agent, "-p", pidfile).stderr)

    def test_state_directory_is_made_private(self):
        bed = harness.Bed(os.path.join(self.directory, "0"), start=False)
        self.beds.append(bed)
        os.rmdir(bed.agent.state)
        before = os.umask(0)
        try:
            bed.start()
        finally:
            os.umask(before)
        self.assertEqual(stat.S_IMODE(os.stat(bed.agent.state).st_mode), 0o700)
        for name in os.listdir(bed.agent.state):
            mode = os.stat(os.path.join(bed.agent.state, name)).st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o600, name)

    def test_state_directory_for_everybody(self):
        self.precious()
        for mode in (0o777, 0o1777, 0o770):
            agent = self.agent()
            os.chmod(agent.state, mode)
            self.assertIn("can change it", self.refuse(agent).stderr)
            self.assertIn("mode 0700", agent.run("-t").stdout)

    def test_configuration_for_everybody(self):
        agent = self.agent()
        for mode, why in ((0o666, "everybody can change it"), (0o664, "its group can change it"),
                          (0o644, None), (0o600, None)):
            os.chmod(agent.path("agent.conf"), mode)
            told = re.findall(r"warning: config: .*agent\.conf: (.*?);", agent.run("-t").stderr)
            self.assertEqual(told, [why] if why else [])

    def test_pinned_certificate_for_everybody(self):
        pem = attack.write_file(os.path.join(self.directory, "pem"), "", 0o666)
        agent = self.agent(f"ldmCertificate {pem}\n")
        self.assertIn(f"ldmCertificate {pem}: everybody can change it", agent.run("-l").stderr)

    def test_password_files_that_are_none(self):
        agent = self.agent()
        folder = os.path.join(self.directory, "folder")
        os.mkdir(folder, 0o700)
        fifo = os.path.join(self.directory, "fifo")
        os.mkfifo(fifo, 0o600)
        empty = attack.write_file(os.path.join(self.directory, "empty"), "\nword\n")
        large = attack.write_file(os.path.join(self.directory, "large"), "x" * 2000)
        for path in (folder, fifo, empty, large, "/nonexistent/password"):
            with self.subTest(path):
                agent.configure(f"ldmUser snmp\nldmPasswordFile {path}\n")
                result = agent.run("-l")
                self.assertEqual(result.returncode, 2)
                self.assertIn(f"ldmPasswordFile {path}", result.stderr)


class Secrets(harness.TestCase):
    """The password of ldmd and those of OpenBoot, wherever one may look."""

    def test_nowhere_to_be_seen(self):
        sim_options = ["-u", f"snmp:{PASSWORD}"]
        bed = harness.Bed(os.path.join(self.directory, "0"), start=False, sim_options=sim_options)
        self.beds.append(bed)
        password = attack.write_file(os.path.join(self.directory, "password"), PASSWORD + "\n")
        bed.agent.configure(f"refreshInterval 0.5\nlogLevel debug\nldmVerify no\n"
                            f"ldmUser snmp\nldmPasswordFile {password}\n")
        bed.agent.options = ["-D", "all"]
        bed.start()
        bed.sim.do("do set-variable ldg1 security-password=xyzzy-plugh")
        bed.sim.do("do set-variable ldg1 wan-boot-key=plover-1")
        bed.snmp("set", [cell("NumVCPU", 2), "u", "5"], auth=("-v2c", "-c", "private"))
        variables = harness.ROOT + ".1.18"
        wait_for(lambda: any(value == b"wan-boot-key" for _, _, value in bed.walk(variables)), 30,
                 "the variable")
        secrets = [PASSWORD, "xyzzy-plugh", "plover-1", attack.plain_response("snmp", PASSWORD)]
        pid = bed.agent.pid
        texts = {"walk": repr(bed.walk(harness.ROOT)), "log": bed.agent.log(),
                 "constraints": bed.agent.run("-X", "ldg1").stdout,
                 "list": bed.agent.run("-l").stdout, "test": bed.agent.run("-t").stdout}
        self.assertIn("<action>add-domain", texts["constraints"])
        self.assertIn("ldm:xml", texts["log"])
        self.assertIn("everything is in place", texts["test"])
        for name in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{name}", "rb") as f:
                texts[name] = f.read().decode(errors="replace")
        for name in os.listdir(bed.agent.state):
            with open(os.path.join(bed.agent.state, name), errors="replace") as f:
                texts[name] = f.read()
        for name, text in texts.items():
            for secret in secrets:
                self.assertNotIn(secret, text, name)

    def test_left_out_of_constraints(self):
        sim = self.process(Simulator(os.path.join(self.directory, "s"))).start()
        sim.do("do set-variable ldg1 security-password=xyzzy-plugh")
        sim.do("do set-variable ldg1 security-mode=full")
        sim.do("do set-variable ldg1 boot-device=vdisk7")
        agent = Agent(os.path.join(self.directory, "a"), sim.address, "unix:/nonexistent/x")
        result = agent.run("-X", "ldg1")
        self.assertEqual(result.returncode, 0)
        self.assertIn("vdisk7", result.stdout)
        self.assertNotIn("security-", result.stdout)
        self.assertIn("2 secret values", result.stderr)

    def test_one_shots_hide_their_memory(self):
        """A question to a hung ldmd, with the password in memory."""
        sim = self.process(Simulator(os.path.join(self.directory, "s"), faults=["hang"])).start()
        agent = self.process(Agent(os.path.join(self.directory, "a"), sim.address,
                                   "unix:/nonexistent/x", "requestTimeout 60\n"))
        agent.launch(agent.command("-l"))
        wait_for(lambda: harness.stats(sim)["requests"], what="the question")
        self.assertEqual(attack.limits(agent.pid)["Max core file size"], "0")
        self.assertEqual(attack.status(agent.pid)["NoNewPrivs"], "1")
        self.assertEqual(int(attack.status(agent.pid)["CapEff"], 16) & ~CAP_DAC_OVERRIDE, 0)


class AgentX(harness.TestCase):
    """AgentX has neither users nor secrets: it must not cross a network."""

    def test_only_on_this_host(self):
        agent = Agent(os.path.join(self.directory, "a"), "xmpp:127.0.0.1:1", "unix:/nonexistent")
        for address in ("tcp:192.0.2.1:705", "tcp:example.com:705", "tcp:0.0.0.0:705",
                        "tcp:localhost.example.com:705", "tcp:127.0.0.1.example.com:705",
                        "tcp::705", "tcp:705", "tcp6:[::1]:705", "ssh:localhost", "dtlsudp:x"):
            for options in (["-x", address], ["-c", self.conf(agent, address)]):
                result = agent.run(*options, "-t")
                self.assertEqual(result.returncode, 2, (address, result))
        for address in ("tcp:localhost:705", "tcp:127.0.0.1:705", "tcp:[::1]:705", "unix:/x", "/x"):
            self.assertEqual(agent.run("-x", address, "-t").returncode, 1)

    def conf(self, agent, address):
        return attack.write_file(agent.path("other.conf"), f"agentXSocket {address}\n")

    def test_no_socket_of_its_own(self):
        """It connects, and nobody connects to it."""
        bed = self.bed()
        listening = set()
        for table in ("tcp", "tcp6", "udp", "udp6"):
            with open(f"/proc/net/{table}") as f:
                for line in list(f)[1:]:
                    fields = line.split()
                    if fields[3] == "0A" or table.startswith("udp"):
                        listening.add(fields[9])
        inodes = set()
        for fd in os.listdir(f"/proc/{bed.agent.pid}/fd"):
            target = os.readlink(f"/proc/{bed.agent.pid}/fd/{fd}")
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
        self.assertTrue(inodes)
        self.assertEqual(inodes & listening, set())

