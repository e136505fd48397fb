"""README shows what ./quickstart prints, line for line but for numbers that differ from run to run."""
import os
import re
import shutil
import subprocess
import threading
import unittest

import harness

# Where the programs are, ports, and times.
VARIES = ((r"[\w.:-]*/(?:[\w.-]+/)*", ""), (r"127\.0\.0\.1:\d+", "HOST"), (r"\d+(?=[dhm]\b)", "N"),
          (r"in \d+ seconds", "in N seconds"), (r" +", " "))


def plain(text):
    lines = []
    for line in text.splitlines():
        for pattern, instead in VARIES:
            line = re.sub(pattern, instead, line)
        lines.append(line.strip())
    return [line for line in lines if line and not line.startswith(("Building in", "Installing"))]


def paragraph(stream):
    """The lines up to an empty one, or to the end."""
    lines = []
    for line in stream:
        if line == "\n":
            break
        lines.append(line)
    return "".join(lines)


class Quickstart(harness.TestCase):

    def script(self):
        script = os.path.join(harness.SRC, "quickstart")
        if not os.path.exists(script):
            self.skipTest("there is no quickstart here")
        for program in ("snmptable", "snmpget", "snmpset", "snmpwalk", "perl"):
            if not shutil.which(program):
                self.skipTest(f"there is no {program}")
        if not harness.base_mibs() or not harness.find_program("snmpd"):
            self.skipTest("there is no snmpd, or no base MIB modules")
        return script

    def test_readme_has_what_it_prints(self):
        script = self.script()
        with open(os.path.join(harness.SRC, "README.md"), encoding="utf-8") as readme:
            shown = re.search(r"\bfirst one prints:\n\n```\n(.*?)^```", readme.read(), re.M | re.S)
        result = subprocess.run([script], env=dict(os.environ, QUICKSTART_BUILD=harness.BUILD), text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=120 * harness.SLOW, check=False)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertEqual(plain(result.stdout), plain(shown.group(1)))

    def test_stay(self):
        """What it suggests to try works as it stands there, and Return ends it."""
        with subprocess.Popen([self.script(), "--stay"], env=dict(os.environ, QUICKSTART_BUILD=harness.BUILD),
                              text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as quickstart:
            timer = threading.Timer(120 * harness.SLOW, quickstart.terminate)
            timer.start()
            try:
                printed = ""
                while "To try in another terminal" not in printed:
                    self.assertIsNone(quickstart.poll(), printed)
                    printed += paragraph(quickstart.stdout)
                commands = paragraph(quickstart.stdout)
                result = subprocess.run(["sh", "-e"], input=commands, text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, timeout=60 * harness.SLOW, check=False,
                                        env=dict(os.environ, SNMP_PERSISTENT_DIR=self.directory))
                self.assertIn(result.returncode, (0, 1), result.stdout)  # of check_ldoms
                self.assertIn("app01: succeeded (vcpus=12)", result.stdout)
                self.assertIn("ldomNumVCPU.5 = Gauge32: 8", result.stdout)
                self.assertRegex(result.stdout, r"(?m)^LDOMS (OK|WARNING)")
                print(end="\n", file=quickstart.stdin, flush=True)
                quickstart.stdout.read()
                self.assertEqual(quickstart.wait(), 0)
            finally:
                timer.cancel()
                quickstart.terminate()

    def test_usage(self):
        script = os.path.join(harness.SRC, "quickstart")
        result = subprocess.run([script, "--nonsense"], capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("usage", result.stderr)


if __name__ == "__main__":
    unittest.main()
