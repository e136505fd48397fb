"""The program as a file: what the compiler and the linker were told to do for it."""
import os
import platform
import re
import subprocess
import unittest

import attack
import harness

# What runs other programs, or writes without a bound.
UNWANTED = {"system", "popen", "execl", "execle", "execlp", "execv", "execve", "execvp", "posix_spawn",
            "gets", "strcpy", "strcat", "sprintf", "vsprintf", "tmpnam", "mktemp", "dlopen"}


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True).stdout


class Hardening(unittest.TestCase):

    def setUp(self):
        with open(os.path.join(harness.BUILD, "Makefile")) as f:
            self.variables = dict(re.findall(r"(?m)^(\w+) = (.*)$", f.read()))
        flags = self.variables["HARDEN_CFLAGS"]
        if "-D_FORTIFY_SOURCE" not in flags or self.variables["INSTRUMENT_FLAGS"].strip():
            raise unittest.SkipTest("not built with the default flags")
        self.flags = flags + self.variables["HARDEN_LDFLAGS"]

    def test_all_yes(self):
        tool = attack.need_program("hardening-check")
        # Control flow protection is looked at below.
        result = subprocess.run([tool, "--nocfprotection", harness.AGENT], stdout=subprocess.PIPE,
                                text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout)
        for what in ("Position Independent Executable", "Stack protected",
                     "Fortify Source functions", "Read-only relocations", "Immediate binding"):
            self.assertRegex(result.stdout, rf"{what}: yes", result.stdout)
        # Only seen in functions with a large frame, of which there are none.
        self.assertNotRegex(result.stdout, "Stack clash protection: no")
        self.assertIn("-fstack-clash-protection", self.flags)

    def test_control_flow_protection(self):
        """Of our own code; the C library's start files may not have it, and then the whole has not."""
        if platform.machine() != "x86_64":
            raise unittest.SkipTest("of x86-64 only")
        tool = attack.need_program("readelf")
        library = os.path.join(harness.BUILD, "libldoms.a")
        objects = len(output("ar", "t", library).split())
        self.assertEqual(output(tool, "-n", library).count("IBT, SHSTK"), objects)

    def test_segments(self):
        tool = attack.need_program("readelf")
        text = output(tool, "-ldW", harness.AGENT)
        self.assertNotRegex(text, r"\bRWE\b")
        self.assertNotRegex(text, r"(RPATH|RUNPATH|TEXTREL)")
        self.assertIn("BIND_NOW", text)
        self.assertIn("GNU_RELRO", text)

    def test_exports_nothing(self):
        """What is in the dynamic table was copied there from a library, for the linker's sake."""
        tool = attack.need_program("readelf")
        copied = set(re.findall(r"_COPY\s+\w+\s+([\w.]+)", output(tool, "-rW", harness.AGENT)))
        defined = {line.split()[-1].split("@")[0]
                   for line in output("nm", "-D", "--defined-only", harness.AGENT).splitlines()}
        self.assertEqual(defined - copied, set())

    def test_calls_nothing_that_it_should_not(self):
        called = {line.split()[-1].split("@")[0]
                  for line in output("nm", "-D", "--undefined-only", harness.AGENT).splitlines()}
        self.assertIn("getaddrinfo", called)
        self.assertEqual(called & UNWANTED, set())
