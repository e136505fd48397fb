"""SNMP managers with and without rights, at Debian's own snmpd configuration with our snippet."""
import hashlib
import os
import pwd
import re
import subprocess
import unittest

import harness
from harness import SCALARS, Snmpd, cell, oid

import attack
from attack import UserAgent

STOCK = "/etc/snmp/snmpd.conf"
SNIPPET = os.path.join(harness.SRC, "docs", "examples", "snmpd-ldoms.conf")
PLAYPEN = "1.3.6.1.4.1.8072.9999.9999.6482"
GROUP = 61234
SYS_CONTACT = ".1.3.6.1.2.1.1.4.0"


def stock_configuration():
    """As the package brings it; an administrator may have changed the one of this machine."""
    attack.need_root()
    try:
        with open(STOCK, "rb") as f:
            text = f.read()
        listed = subprocess.run(["dpkg-query", "-W", "-f", "${Conffiles}", "snmpd"], check=True,
                                stdout=subprocess.PIPE, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        raise unittest.SkipTest("there is no snmpd of Debian's") from None
    if f"{STOCK} {hashlib.md5(text).hexdigest()}" not in listed:
        raise unittest.SkipTest(f"{STOCK} is not the one of the package any more")
    return text.decode()


def auth(user, level="authPriv", password="", privacy=""):
    return ("-v3", "-u", user, "-l", level, "-a", "SHA-256", "-A", password or f"auth-{user}",
            "-x", "AES", "-X", privacy or f"priv-{user}")


class StockSnmpd(Snmpd):
    """Debian's configuration; only addresses and folders are others."""

    def __init__(self, directory, stock, snippet):
        super().__init__(directory)
        os.chmod(directory, 0o755)
        try:
            self.user = pwd.getpwnam("Debian-snmp")
        except KeyError:
            raise unittest.SkipTest("there is no user Debian-snmp") from None
        folder = self.path("snmpd.conf.d")
        os.mkdir(folder)
        stock, changes = re.subn(r"(?m)^agentaddress .*", f"agentaddress udp:127.0.0.1:{self.port}",
                                 stock)
        assert changes == 1, "no agentaddress"
        stock, changes = re.subn(r"(?m)^includeDir .*", f"includeDir {folder}", stock)
        assert changes == 1, "no includeDir"
        snippet = snippet.replace("unix:/var/agentx/master", f"unix:{self.agentx}")
        snippet = snippet.replace("root ldoms-snmp", f"root {GROUP}")
        attack.write_file(self.path("snmpd.conf"), stock, 0o644)
        attack.write_file(os.path.join(folder, "ldoms.conf"), snippet.replace(
            PLAYPEN, harness.ROOT[1:]), 0o644)
        os.mkdir(self.path("persistent"), 0o700)
        attack.write_file(self.path("persistent", "snmpd.conf"), "".join(
            f'createUser {user} SHA-256 "auth-{user}" AES "priv-{user}"\n'
            for user in ("monitor", "operator", "stranger")))
        for name in ("persistent", "persistent/snmpd.conf", ""):
            os.chown(self.path(name), self.user.pw_uid, self.user.pw_gid)

    def start(self):
        # As the package's unit does, and with what docs/security.md says about auditing.
        self.launch([attack.need_program("snmpd"), "-a", "-Lf", self.path("messages"), "-u",
                     "Debian-snmp", "-g", "Debian-snmp", "-I",
                     "-smux,mteTrigger,mteTriggerConf", "-f"],
                    {"SNMP_PERSISTENT_DIR": self.path("persistent"), "MIBS": "",
                     "SNMPCONFPATH": self.directory + ":" + self.path("persistent")})
        harness.wait_for(self._answers, 20, "snmpd")
        return self


class Managers(harness.TestCase):

    def start(self, enable_writing=False, up_to="# For ldom-snmp"):
        user = attack.nobody()
        stock = stock_configuration()
        with open(SNIPPET) as f:
            snippet = f.read()
        if enable_writing:
            snippet = re.sub(r"(?m)^#(view|group|access)\b", r"\1", snippet.partition(
                up_to)[0])
        os.chmod(self.directory, 0o755)
        bed = harness.Bed(os.path.join(self.directory, "0"), start=False)
        os.chmod(bed.directory, 0o755)
        bed.snmpd = StockSnmpd(os.path.join(bed.directory, "stock"), stock, snippet)
        bed.agent = UserAgent(bed.agent.directory, bed.sim.address, bed.snmpd.address, user,
                              (GROUP,))
        self.beds.append(bed)
        bed.sim.start()
        bed.snmpd.start()
        bed.agent.start()
        bed.agent.wait_log("serving")
        harness.wait_for(lambda: self.rows(bed, auth("monitor")), 20, "the table")
        return bed

    def ours(self, bed, who, verb, name):
        """What is shown of our MIB."""
        root = oid(harness.ROOT)
        result = bed.snmp(verb, [name], ["-On", "-Oe", "-t", "0.5", "-r", "1"], auth=who,
                          check=False)
        return [found for found in harness.parse_varbinds(result.stdout)
                if found[0][:len(root)] == root and not found[1].startswith("No ")]

    def rows(self, bed, who):
        return self.ours(bed, who, "walk", cell("Name", 0)[:-2])

    def sees_nothing(self, bed, who):
        self.assertEqual(self.ours(bed, who, "walk", harness.ROOT), [])
        for name in (cell("Name", 1), SCALARS["ldomLinkState"]):
            for verb in ("get", "getnext"):
                self.assertEqual(self.ours(bed, who, verb, name), [])

    def cannot_set(self, bed, who, why, name=None, kind="u", value="5"):
        # What is to be an answer may take a while; a Timeout is waited for.
        patience = "1" if "Timeout" in why else "10"
        result = bed.snmp("set", [name or cell("NumVCPU", 2), kind, value], ["-t", patience, "-r", "0"],
                          auth=who, check=False)
        self.assertNotEqual(result.returncode, 0, result)
        self.assertRegex(result.stdout + result.stderr, why)
        self.assertEqual(harness.stats(bed.sim)["commands"], 0)
        # It did not even come as far as the agent.
        sets = bed.snmp("get", [SCALARS["ldomSets"], SCALARS["ldomSetsRefused"]], ["-On", "-Oe"],
                        auth=auth("monitor"))
        self.assertEqual([value for _, _, value in harness.parse_varbinds(sets.stdout)], [0, 0])

    def test_communities(self):
        bed = self.start()
        for version in ("-v1", "-v2c"):
            public = (version, "-c", "public")
            self.assertIn("Dock of the Bay", bed.snmp(
                "get", [".1.3.6.1.2.1.1.6.0"], auth=public).stdout)
            self.sees_nothing(bed, public)
            self.cannot_set(bed, public, "noAccess|notWritable|noSuchName|Timeout")
            for community in ("private", "ldoms", ""):
                wrong = (version, "-c", community)
                result = bed.snmp("get", [cell("Name", 1)], ["-t", "0.5", "-r", "0"], auth=wrong,
                                  check=False)
                self.assertIn("Timeout", result.stdout + result.stderr)
                self.cannot_set(bed, wrong, "Timeout")

    def test_reading_needs_authentication_and_encryption(self):
        bed = self.start()
        domains = harness.dump(bed.sim)["domains"]
        self.assertEqual(sorted(value.decode() for _, _, value in self.rows(bed, auth("monitor"))),
                         sorted(domain["name"] for domain in domains))
        for level in ("noAuthNoPriv", "authNoPriv"):
            self.sees_nothing(bed, auth("monitor", level))
            self.cannot_set(bed, auth("monitor", level), "authorizationError|noAccess")
        for wrong, why in ((auth("monitor", password="wrong-word"), "Authentication failure"),
                           (auth("monitor", privacy="wrong-word"), "Timeout|Decryption"),
                           (auth("nobody-here"), "Unknown user name")):
            self.sees_nothing(bed, wrong)
            self.cannot_set(bed, wrong, why)

    def test_users_without_rights(self):
        bed = self.start()
        self.cannot_set(bed, auth("monitor"), "noAccess|notWritable")
        # In no group, so far: the lines for the operator are comments.
        for user in ("stranger", "operator"):
            self.sees_nothing(bed, auth(user))
            self.cannot_set(bed, auth(user), "authorizationError|noAccess")

    def test_writing_when_it_is_enabled(self):
        bed = self.start(enable_writing=True)
        self.sees_nothing(bed, auth("stranger"))
        self.sees_nothing(bed, ("-v2c", "-c", "public"))
        self.assertEqual(len(self.rows(bed, auth("operator"))), 8)
        for who in (auth("monitor"), auth("stranger"), auth("operator", "authNoPriv"),
                    auth("operator", "noAuthNoPriv"), ("-v2c", "-c", "public")):
            self.cannot_set(bed, who, "authorizationError|noAccess|notWritable")
        new = 9
        self.cannot_set(bed, auth("operator"), "noAccess", cell("Name", new), "s", "x")
        self.cannot_set(bed, auth("operator"), "noAccess", cell("RowStatus", 8), "i", "6")
        self.cannot_set(bed, auth("operator"), "noAccess", SYS_CONTACT, "s", "x")
        for column, kind, value in (("NumVCPU", "u", 5), ("MemSize", "u", 4352),
                                    ("AdminState", "i", 2)):
            bed.snmp("set", [cell(column, 2), kind, str(value)], auth=auth("operator"))
            harness.wait_for(lambda: bed.get(cell(column, 2), auth=auth("monitor")) == value,
                             what=column)
        self.assertEqual(harness.stats(bed.sim)["commands"], 3)
        self.assert_audited(bed)
        result = self.ldom_snmp(bed, "set", "ldg1", "vcpu=6")
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertIn("ldg1: refused (noAccess): snmpd does not let this user write ldomName\n", result.stderr)

    def ldom_snmp(self, bed, *arguments):
        return subprocess.run(
            [os.path.join(harness.BUILD, "ldom-snmp"), *auth("operator"), "-t", "5", "-r", "1",
             f"udp:127.0.0.1:{bed.snmpd.port}", *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
            timeout=60 * harness.SLOW,
            env=dict(os.environ, MIBS="", SNMPCONFPATH=bed.directory,
                     SNMP_PERSISTENT_DIR=os.path.join(bed.directory, "client")))

    def test_writing_with_ldom_snmp(self):
        """It also writes the name, which the snippet has a line for."""
        bed = self.start(enable_writing=True, up_to="# To make and remove")
        result = self.ldom_snmp(bed, "set", "ldg1", "vcpu=6")
        self.assertEqual(result.returncode, 0, result.stderr)
        result = self.ldom_snmp(bed, "set", "ldg1", "crypto=1")
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertIn("snmpd does not let this user write ldomNumCrypto", result.stderr)

    def assert_audited(self, bed):
        """What is to be found afterwards: where a request came from, and what became of it."""
        with open(bed.snmpd.path("messages")) as f:
            self.assertRegex(f.read(), r"Received SNMP packet\(s\) from UDP: \[127\.0\.0\.1\]")
        bed.agent.wait_log(r'notice: control: operation 1: "ldg1": vcpus=5: succeeded .*was vcpus=4')
        bed.agent.wait_log(r'operation 2: "ldg1": memory=4352M: succeeded')
        history = bed.snmp("walk", [harness.ROOT + ".1.30"], ["-On", "-Oe"], auth=auth("monitor"))
        texts = [value for _, _, value in harness.parse_varbinds(history.stdout)]
        for request in (b"vcpus=5", b"memory=4352M", b"state=bound"):
            self.assertIn(request, texts)
