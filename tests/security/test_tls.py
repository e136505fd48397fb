"""A man in the middle between the agent and ldmd, and an impostor in ldmd's place: what they get to
hear, and what they can make the agent believe."""
import os
import tempfile

import harness
from harness import Agent, Simulator, scalar, wait_for

import attack
from attack import REMOTE, Server

PASSWORD = "pass-word-1"
TOLD = attack.plain_response("snmp", PASSWORD).encode()
REPLY = ("<LDM_interface version='1.3'><cmd><action>list-domain</action><data version='3.0'>"
         "<Envelope><References/><Content id='impostor'><Section><Item><OtherResourceType>ldom_info"
         "</OtherResourceType><GenericProperty key='state'>active</GenericProperty></Item></Section>"
         "</Content></Envelope><response><status>success</status></response></data><response>"
         "<status>success</status></response></cmd></LDM_interface>")


def talk_as_ldmd(pem, key):
    """All that ldmd does for a remote client, password included."""
    def script(peer):
        if not peer.begin() or not peer.start_tls(pem, key):
            return
        peer.say(attack.MECHANISMS)
        if not peer.expect("</auth>"):
            return
        peer.say("<success/>")
        peer.expect('id="xmpp">')
        peer.say(attack.NO_OFFER)
        peer.expect("</LDM_interface>")
        peer.say(REPLY)
        peer.wait()
    return script


def strip(peer):
    peer.expect("<stream:stream")
    peer.say(attack.NO_OFFER)
    peer.wait()


def strip_and_ask_for_the_password(peer):
    peer.expect("<stream:stream")
    peer.say(attack.MECHANISMS)
    peer.wait()


def refuse(peer):
    peer.begin()
    peer.say("<failure/>")
    peer.wait()


def go_on_in_the_clear(peer):
    peer.begin()
    peer.say("<proceed/>" + attack.MECHANISMS)
    peer.wait()


def go_on_in_the_clear_later(peer):
    peer.begin()
    peer.say("<proceed/>")
    # The first bytes of the handshake are there: it has begun.
    peer.connection.recv(1)
    peer.say(attack.MECHANISMS)
    peer.wait()


def never_proceed(peer):
    peer.begin()
    peer.say("<success/>" + attack.HEADER + "<stream:features/>" + REPLY)
    peer.wait()


