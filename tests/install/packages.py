"""What `make deb' and `make rpm' make: the same bytes each time, no complaint of lintian, the same files.

    make check-packages           # Debian: debhelper, lintian, rpm
"""
import glob
import hashlib
import os
import re
import shutil
import subprocess
import unittest

SRC = os.environ["top_srcdir"]
BUILD = os.environ["top_builddir"]
PACKAGES = os.path.join(BUILD, "packages")


def run(*command, **more):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False, **more)
    if result.returncode != 0:
        raise AssertionError(f"{command}\n{result.stdout[-4000:]}")
    return result.stdout


def make(target):
    run("make", "-s", target, cwd=BUILD, env={
        name: value for name, value in os.environ.items()
        if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "TESTS")})


def packages():
    return [path for path in sorted(glob.glob(os.path.join(PACKAGES, "*.deb")))
            if "-dbgsym_" not in path]


def digests():
    found = {}
    for path in glob.glob(os.path.join(PACKAGES, "*.deb")):
        with open(path, "rb") as f:
            found[os.path.basename(path)] = hashlib.sha256(f.read()).hexdigest()
    return found


def same_place(path):
    """The two kinds of packages compress manuals and documents as they like, and number them."""
    path = re.sub(r"^/lib/", "/usr/lib/", path.rstrip("/"))
    # The folder of libraries has a name of its own on each system.
    path = re.sub(r"^/usr/lib(64|/[\w-]+-linux-gnu)/(ldoms-snmp|nagios)/", r"/usr/lib/\2/", path)
    return re.sub(r"\.gz$", "", path)


class Packages(unittest.TestCase):

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        for name, package in (("dpkg-buildpackage", "dpkg-dev"), ("dh", "debhelper")):
            if not shutil.which(name):
                raise unittest.SkipTest(f"there is no {name} (Debian: {package})")
        make("deb")

    def test_version_is_that_of_configure(self):
        with open(os.path.join(SRC, "configure.ac")) as f:
            version = re.search(r"AC_INIT\(\[ldoms-snmp\], \[([\d.]+)\]", f.read()).group(1)
        with open(os.path.join(SRC, "packaging", "debian", "changelog")) as f:
            self.assertTrue(f.readline().startswith(f"ldoms-snmp ({version}) "))
        with open(os.path.join(SRC, "packaging", "ldoms-snmp.spec")) as f:
            self.assertRegex(f.read(), rf"(?m)^Version: +{re.escape(version)}$")

    def test_the_same_bytes_twice(self):
        first = digests()
        self.assertEqual(len(packages()), 4)
        make("deb")
        self.assertEqual(digests(), first)

    def test_lintian_has_nothing_to_say(self):
        lintian = shutil.which("lintian")
        if not lintian:
            self.skipTest("there is no lintian")
        changes = glob.glob(os.path.join(PACKAGES, "*.changes"))
        said = [line for line in run(lintian, "--allow-root", "-I", *changes).splitlines()
                if not line.startswith("N:")]
        self.assertEqual(said, [])

    def test_overrides_are_explained(self):
        for path in glob.glob(os.path.join(SRC, "packaging", "debian", "*.lintian-overrides")):
            with open(path) as f:
                lines = f.read().splitlines()
            for before, line in zip([""] + lines, lines):
                if not line.startswith("#"):
                    self.assertRegex(before, r"^# \w.*\.$", path)

    def debian_files(self):
        found = set()
        for path in packages():
            for line in run("dpkg-deb", "-c", path).splitlines():
                name = line.split(None, 5)[5].lstrip(".")
                if line.startswith("-") and not re.search(r"/(changelog\.gz|copyright)$", name) and \
                        not name.startswith("/usr/share/lintian/"):
                    found.add(same_place(name))
        return found

    def test_rpm_has_the_same_files(self):
        if not shutil.which("rpmbuild"):
            self.skipTest("there is no rpmbuild (Debian: rpm)")
        make("rpm")
        found = set()
        for path in glob.glob(os.path.join(PACKAGES, "*.rpm")):
            if "-debug" in path:
                continue
            form = "[%{FILEMODES:perms} %{FILENAMES}\n]"
            for line in run("rpm", "-qp", "--qf", form, path).splitlines():
                mode, _, name = line.partition(" ")
                if mode.startswith("-"):
                    found.add(same_place(name))
        self.assertEqual(found, self.debian_files())


if __name__ == "__main__":
    unittest.main(verbosity=2)
