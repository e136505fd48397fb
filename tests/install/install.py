"""README in a bare Debian 12: its commands as they stand, from source and from the packages.

    make check-install            # needs root, debootstrap, systemd-nspawn, and Debian's archive

Each case says what a stranger's host looks like; what is served is asked for as a user without rights.
"""
import glob
import os
import re
import shutil
import subprocess
import unittest

import bareroot
from bareroot import BUILD, SRC, Root, wait_for
from commands import logical_lines, manual_examples, readme_blocks

SECRET = "the password"
# What other programs write while one looks, and what apt itself keeps.
NOISE = re.compile(r"/var/(log|cache|tmp|backups)/|/var/lib/(apt|dpkg|systemd|private|snmp|ucf)/|"
                   r"/etc/(passwd-|group-|shadow-|gshadow-|subuid-?|subgid-?|ld\.so\.cache|"
                   r"\.pwd\.lock|machine-id|mtab)|/usr/share/(info/dir|mime)|/home/me(/|$)")


class InRoot(unittest.TestCase):

    maxDiff = None

    def root(self, name):
        root = Root(name)
        root.__enter__()
        self.addCleanup(root.__exit__, None, None, None)
        # The control domain's own file is copied by hand where a test needs it.
        root.certificate = os.path.join(bareroot.PLACE, name + ".certificate")
        root.start_simulator("-u", f"snmp:{SECRET}", "-k", root.certificate)
        root.boot()
        root.run("useradd -m me")
        return root

    def give_source(self, root):
        """A clean clone in /root/ldoms-snmp."""
        to = root.inside("/root/ldoms-snmp")
        names = subprocess.run(["git", "-C", SRC, "ls-files", "-z"], stdout=subprocess.PIPE,
                               check=False).stdout.decode().split("\0")[:-1]
        if not names:
            shutil.copytree(SRC, to, symlinks=True)
        for name in names:
            os.makedirs(os.path.dirname(os.path.join(to, name)), exist_ok=True)
            shutil.copy2(os.path.join(SRC, name), os.path.join(to, name))

    def give_packages(self, root):
        """As `make deb' made them."""
        to = root.inside("/root/ldoms-snmp/packages")
        os.makedirs(to)
        packages = glob.glob(os.path.join(BUILD, "packages", "*.deb"))
        self.assertTrue(packages, "make deb first")
        for package in packages:
            if "-dbgsym_" not in package:
                shutil.copy(package, to)

    def run_block(self, root, heading, text=""):
        root.run(f"cd /root/ldoms-snmp && set -e\n{readme_blocks(heading)[0]}", text=text)

    def first_start_of_snmpd(self, root):
        root.run("apt-get install -y snmpd snmp")
        mode = root.run("stat -c %a /var/agentx").stdout.strip()
        self.assertEqual(mode, "700", "snmpd makes the folder in another way now: README is too long")

    def configure(self, root):
        """README's `Then', up to the running service; a person says yes once."""
        blocks = readme_blocks("#### Then")
        self.assertEqual(len(blocks), 3)
        root.run("set -e\n" + blocks[0], text="yes\n")
        shown = root.run("set -e\n" + blocks[1]).stdout
        self.assertIn("everything is in place", shown)
        return blocks[2]

    def assert_served(self, root, ask):
        """The table, by name, to a user without rights."""
        self.assert_table(root, ask)
        self.assertEqual(root.run("systemctl is-active ldoms-agentx").stdout.strip(), "active")
        self.assertEqual(root.run("ps -C ldoms-agentx -o user:20=").stdout.strip(), "ldoms-snmp")

    def assert_table(self, root, ask):
        shown = wait_for(lambda: self.table(root, ask), 30, "the table")
        self.assertRegex(shown, r"SNMP table: LDOMS-MIB::ldomTable")
        self.assertRegex(shown, r"(?m)^ *3 +web01 +active +active +8 ")
        self.assertEqual(len(re.findall(r"(?m)^ *\d+ +\S+ +(?:active|bound|inactive) ", shown)), 8)

    def table(self, root, ask):
        result = root.run(ask, user="me", check=False)
        return result.stdout if "web01" in result.stdout else None

    def assert_survives(self, root, ask):
        root.reboot()
        self.assert_served(root, ask)
        # snmpd makes the folder anew, in the way that our file for it says.
        root.run("systemctl stop snmpd; rm -r /var/agentx; systemctl start snmpd")
        self.assert_served(root, ask)
        root.run("chmod 0700 /var/agentx")
        root.reboot()
        self.assert_served(root, ask)
        root.run("systemctl restart snmpd")
        self.assert_served(root, ask)
        self.assertEqual(root.run("systemctl --failed --no-legend").stdout.strip(), "")

    def assert_left(self, before, after, allowed=()):
        left = sorted(path for path in set(after) - set(before)
                      if not NOISE.search(path) and path not in allowed)
        self.assertEqual(left, [])
        gone = sorted(path for path in set(before) - set(after) if not NOISE.search(path))
        self.assertEqual(gone, [])