class Impostor(harness.TestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.TemporaryDirectory(prefix="ldoms-")
        cls.authority = attack.Authority(cls.folder.name)
        cls.addClassCleanup(cls.folder.cleanup)

    def serve(self, script):
        server = Server(script)
        self.addCleanup(server.stop)
        return server

    def ask(self, server, host="127.0.0.1", conf="", env=None, timeout=10):
        """What `ldoms-agentx -l` says to it."""
        agent = Agent(os.path.join(self.directory, "a"), f"xmpp:{host}:{server.port}",
                      "unix:/nonexistent/agentx")
        password = attack.write_file(agent.path("password"), PASSWORD + "\n")
        agent.configure(f"requestTimeout {timeout}\nldmUser snmp\nldmPasswordFile {password}\n{conf}")
        for name, value in (env or {}).items():
            self.addCleanup(os.environ.pop, name)
            os.environ[name] = value
        return agent.run("-D", "ldm", "-l")

    def assert_refused(self, server, result, why, status=1):
        self.assertEqual(result.returncode, status, result)
        self.assertRegex(result.stderr, why)
        self.assertNotIn("impostor", result.stdout)
        self.assertNotIn(b"<auth", server.heard())
        self.assertNotIn(TOLD, server.heard())
        self.assertNotIn(b"LDM_interface", server.heard())
        self.assertNotIn(PASSWORD, result.stderr)

    def assert_let_in(self, server, result):
        self.assertEqual(result.returncode, 0, result)
        self.assertIn("impostor", result.stdout)
        self.assertIn(TOLD, server.heard())

    def test_no_starttls_no_password(self):
        for host, conf in (("127.0.0.1", ""), ("127.0.0.1", "ldmVerify no\n"), (REMOTE, "")):
            for script, why in ((strip, "offers no TLS"),
                                (strip_and_ask_for_the_password, "offers no TLS"),
                                (refuse, "refuses TLS"),
                                (go_on_in_the_clear, "talks on in the clear"),
                                (go_on_in_the_clear_later, "TLS: wrong version"),
                                (never_proceed, "in time")):
                with self.subTest(f"{script.__name__} {host} {conf}"):
                    server = self.serve(script)
                    timeout = 1 if script is never_proceed else 10
                    self.assert_refused(server, self.ask(server, host, conf, timeout=timeout),
                                        why)

    def test_default_for_a_remote_host_is_to_verify(self):
        server = self.serve(talk_as_ldmd(*self.authority.self_signed("ldmd")))
        self.assert_refused(server, self.ask(server, REMOTE),
                            "not trusted, see ldmCertificate: self-signed certificate")

    def test_a_password_is_verified_for_on_loopback_too(self):
        server = self.serve(talk_as_ldmd(*self.authority.self_signed("ldmd")))
        self.assert_refused(server, self.ask(server), "self-signed certificate")
        # Unless the administrator says that it does not matter.
        self.assert_let_in(server, self.ask(server, conf="ldmVerify no\n"))

    def test_impostor_on_loopback_is_believed(self):
        """Without a password and a pinned certificate, as docs/security.md says; with one not."""
        pem, key = self.authority.self_signed("impostor")

        def script(peer):
            if peer.begin() and peer.start_tls(pem, key):
                peer.say(attack.NO_OFFER)
                peer.expect("</LDM_interface>")
                peer.say(REPLY)
                peer.wait()
        server = self.serve(script)
        agent = Agent(os.path.join(self.directory, "a"), f"xmpp:127.0.0.1:{server.port}",
                      "unix:/nonexistent/agentx")
        self.assertIn("impostor", agent.run("-l").stdout)
        agent.configure(f"ldmCertificate {self.authority.certificate}\n")
        result = agent.run("-l")
        self.assertEqual(result.returncode, 1)
        self.assertNotIn("impostor", result.stdout)

    def test_remote_exceptions_are_mistakes(self):
        server = self.serve(talk_as_ldmd(*self.authority.self_signed("ldmd")))
        for conf, why in (("ldmVerify no\n", "must be verified"),
                          ("ldmTlsMinimum 1.1\n", "before 1.2"),
                          ("ldmTlsMinimum 1.0\n", "before 1.2")):
            self.assert_refused(server, self.ask(server, REMOTE, conf), why, status=2)
            self.assertEqual(server.peers, [])

    def test_pinned(self):
        pem, key = self.authority.self_signed("ldmd", "subjectAltName=DNS:some.other.name")
        server = self.serve(talk_as_ldmd(pem, key))
        self.assert_let_in(server, self.ask(server, REMOTE, f"ldmCertificate {pem}\n"))
        # Another one that says the same of itself.
        with open(pem, "rb") as f:
            pinned = f.read()
        other = self.serve(talk_as_ldmd(*self.authority.self_signed(
            "ldmd", "subjectAltName=DNS:some.other.name")))
        path = os.path.join(self.directory, "pinned.pem")
        with open(path, "wb") as f:
            f.write(pinned)
        for host in (REMOTE, "127.0.0.1"):
            self.assert_refused(other, self.ask(other, host, f"ldmCertificate {path}\n"),
                                "self-signed certificate")

    def test_certificate_file_that_cannot_be_used(self):
        server = self.serve(talk_as_ldmd(*self.authority.self_signed("ldmd")))
        garbage = attack.write_file(os.path.join(self.directory, "garbage.pem"), "no certificate\n")
        for path, why in (("/nonexistent/ldmd.pem", "No such file or directory"), (garbage, "no start line")):
            self.assert_refused(server, self.ask(server, REMOTE, f"ldmCertificate {path}\n"), f"{path}: {why}")

    def test_authority_and_name(self):
        conf = f"ldmCertificate {self.authority.certificate}\n"
        for name, alternative, host, good in (
                ("by-address", f"IP:{REMOTE}", REMOTE, True),
                ("by-name", "DNS:localhost", "localhost", True),
                ("other-address", "IP:192.0.2.1", REMOTE, False),
                ("other-name", "DNS:ldmd.example.com", "localhost", False),
                ("part-of-name", "DNS:local*", "localhost", False)):
            with self.subTest(name):
                server = self.serve(talk_as_ldmd(*self.authority.issue(name, alternative)))
                result = self.ask(server, host, conf + "ldmVerify yes\n")
                if good:
                    self.assert_let_in(server, result)
                else:
                    self.assert_refused(server, result, "(IP address|hostname) mismatch")

    def test_expired(self):
        server = self.serve(talk_as_ldmd(
            *self.authority.issue("expired", f"IP:{REMOTE}", days="-1")))
        self.assert_refused(
            server, self.ask(server, REMOTE, f"ldmCertificate {self.authority.certificate}\n"),
            "certificate has expired")

    def test_authorities_of_the_system(self):
        good = self.serve(talk_as_ldmd(*self.authority.issue("system", f"IP:{REMOTE}")))
        bad = self.serve(talk_as_ldmd(*self.authority.issue("system-2", "IP:192.0.2.1")))
        self.assert_refused(good, self.ask(good, REMOTE), "unable to get local issuer")
        trust = {"SSL_CERT_FILE": self.authority.certificate}
        self.assert_let_in(good, self.ask(good, REMOTE, env=trust))
        self.assert_refused(bad, self.ask(bad, REMOTE), "IP address mismatch")

    def test_unusable_certificate_file(self):
        server = self.serve(strip)
        for text in ("", "no certificate\n"):
            path = attack.write_file(os.path.join(self.directory, "pem"), text)
            for path in (path, "/nonexistent/pem"):
                result = self.ask(server, REMOTE, f"ldmCertificate {path}\n")
                self.assertEqual(result.returncode, 1)
                self.assertNotIn(PASSWORD, result.stderr)
                self.assertNotIn(b"<auth", server.heard())

    def test_password_over_plain_text(self):
        server = self.serve(strip)
        agent = Agent(os.path.join(self.directory, "a"), f"plain:127.0.0.1:{server.port}",
                      "unix:/nonexistent/agentx")
        password = attack.write_file(agent.path("password"), PASSWORD)
        agent.configure(f"ldmUser snmp\nldmPasswordFile {password}\n")
        result = agent.run("-l")
        self.assertEqual(result.returncode, 2)
        self.assertIn("never sent as plain text", result.stderr)
        self.assertEqual(server.peers, [])


class WhileItRuns(harness.TestCase):

    def test_another_certificate_is_not_let_in(self):
        """Somebody takes ldmd's place while the agent runs: the picture stays what it was."""
        pem = os.path.join(self.directory, "pem")
        bed = harness.Bed(os.path.join(self.directory, "0"), start=False,
                          sim_options=["-k", pem, "-u", f"snmp:{PASSWORD}"])
        self.beds.append(bed)
        bed.sim.start()
        bed.snmpd.start()
        password = attack.write_file(os.path.join(self.directory, "password"), PASSWORD)
        bed.agent.configure(f"refreshInterval 0.5\nldmUser snmp\nldmPasswordFile {password}\n"
                            f"ldmCertificate {pem}\n")
        bed.agent.start()
        bed.wait_serving()
        before = {i: row["Name"] for i, row in bed.rows().items()}
        start = len(bed.agent.log())
        bed.sim.do("fault new-cert")
        bed.sim.do("disconnect")
        bed.agent.wait_log("self-signed certificate", start=start)
        wait_for(lambda: scalar(bed, "ldomLinkState") in harness.LINK_LOST, what="the link to be down")
        age = scalar(bed, "ldomDataAge")
        wait_for(lambda: scalar(bed, "ldomDataAge") > age + 100, what="older data")
        self.assertEqual({i: row["Name"] for i, row in bed.rows().items()}, before)
        # Told once, however often it is tried.
        self.assertEqual(bed.agent.log()[start:].count("self-signed certificate"), 1)
        # A SET is not done at an impostor's.
        result = bed.snmp("set", [harness.cell("NumVCPU", 2), "u", "2"],
                          auth=("-v2c", "-c", "private"), check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertNotIn(PASSWORD, bed.agent.log())
        self.assertEqual(harness.stats(bed.sim)["commands"], 0)

    def test_old_tls(self):
        sim = self.process(Simulator(os.path.join(self.directory, "s"),
                                     options=["-L", "3.0"], faults=["tls-old"])).start()
        agent = Agent(os.path.join(self.directory, "a"), sim.address, "unix:/nonexistent/x")
        result = agent.run("-l")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, "TLS: .*(version|protocol)")
        agent.configure("ldmTlsMinimum 1.0\n")
        self.assertEqual(agent.run("-l").returncode, 0)
