"""What attackers need: certificates of their own, a server in ldmd's place that says what the test
wants, and another user to be."""
import base64
import contextlib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import threading
import unittest

import harness

HEADER = "<?xml version='1.0'?><stream:stream id='1' version='1.0'>"
OFFER = HEADER + "<stream:features><starttls><required/></starttls></stream:features>"
NO_OFFER = HEADER + "<stream:features/>"
MECHANISMS = HEADER + ("<stream:features><mechanisms><mechanism>PLAIN</mechanism></mechanisms>"
                       "</stream:features>")
# An address that is none of loopback by its looks, but leads there: what is asked of remote hosts
# is asked of it.
REMOTE = "0.0.0.0"


def need_program(name):
    program = harness.find_program(name)
    if not program:
        raise unittest.SkipTest(f"there is no {name}")
    return program


def need_root():
    if os.geteuid() != 0:
        raise unittest.SkipTest("only root can become another user")


def nobody():
    """A user who owns nothing."""
    need_root()
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise unittest.SkipTest("there is no user nobody") from None


class Authority:
    """Keys and certificates below one directory, self-signed or issued by it."""

    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        self.openssl = need_program("openssl")
        self.certificate, self.key = self.self_signed("authority", "basicConstraints=CA:TRUE")

    def _run(self, *arguments):
        subprocess.run([self.openssl, *arguments], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _paths(self, name):
        return [os.path.join(self.directory, name + ending) for ending in (".pem", ".key", ".csr")]

    def _new_key(self):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    def self_signed(self, name, extension="subjectAltName=DNS:localhost"):
        pem, key, _ = self._paths(name)
        self._run("req", "-x509", *self._new_key(), "-keyout", key, "-out", pem, "-days", "2",
                  "-subj", "/CN=" + name, "-addext", extension)
        return pem, key

    def issue(self, name, alternative, days="2"):
        """A certificate for a subjectAltName such as DNS:x or IP:y."""
        pem, key, csr = self._paths(name)
        extension = os.path.join(self.directory, name + ".ext")
        with open(extension, "w") as f:
            f.write(f"subjectAltName={alternative}\n")
        self._run("req", "-new", *self._new_key(), "-keyout", key, "-out", csr,
                  "-subj", "/CN=" + name)
        self._run("x509", "-req", "-in", csr, "-CA", self.certificate, "-CAkey", self.key,
                  "-CAcreateserial", "-days", days, "-extfile", extension, "-out", pem)
        return pem, key


class Peer:
    """One connection of the agent, as the script of a server sees it."""

    def __init__(self, connection):
        self.connection = connection
        self.heard = b""        # all of it, TLS or not

    def say(self, text):
        self.connection.sendall(text if isinstance(text, bytes) else text.encode())

    def expect(self, text):
        """Reads until that was said; False: the agent is gone."""
        start = len(self.heard)
        while text.encode() not in self.heard[start:]:
            piece = self.connection.recv(65536)
            if not piece:
                return False
            self.heard += piece
        return True

    def wait(self):
        """Until the agent is gone."""
        with contextlib.suppress(OSError):
            while piece := self.connection.recv(65536):
                self.heard += piece

    def begin(self):
        """Up to the answer to <starttls/>."""
        return self.expect("<stream:stream") and (self.say(OFFER) or self.expect("<starttls"))

    def start_tls(self, pem, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        self.say("<proceed/>")
        self.connection = context.wrap_socket(self.connection, server_side=True)
        return self.expect('id="xmpp">')


class Server:
    """Listens in ldmd's place; each connection is one run of script(peer), in a thread."""

    def __init__(self, script):
        self.script = script
        self.peers = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(20)
            peer = Peer(connection)
            self.peers.append(peer)
            threading.Thread(target=self._run, args=(peer,), daemon=True).start()

    def _run(self, peer):
        # Whatever the agent does to us is for the test to judge.
        with contextlib.suppress(OSError):
            self.script(peer)
        with contextlib.suppress(OSError):
            peer.connection.close()

    def heard(self):
        return b"".join(peer.heard for peer in self.peers)

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(20)


def plain_response(user, password):
    """What SASL PLAIN says, in base64."""
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


def write_file(path, text, mode=0o600):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def copy_agent(directory):
    """The agent where another user can reach it, whatever the mode of our folders."""
    target = os.path.join(directory, "ldoms-agentx")
    shutil.copy(harness.AGENT, target)
    os.chmod(target, 0o755)
    return target


class UserAgent(harness.Agent):
    """The agent as another user, with no other groups than those given."""

    def __init__(self, directory, ldm, agentx, user, groups=(), conf=""):
        super().__init__(directory, ldm, agentx, conf)
        self.user = user
        os.chmod(directory, 0o755)
        os.chown(self.state, user.pw_uid, user.pw_gid)
        self.program = copy_agent(directory)
        groups = ["--groups", ",".join(map(str, groups))] if groups else ["--clear-groups"]
        self.become = [need_program("setpriv"), "--reuid", str(user.pw_uid), "--regid",
                       str(user.pw_gid), *groups, "--pdeathsig", "KILL"]

    def command(self, *more):
        return self.become + [self.program, "-c", self.path("agent.conf")] + list(more)

    def as_user(self, *command):
        """Something else that this user may try."""
        return subprocess.run([*self.become, *command], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=60, check=False)


def status(pid):
    """{name: value} of /proc/PID/status."""
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def limits(pid):
    """{name: soft limit} of /proc/PID/limits."""
    with open(f"/proc/{pid}/limits") as f:
        return {line[:26].strip(): line[26:].split()[0] for line in list(f)[1:]}