class FromSource(InRoot):

    def test_readme(self):
        """On a host without snmpd, then on one where snmpd has started before."""
        root = self.root("from-source")
        self.give_source(root)
        lines = logical_lines(readme_blocks("#### From source")[0])
        root.run(f"cd /root/ldoms-snmp && {lines[0]}")
        root.run("systemctl stop snmpd; rm -r /var/agentx")
        before = root.files()
        for line in lines[1:]:
            root.run(f"cd /root/ldoms-snmp && {line}")
        ask = self.configure(root)
        self.assert_served(root, ask)
        self.check_manuals(root)
        self.assert_survives(root, ask)
        self.check_uninstall(root, before)

        # Now the other way round: snmpd first.
        root.run("systemctl stop snmpd; rm -r /var/agentx; rm -f /etc/ldoms-snmp/*; "
                 "systemctl start snmpd")
        self.assertEqual(root.run("stat -c %a /var/agentx").stdout.strip(), "700")
        root.run("cd /root/ldoms-snmp && make install && " + lines[-1])
        ask = self.configure(root)
        self.assert_served(root, ask)
        self.check_without_systemd(root, ask)

    def check_without_systemd(self, root, ask):
        """The same host; only that systemd neither makes nor starts anything."""
        root.run("systemctl disable --now ldoms-agentx snmpd; userdel ldoms-snmp; "
                 "rm -r /var/lib/ldoms-snmp /var/agentx; rm /usr/lib/tmpfiles.d/ldoms-snmp.conf "
                 "/usr/lib/sysusers.d/ldoms-snmp.conf")
        password = "/etc/ldoms-snmp/password"
        lines = logical_lines(readme_blocks("#### Without systemd")[0])
        root.run("\n".join(["set -e", lines[0], f"chown ldoms-snmp {password}", *lines[1:]]))
        wait_for(lambda: self.table(root, ask), 30, "the table")
        self.assertEqual(root.run("ps -C ldoms-agentx -o user:20=").stdout.strip(), "ldoms-snmp")

    def check_uninstall(self, root, before):
        """What is left is state, the user, and configuration that was changed."""
        root.run("systemctl disable --now ldoms-agentx; cd /root/ldoms-snmp && make uninstall")
        after = root.files()
        allowed = {path for path in after if path.startswith("/var/lib/ldoms-snmp")}
        allowed |= {"/etc/ldoms-snmp", "/etc/ldoms-snmp/ldoms-agentx.conf",
                    "/etc/ldoms-snmp/cdom1.pem", "/etc/ldoms-snmp/password", "/var/agentx"}
        self.assert_left(before, {path: mode for path, mode in after.items()
                                  if not path.startswith("/var/agentx/")}, allowed)

    def check_manuals(self, root):
        """Every command of a manual's examples runs as it stands."""
        for prompt in "#$":
            commands = [example[2:] for example in manual_examples("ldoms-agentx.8")
                        if example[0] == prompt]
            self.assertTrue(commands)
            root.run("set -ex\n" + "\n".join(commands), user="root" if prompt == "#" else "me")
        saved = root.inside("/var/lib/ldoms-snmp/templates/web")
        with open(saved) as f:
            self.assertIn("<LDM_interface", f.read())


class FromPackages(InRoot):

    def test_readme(self):
        """snmpd has started before; then the packages, then everything away again."""
        root = self.root("from-packages")
        self.first_start_of_snmpd(root)
        before = root.files()
        users = root.run("cut -d: -f1 /etc/passwd /etc/group").stdout
        self.give_packages(root)
        self.run_block(root, "#### From packages")
        self.assert_waits(root)
        root.reboot()
        self.assert_waits(root)
        ask = self.configure(root)
        self.assert_served(root, ask)
        self.assert_survives(root, ask)
        root.run("apt-get purge -y --autoremove 'ldoms-snmp*'")
        self.assert_left(before, root.files())
        self.assertEqual(root.run("cut -d: -f1 /etc/passwd /etc/group").stdout, users)
        self.assertEqual(root.run("systemctl --failed --no-legend").stdout.strip(), "")
        self.assertEqual(root.run("systemctl is-active snmpd").stdout.strip(), "active")

    def test_without_snmpd(self):
        """The folder of the socket is not there at all; apt brings snmpd with the packages."""
        root = self.root("from-packages-alone")
        root.run("apt-get install -y snmp")
        self.give_packages(root)
        self.run_block(root, "#### From packages")
        self.assert_waits(root)
        self.assert_served(root, self.configure(root))
        root.run("apt-get purge -y --autoremove 'ldoms-snmp*' snmpd")
        self.assertFalse(os.path.exists(root.inside("/var/agentx")))
        self.assertFalse(os.path.exists(root.inside("/etc/ldoms-snmp")))

    def assert_waits(self, root):
        """Installed and enabled, not started, and nothing has failed or tries again and again."""
        shown = root.run("systemctl show -p UnitFileState,ActiveState,SubState,NRestarts,Result "
                         "ldoms-agentx").stdout
        self.assertIn("UnitFileState=enabled", shown)
        self.assertIn("ActiveState=inactive", shown)
        self.assertIn("NRestarts=0", shown)
        self.assertEqual(root.run("systemctl --failed --no-legend").stdout.strip(), "")


