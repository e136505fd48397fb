"""What can be said here about other systems: functions that are not POSIX's, and code that only other
systems compile. Other processors are tried by port.py, see docs/portability.md."""
import glob
import os
import re
import subprocess
import unittest

import harness

SOLARIS = os.path.join(harness.SRC, "tests", "portability", "solaris")
# Everything that declares a function which a daemon may call.
HEADERS = """arpa/inet.h assert.h ctype.h dirent.h errno.h fcntl.h fnmatch.h inttypes.h langinfo.h
limits.h locale.h netdb.h netinet/in.h netinet/tcp.h poll.h pthread.h pwd.h grp.h semaphore.h signal.h stdarg.h
stddef.h stdint.h stdio.h stdlib.h string.h strings.h sys/mman.h sys/resource.h sys/select.h
sys/socket.h sys/stat.h sys/time.h sys/types.h sys/uio.h sys/un.h sys/wait.h syslog.h time.h unistd.h
wchar.h""".split()
# The C library's own, behind macros and checks of the compiler.
INTERNAL = re.compile(r"^(__|_ITM_|_Unwind|_GLOBAL)|^(stderr|stdin|stdout|environ)$")


def need_program(name):
    program = harness.find_program(name)
    if not program:
        raise unittest.SkipTest(f"there is no {name}")
    return program


def read(*names):
    with open(os.path.join(*names)) as f:
        return f.read()


def objects():
    """The agent's object files, without those of one system only."""
    found = glob.glob(os.path.join(harness.BUILD, "agent", "**", "*.o"), recursive=True)
    return [path for path in found if not re.search(r"(platform|service|memory)-\w+\.o$", path)]


class Functions(unittest.TestCase):

    def called(self):
        """{function of the C library: an object that calls it}"""
        libc = subprocess.run([need_program("nm"), "-D", "--undefined-only", harness.AGENT],
                              stdout=subprocess.PIPE, text=True, check=True).stdout
        wanted = set(re.findall(r"U (\w+)@+GLIBC_", libc))
        found = {}
        for path in objects():
            text = subprocess.run(["nm", "--undefined-only", path], stdout=subprocess.PIPE,
                                  text=True, check=True).stdout
            for name in re.findall(r"U (\w+)", text):
                if name in wanted:
                    name = re.sub(r"^__(\w+)_chk$", r"\1", name)
                    if not INTERNAL.search(name):
                        found[name] = os.path.relpath(path, harness.BUILD)
        return found

    def is_posix(self, name, flag):
        source = "".join(f"#include <{header}>\n" for header in HEADERS)
        source += f"void *probe(void);\nvoid *probe(void) {{ return (void *)&{name}; }}\n"
        return subprocess.run([need_program("cc"), "-std=c11", flag, "-fsyntax-only", "-x", "c",
                               "-"], input=source, text=True, stderr=subprocess.DEVNULL,
                              check=False).returncode == 0

    def test_what_is_not_posix_is_checked_by_configure(self):
        called = self.called()
        if re.search(r"^enable_sanitizers = (?!no)", read(harness.BUILD, "Makefile"), re.M):
            self.skipTest("a sanitizer puts functions of its own in the place of the C library's")
        self.assertGreater(len(called), 60)
        self.assertIn("poll", called)
        checked = re.search(r"AC_CHECK_FUNCS\(\[([\w\s]+)\]", read(
            harness.SRC, "configure.ac")).group(1).split()
        for name, path in sorted(called.items()):
            if not self.is_posix(name, "-D_XOPEN_SOURCE=700"):
                self.assertIn(name, checked, f"{path} calls {name}()")
        # And nothing is asked for that nobody calls.
        self.assertEqual(set(checked) - set(called), set())

    def test_the_check_can_fail(self):
        self.assertTrue(self.is_posix("poll", "-D_XOPEN_SOURCE=700"))
        self.assertFalse(self.is_posix("memmem", "-D_XOPEN_SOURCE=700"))
        self.assertTrue(self.is_posix("memmem", "-D_GNU_SOURCE"))


class Solaris(unittest.TestCase):

    def sources(self):
        found = glob.glob(os.path.join(harness.SRC, "agent", "**", "*-solaris.c"), recursive=True)
        self.assertTrue(found)
        return found

    def compile(self, path, *options, text=None):
        return subprocess.run(
            [need_program("cc"), "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra",
             "-Werror", "-I", SOLARIS, "-I", harness.BUILD, "-I",
             os.path.join(harness.SRC, "agent"), *options],
            input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

    def test_compiles_against_declared_prototypes(self):
        for path in self.sources():
            with self.subTest(path):
                result = self.compile(path, path)
                self.assertEqual(result.returncode, 0, result.stdout)

    def test_a_mistake_would_be_seen(self):
        for path in self.sources():
            text = read(path)
            for right, wrong in (("PRIV_PROC_FORK", "PRIV_PROC_FORKS"), ("(char *)NULL", "0"),
                                 ("priv_set(PRIV_OFF", "priv_set(\"off\"")):
                self.assertIn(right, text)
                result = self.compile(path, "-x", "c", "-", text=text.replace(right, wrong))
                self.assertNotEqual(result.returncode, 0, wrong)


class Musl(harness.TestCase):
    """Another C library. Debian has no net-snmp for it, so nothing can be linked."""

    # Headers that belong to no C library, and are named in the way of a program that uses them.
    LIBRARIES = ("net-snmp", "openssl", "libxml2/libxml", "unicode", "linux", "asm", "asm-generic")

    def setUp(self):
        super().setUp()
        self.compiler = need_program("musl-gcc")
        self.include = os.path.join(self.directory, "include")
        os.mkdir(self.include)
        multiarch = glob.glob("/usr/include/*-linux-gnu")
        for name in self.LIBRARIES:
            for folder in ["/usr/include", *multiarch]:
                self.link(os.path.join(folder, name), os.path.join(
                    self.include, os.path.basename(name)))
        # musl has none; systems with musl have this one in a package of its own.
        os.mkdir(os.path.join(self.include, "sys"))
        for path in glob.glob("/usr/include/*-linux-gnu/sys/queue.h")[:1]:
            os.symlink(path, os.path.join(self.include, "sys", "queue.h"))

    def link(self, source, target):
        """The files of a folder; some libraries have theirs in two."""
        if os.path.isdir(source):
            os.makedirs(target, exist_ok=True)
            for name in os.listdir(source):
                if not os.path.lexists(os.path.join(target, name)):
                    os.symlink(os.path.join(source, name), os.path.join(target, name))

    def test_compiles(self):
        paths = [path for path in glob.glob(os.path.join(harness.SRC, "agent", "**", "*.c"),
                                            recursive=True) if not path.endswith(("-solaris.c", "-glibc.c"))]
        self.assertGreater(len(paths), 60)
        defines = [f'-DDEFAULT_{name}="x"' for name in ("CONFIG_FILE", "STATE_DIR", "TEMPLATE_DIR")]
        result = subprocess.run(
            [self.compiler, "-std=gnu11", "-D_GNU_SOURCE", *defines, "-include",
             "config.h", "-I", harness.BUILD, "-I", os.path.join(harness.SRC, "agent"),
             "-I", self.include, "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Werror",
             "-fsyntax-only", *paths], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        self.assertEqual(result.returncode, 0, result.stdout[-3000:])


if __name__ == "__main__":
    unittest.main()
