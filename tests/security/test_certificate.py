"""--fetch-certificate: how ldmd's certificate becomes the trusted one, and what is not sent for it."""
import hashlib
import os
import ssl
import subprocess

import harness
from harness import Agent, Simulator

import attack
from attack import REMOTE, Server

PASSWORD = "pass-word-1"


def fingerprint(path):
    with open(path) as f:
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(f.read())).hexdigest().upper()
    return ":".join(digest[i:i + 2] for i in range(0, len(digest), 2))


def never_answer(peer):
    peer.expect("<stream:stream")
    peer.wait()


def refuse_tls(peer):
    peer.begin()
    peer.say("<failure/>")
    peer.wait()


def break_the_handshake(peer):
    peer.begin()
    peer.say("<proceed/>")
    peer.expect("\x16\x03")
    peer.say("no TLS, but text")
    peer.wait()


def talk_on(peer):
    peer.begin()
    peer.say("<proceed/>no TLS, but text")
    peer.wait()


class FetchCertificate(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.pem = os.path.join(self.directory, "ldmd.pem")

    def agent(self, port, host=REMOTE, more=""):
        agent = Agent(os.path.join(self.directory, "a"), f"xmpp:{host}:{port}",
                      "unix:/nonexistent/agentx")
        password = attack.write_file(agent.path("password"), PASSWORD + "\n")
        agent.configure(f"requestTimeout 2\nldmUser snmp\nldmPasswordFile {password}\n"
                        f"ldmCertificate {self.pem}\n{more}")
        return agent

    def simulator(self):
        self.real = os.path.join(self.directory, "real.pem")
        sim = Simulator(os.path.join(self.directory, "sim"), options=("-k", self.real, "-u",
                                                                      f"snmp:{PASSWORD}"))
        self.process(sim)
        return sim.start()

    def fetch(self, agent, answer="", *options):
        return subprocess.run(agent.command("--fetch-certificate", *options), input=answer,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=30 * harness.SLOW, check=False)

    def test_nothing_is_trusted_without_a_yes(self):
        agent = self.agent(self.simulator().port)
        for answer in ("", "no\n", "\n", "yessir\n", "yes"):
            result = self.fetch(agent, answer)
            self.assertEqual(result.returncode, 1, result)
            self.assertIn(fingerprint(self.real), result.stdout)
            self.assertIn("Nothing was written", result.stdout)
            self.assertFalse(os.path.exists(self.pem))

    def test_what_is_written_lets_the_agent_in(self):
        agent = self.agent(self.simulator().port)
        self.assertNotEqual(agent.run("-l").returncode, 0)
        result = self.fetch(agent, "yes\n")
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual(fingerprint(self.pem), fingerprint(self.real))
        self.assertEqual(os.stat(self.pem).st_mode & 0o777, 0o644)
        listed = agent.run("-l")
        self.assertEqual(listed.returncode, 0, listed)
        self.assertIn("primary", listed.stdout)
        # A second time there is nothing to ask.
        result = self.fetch(agent)
        self.assertEqual(result.returncode, 0, result)
        self.assertIn("already", result.stdout)

    def test_another_certificate_is_a_question_again(self):
        agent = self.agent(self.simulator().port)
        other, _ = attack.Authority(os.path.join(self.directory, "keys")).self_signed("other")
        with open(other) as f:
            before = attack.write_file(self.pem, f.read(), 0o644)
        result = self.fetch(agent)
        self.assertEqual(result.returncode, 1, result)
        self.assertIn("Replace", result.stdout)
        self.assertEqual(fingerprint(before), fingerprint(other))
        result = self.fetch(agent, "", "--yes")
        self.assertEqual(result.returncode, 0, result)
        self.assertNotIn("?", result.stdout)
        self.assertEqual(fingerprint(self.pem), fingerprint(self.real))

    def test_what_cannot_be(self):
        port = self.simulator().port
        agent = self.agent(port)
        for options in (["--yes", "-l"], ["--yes"], ["--fetch-certificate", "-t"]):
            self.assertEqual(agent.run(*options).returncode, 2, options)
        result = self.fetch(agent, "", "-m", f"plain:127.0.0.1:{port}")
        self.assertEqual(result.returncode, 2, result)
        agent.configure("")
        result = self.fetch(agent, "", "--yes")
        self.assertEqual(result.returncode, 2, result)
        self.assertIn("ldmCertificate", result.stderr)
        agent = self.agent(port)
        self.pem = os.path.join(self.directory, "nowhere", "ldmd.pem")
        agent = self.agent(port)
        result = self.fetch(agent, "", "--yes")
        self.assertEqual(result.returncode, 1, result)
        self.assertIn("No such file", result.stderr)

    def test_no_secret_is_sent(self):
        server = Server(lambda peer: peer.begin() and peer.start_tls(*keys) and peer.wait())
        self.addCleanup(server.stop)
        keys = attack.Authority(os.path.join(self.directory, "keys")).self_signed("ldmd")
        result = self.fetch(self.agent(server.port), "", "--yes")
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual(fingerprint(self.pem), fingerprint(keys[0]))
        self.assertNotIn(b"<auth", server.heard())
        self.assertNotIn(PASSWORD.encode(), server.heard())

    def test_bad_servers(self):
        for script, why in ((never_answer, "timed out"),
                            (refuse_tls, "refuses TLS"),
                            (break_the_handshake, "TLS handshake: "),
                            (talk_on, "talks on in the clear")):
            with self.subTest(script.__name__):
                server = Server(script)
                self.addCleanup(server.stop)
                result = self.fetch(self.agent(server.port), "", "--yes")
                self.assertEqual(result.returncode, 1, result)
                self.assertRegex(result.stderr, why)
                self.assertFalse(os.path.exists(self.pem))
        result = self.fetch(self.agent(harness.free_port()), "", "--yes")
        self.assertEqual(result.returncode, 1, result)
        self.assertIn("Connection refused", result.stderr)
