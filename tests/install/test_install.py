"""`make install' and `make uninstall' below a folder, and what they install: names in net-snmp's tools,
completion, the files of other programs. Bare roots are in install.py, packages in packages.py."""
import glob
import os
import re
import shutil
import subprocess
import unittest

import harness

from commands import manual_examples, readme_blocks

BASE = os.path.join(harness.SRC, "mibs", "base")


def read(*names):
    with open(os.path.join(*names)) as f:
        return f.read()


def need_program(name):
    program = harness.find_program(name)
    if not program:
        raise unittest.SkipTest(f"there is no {name}")
    return program


def run_make(*words):
    result = subprocess.run(
        ["make", "-s", *words], cwd=harness.BUILD, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False,
        env={name: value for name, value in os.environ.items()
             if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "TESTS")})
    if result.returncode != 0:
        raise AssertionError(result.stdout[-3000:])
    return result.stdout


def variable(name):
    """A directory as configure and make understand it."""
    return run_make("--eval", f"show-variable: ; @echo '$({name})'", "show-variable").strip()


class Install(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.root = os.path.join(self.directory, "root")
        run_make("install", f"DESTDIR={self.root}")

    def files(self):
        return {os.path.join(folder, name)[len(self.root):]
                for folder, _, names in os.walk(self.root) for name in names}

    def path(self, directory, *names):
        return self.root + os.path.join(variable(directory), *names)

    def configurations(self):
        return (self.path("pkgsysconfdir", "ldoms-agentx.conf"),
                self.path("snmp_confdir", "snmpd.conf.d", "ldoms-snmp.conf"),
                self.path("snmp_datadir", "snmp.conf"))

    def test_all_is_there(self):
        expected = [
            *self.configurations(), self.path("sbindir", "ldoms-agentx"),
            self.path("mibdir", "LDOMS-MIB.txt"), self.path("nmsdir", "zabbix-template.yaml"),
            self.path("bashcompletiondir", "ldoms-agentx"),
            self.path("man8dir", "ldoms-agentx.8"), self.path("man5dir", "ldoms-agentx.conf.5"),
            *(self.path("basemibdir", os.path.basename(name))
              for name in glob.glob(os.path.join(BASE, "*.txt")))]
        if variable("systemdsystemunitdir"):
            expected += [self.path("systemdsystemunitdir", "ldoms-agentx.service"),
                         self.path("systemdsystemunitdir", "ldoms-agentx@.service"),
                         self.path("sysusersdir", "ldoms-snmp.conf"),
                         self.path("tmpfilesdir", "ldoms-snmp.conf")]
        for path in expected:
            self.assertTrue(os.path.isfile(path), path)

    def test_the_snippet_of_the_module_names_it(self):
        module = self.path("pkglibdir", "ldoms.so")
        if not os.path.exists(module):
            self.skipTest("configured with --disable-module")
        snippet = read(self.path("pkgdatadir", "snmpd-ldoms-module.conf"))
        self.assertEqual(re.search(r"(?m)^dlmod +ldoms +(\S+)$", snippet).group(1),
                         module[len(self.root):])
        self.assertEqual(re.search(r"(?m)^ldomsConfig +(\S+)$", snippet).group(1),
                         self.configurations()[0][len(self.root):])
        self.assertIn(f"included  {harness.ROOT}\n", snippet)

    def test_nothing_is_left(self):
        run_make("uninstall", f"DESTDIR={self.root}")
        self.assertEqual(self.files(), set())
        for directory in ("pkgdatadir", "docdir", "pkgsysconfdir"):
            self.assertFalse(os.path.exists(self.path(directory)), directory)

    def test_changed_configuration_stays(self):
        for path in self.configurations():
            with open(path, "a") as f:
                f.write("# mine\n")
        run_make("install", f"DESTDIR={self.root}")
        run_make("uninstall", f"DESTDIR={self.root}")
        self.assertEqual(self.files(), {path[len(self.root):] for path in self.configurations()})
        for path in self.configurations():
            self.assertIn("# mine", read(path))

    def test_the_unit_and_its_files_agree(self):
        if not variable("systemdsystemunitdir"):
            self.skipTest("configured without systemd")
        unit = read(self.path("systemdsystemunitdir", "ldoms-agentx.service"))
        self.assertIn(f"ExecStart={variable('sbindir')}/ldoms-agentx -f\n", unit)
        condition = re.search(r"ExecCondition=/bin/grep -qi \"(.*)\" (\S+)", unit)
        configuration = self.configurations()[0]
        self.assertEqual(condition.group(2), configuration[len(self.root):])
        for line, status in (("", 1), ("ldmUser x\n", 1), ("#ldm xmpp:a\n", 1),
                             ("ldm xmpp:a\n", 0), ("  LDM\txmpp:a\n", 0)):
            with open(configuration, "w") as f:
                f.write(line)
            self.assertEqual(subprocess.run(["grep", "-qi", condition.group(1), configuration],
                                            check=False).returncode, status, line)
        user = re.search(r"(?m)^User=(\S+)$", unit).group(1)
        self.assertRegex(read(self.path("sysusersdir", "ldoms-snmp.conf")), rf"(?m)^u {user} - ")
        self.assertRegex(read(self.configurations()[1]),
                         rf"(?m)^agentXPerms +0660 0755 root {user}$")
        self.assertRegex(read(self.path("tmpfilesdir", "ldoms-snmp.conf")),
                         r"(?m)^d /var/agentx 0755 root root -$")

    def test_the_unit_of_one_of_several(self):
        """It has the same sandbox, and a configuration and a state of its own."""
        if not variable("systemdsystemunitdir"):
            self.skipTest("configured without systemd")
        one, several = (read(self.path("systemdsystemunitdir", f"ldoms-agentx{what}.service"))
                        for what in ("", "@"))
        conf = self.configurations()[0][len(self.root):]
        own = conf.replace("ldoms-agentx.conf", "%i.conf")
        one = one.replace(f" {conf}\n", f" {own}\n")
        for line, more in (("Description=.*", " (%i)"), ("StateDirectory=.*", "/%i"),
                           ("ExecStart=.*", f" -c {own} -s %S/ldoms-snmp/%i")):
            one = re.sub(f"(?m)^{line}$", lambda match, m=more: match.group() + m, one)
        self.assertEqual(one, several)

    def translate(self, *options, dirs=None):
        """net-snmp's snmptranslate with Debian's snmp.conf and ours, as on a host without modules."""
        stock = os.path.join(self.directory, "stock")
        os.makedirs(stock, exist_ok=True)
        with open(os.path.join(stock, "snmp.conf"), "w") as f:
            f.write("mibs :\n")
        ours = os.path.join(self.directory, "ours")
        os.makedirs(ours, exist_ok=True)
        text = read(self.configurations()[2])
        for directory in ("basemibdir", "mibdir"):
            text = re.sub(rf"(?<=[-:]){re.escape(variable(directory))}(?=[:\n])",
                          self.path(directory), text)
        with open(os.path.join(ours, "snmp.conf"), "w") as f:
            f.write(text)
            for directory in dirs or ():
                f.write(f"mibdirs +{directory}\n")
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("MIBS", "MIBDIRS")}
        environment.update(SNMPCONFPATH=f"{stock}:{ours}", HOME=self.directory)
        result = subprocess.run([need_program("snmptranslate"), *options],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env=environment, check=False)
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout

    def test_names_resolve_for_everybody(self):
        """Without -m, MIBS or MIBDIRS, and without a word about anything."""
        self.assertEqual(self.translate("-On", "LDOMS-MIB::ldomNumVCPU.2"),
                         f"{harness.ROOT}.1.3.1.5.2\n")
        self.assertEqual(self.translate(harness.ROOT + ".1.3.1.29.1"),
                         "LDOMS-MIB::ldomRowStatus.1\n")
        shown = self.translate("-Td", "LDOMS-MIB::ldomRowStatus")
        self.assertIn("createAndGo(4)", shown)
        self.assertIn("TEXTUAL CONVENTION RowStatus", shown)

    def test_the_standard_modules_are_preferred(self):
        found = glob.glob("/usr/lib/erlang/lib/snmp-*/mibs")
        if not found:
            self.skipTest("there are no standard modules (Debian: erlang-snmp)")
        with_them = self.translate("-Tz", "-m", "LDOMS-MIB", dirs=found)
        alone = self.translate("-Tz", "-m", "LDOMS-MIB")
        # All that the small modules name is what the standard says, and the standard says more.
        lines = set(alone.splitlines())
        self.assertGreater(len(lines), 300)
        self.assertEqual(lines - set(with_them.splitlines()), set())
        self.assertIn('"zeroDotZero"', with_them)
        self.assertNotIn('"zeroDotZero"', alone)
        for name in re.findall(r"(?m)^LDOMS-MIB::(\w+)$", self.translate("-Ts", "-m", "LDOMS-MIB"))[:5]:
            self.assertEqual(self.translate("-Td", "LDOMS-MIB::" + name, dirs=found),
                             self.translate("-Td", "LDOMS-MIB::" + name))

    def complete(self, *words):
        script = (f". {self.path('bashcompletiondir', 'ldoms-agentx')}\n"
                  'COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))\n_ldoms_agentx "$1"\n'
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        return subprocess.run([need_program("bash"), "-c", script, "bash", harness.AGENT,
                               *words], stdout=subprocess.PIPE, text=True, check=True,
                              cwd=self.directory).stdout.split()

    def test_completion_knows_the_options(self):
        shown = subprocess.run([harness.AGENT, "--help"], stdout=subprocess.PIPE, text=True,
                               check=True).stdout
        options = set()
        for letter, name in re.findall(r"(?m)^  (?:-(\w), |    )--([a-z-]+)", shown):
            options |= {f"--{name}"} | ({f"-{letter}"} if letter else set())
        self.assertGreater(len(options), 25)
        self.assertEqual(set(self.complete("-")), options)
        self.assertEqual(self.complete("--fore"), ["--foreground"])
        self.assertEqual(self.complete("-o", ""), ["table", "json"])
        shutil.copy(harness.AGENT, os.path.join(self.directory, "some.conf"))
        self.assertEqual(self.complete("-c", "some"), ["some.conf"])


class Documents(unittest.TestCase):
    """What cannot run without a second root is at least well formed; install.py runs it."""

    def test_blocks_of_the_readme_are_shell(self):
        blocks = readme_blocks()
        self.assertGreaterEqual(len(blocks), 5)
        for block in blocks:
            subprocess.run(["sh", "-n"], input=block, text=True, check=True)

    def test_options_in_examples_exist(self):
        known = subprocess.run([harness.AGENT, "--help"], stdout=subprocess.PIPE, text=True,
                               check=True).stdout
        text = "\n".join([*readme_blocks(), *manual_examples("ldoms-agentx.8")])
        used = set()
        for line in re.findall(r"(?m)\bldoms-agentx( -.*)$", text):
            used |= set(re.findall(r" (--?[A-Za-z][a-z-]*)", line))
        self.assertGreaterEqual(len(used), 4)
        for option in used:
            self.assertIn(option, re.findall(r"--?[A-Za-z][a-z-]*", known))


if __name__ == "__main__":
    unittest.main()