class Fleet(InRoot):

    def test_page(self):
        """A second agent beside the first, in a context, from the packages; then everything away."""
        root = self.root("fleet")
        root.run("echo 127.0.0.1 north.example.com >>/etc/hosts")
        self.first_start_of_snmpd(root)
        before = root.files()
        self.give_packages(root)
        self.run_block(root, "#### From packages")
        ask = self.configure(root)
        install, test, ask_north = readme_blocks("## Set up", "docs/fleet.md")
        root.run("set -e\n" + install, text="yes\n")
        self.assert_both(root, ask, ask_north)
        self.assertIn("everything is in place", root.run(test).stdout)
        root.reboot()
        self.assert_both(root, ask, ask_north)
        # An upgrade restarts each of them.
        pids = root.run("pgrep -x ldoms-agentx").stdout.split()
        root.run("apt-get install -y --reinstall /root/ldoms-snmp/packages/ldoms-snmp_*.deb")
        self.assert_both(root, ask, ask_north)
        self.assertEqual(set(pids) & set(root.run("pgrep -x ldoms-agentx").stdout.split()), set())
        root.run("apt-get purge -y --autoremove 'ldoms-snmp*'")
        self.assertEqual(root.run("pgrep -x ldoms-agentx", check=False).stdout, "")
        self.assert_left(before, root.files())
        self.assertEqual(root.run("systemctl --failed --no-legend").stdout.strip(), "")

    def assert_both(self, root, ask, ask_north):
        self.assert_table(root, ask)
        self.assert_table(root, ask_north)
        self.assertEqual(root.run("ps -C ldoms-agentx -o user:20=").stdout.split(),
                         ["ldoms-snmp", "ldoms-snmp"])
        self.assertEqual(root.run("stat -c '%U %a' /var/lib/ldoms-snmp/north").stdout.strip(),
                         "ldoms-snmp 700")


class InSnmpd(InRoot):
    """The module: Debian's snmpd, its user and its unit, with the snippet that comes with the package."""

    def test_page(self):
        root = self.root("in-snmpd")
        self.first_start_of_snmpd(root)
        unit = self.unit_of_snmpd(root)
        before = root.files()
        self.give_packages(root)
        shutil.copy(root.certificate, root.inside("/root"))
        install, user = readme_blocks("## Use", "docs/module.md")
        root.run("cd /root/ldoms-snmp && set -e\n" + install)
        root.run(f"cp /root/{os.path.basename(root.certificate)} /etc/ldoms-snmp/cdom1.pem")
        root.run("set -e\n" + user)
        ask = readme_blocks("#### Then")[-1]
        self.assert_in_snmpd(root, ask)
        root.reboot()
        self.assert_in_snmpd(root, ask)
        root.run("systemctl restart snmpd")
        self.assert_in_snmpd(root, ask)
        root.run("systemctl reload snmpd")
        self.assert_in_snmpd(root, ask)
        self.assertEqual(self.unit_of_snmpd(root), unit)
        # Away again: snmpd.conf goes on to name what is not there any more, which snmpd survives.
        root.run("apt-get purge -y --autoremove 'ldoms-snmp*' && systemctl restart snmpd")
        self.assertEqual(root.run("systemctl is-active snmpd").stdout.strip(), "active")
        self.assert_left(before, root.files(), {
            "/etc/snmp/snmpd.conf.d/ldoms-snmp.conf", "/etc/ldoms-snmp", "/etc/ldoms-snmp/password",
            "/etc/ldoms-snmp/ldoms-agentx.conf", "/etc/ldoms-snmp/cdom1.pem"})

    def unit_of_snmpd(self, root):
        return root.run("systemctl cat snmpd").stdout

    def assert_in_snmpd(self, root, ask):
        self.assert_table(root, ask)
        self.assertEqual(root.run("ps -C ldoms-agentx -o pid=", check=False).stdout.strip(), "")
        self.assertEqual(root.run("ps -C snmpd -o user:20=").stdout.strip(), "Debian-snmp")
        self.assertEqual(root.run("stat -c '%U %a' /var/lib/snmp/ldoms").stdout.strip(), "Debian-snmp 700")
        self.assertEqual(root.run("systemctl --failed --no-legend").stdout.strip(), "")


if __name__ == "__main__":
    why = bareroot.missing()
    if why:
        raise SystemExit(f"check-install cannot run: {why}")
    unittest.main(verbosity=2)
