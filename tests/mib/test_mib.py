"""LDOMS-MIB: its tree never changes but by growing, and five compilers take it without a word."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import clients  # noqa: E402  pylint: disable=wrong-import-position
import mib_tree  # noqa: E402  pylint: disable=wrong-import-position

SRC = os.environ.get("top_srcdir") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("top_builddir") or os.getcwd()
MIB = os.path.join(SRC, "mibs", "LDOMS-MIB.txt")
GOLDEN = os.path.join(SRC, "mibs", "LDOMS-MIB.tree")
DEFAULT_ROOT = "1.3.6.1.4.1.8072.9999.9999.6482"
BASE_MODULES = "SNMPv2-SMI", "SNMPv2-TC", "SNMPv2-CONF", "SNMP-FRAMEWORK-MIB"


def base_directory():
    """Where the modules are that ours imports; Debian has them in erlang-snmp only."""
    for place in glob.glob("/usr/lib/erlang/lib/snmp-*/mibs") + [
            "/usr/share/snmp/mibs/ietf", "/usr/share/snmp/mibs", "/etc/net-snmp/snmp/mibs"]:
        if all(glob.glob(os.path.join(place, name + ".*")) for name in BASE_MODULES):
            return place
    raise unittest.SkipTest("there are no base modules (Debian: erlang-snmp)")


def need(program):
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
    if not found:
        raise unittest.SkipTest(f"there is no {program}")
    return found


def python_with_pysmi():
    """Debian's own Python first: pysmi may be there when the interpreter of the tests is another one."""
    for python in ("/usr/bin/python3", sys.executable):
        if subprocess.run([python, "-c", "import pysmi"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return python
    raise unittest.SkipTest("there is no pysmi")


class Case(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="ldoms-mib-")
        self.addCleanup(shutil.rmtree, self.directory, True)

    def run_silently(self, command, **environment):
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, cwd=self.directory, timeout=120,
                              env=dict(os.environ, **environment), check=False)

    def translate(self, module, *options):
        # The directory for persistent data stops it from saying that it made one.
        os.makedirs(os.path.join(self.directory, "p", "cert_indexes"), exist_ok=True)
        result = self.run_silently(
            [need("snmptranslate"), "-m", "LDOMS-MIB", *options],
            MIBS="", MIBDIRS=os.path.dirname(module) + ":" + base_directory(),
            SNMPCONFPATH=self.directory, SNMP_PERSISTENT_DIR=os.path.join(self.directory, "p"))
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout

    def compile_with_pysmi(self, name, *directories):
        """pysmi takes the module; what it imports is in one of the directories or a base module."""
        result = self.run_silently([python_with_pysmi(), "-c", _PYSMI, name, self.directory, *directories,
                                    base_directory()])
        self.assertEqual(result.stdout.strip(), "compiled")

    def compile_with_snmpc(self, name):
        """Erlang's compiler takes the file NAME.mib of our directory."""
        erlc = need("erlc")
        binaries = glob.glob("/usr/lib/erlang/lib/snmp-*/priv/mibs")
        if not binaries:
            self.skipTest("there are no compiled modules of Erlang's")
        result = self.run_silently([erlc, "-I", binaries[0] + "/", "-I", self.directory + "/",
                                    "-o", self.directory, name + ".mib"])
        # A table that cannot grow by SET is worth a warning to it.
        said = [line for line in result.stdout.splitlines() if "No RowStatus column" not in line]
        self.assertEqual(said, [])
        self.assertTrue(os.path.exists(os.path.join(self.directory, name + ".bin")))

    def moved(self, root):
        directory = os.path.join(self.directory, root)
        os.mkdir(directory)
        path = os.path.join(directory, "LDOMS-MIB.txt")
        with open(path, "w", encoding="utf-8") as out:
            subprocess.run([need("awk"), "-v", "root=" + root, "-f",
                            os.path.join(SRC, "mibs", "move-root.awk"), MIB], stdout=out, check=True)
        return path

    def lint(self, module):
        result = self.run_silently([need("smilint"), "-l", "6", "-s", "-m", module],
                                   SMIPATH=base_directory())
        # It ends with 0 whatever it finds.
        self.assertEqual(result.stdout, "")


class Tree(Case):
    def test_golden(self):
        with open(GOLDEN, encoding="utf-8") as golden:
            expected = golden.read().splitlines()
        self.maxDiff = None
        self.assertEqual(
            mib_tree.lines(mib_tree.read(MIB)), expected,
            "New names are appended: tests/mib/mib_tree.py writes mibs/LDOMS-MIB.tree anew. "
            "What is there must never move or go.")

    def test_same_as_net_snmp_reads(self):
        theirs = dict(re.findall(r'^"(\w+)"\s+"([\d.]+)"$', self.translate(MIB, "-Tz"), re.M))
        for name, (arcs, _) in mib_tree.read(MIB).items():
            self.assertEqual(theirs.get(name), ".".join([DEFAULT_ROOT] + [str(a) for a in arcs]),
                             name)

    def test_moves(self):
        for root in "1.3.6.1.4.1.99999", "1.3.6.1.4.1.42.2.205.7", DEFAULT_ROOT:
            module = self.moved(root)
            self.assertEqual(
                self.translate(module, "-On", "LDOMS-MIB::ldomNumVCPU").strip(),
                f".{root}.1.3.1.5")
            self.lint(module)
        with open(module, encoding="utf-8") as moved, open(MIB, encoding="utf-8") as here:
            self.assertEqual(moved.read(), here.read())

    def test_build_has_its_root(self):
        """The module that `make install` takes, and the agent."""
        root = os.environ.get("mib_root", DEFAULT_ROOT)
        module = MIB if root == DEFAULT_ROOT else \
            os.path.join(BUILD, "mibs", "moved", "LDOMS-MIB.txt")
        self.assertEqual(self.translate(module, "-On", "LDOMS-MIB::ldomsMIB").strip(), "." + root)
        version = self.run_silently([os.path.join(BUILD, "ldoms-agentx"), "-V"]).stdout
        self.assertIn(root, re.findall(r"[\d.]+\d", version))


class Text(Case):
    """What smilint does not look at."""

    def setUp(self):
        super().setUp()
        with open(MIB, encoding="utf-8") as mib:
            self.text = mib.read()
        self.tree = mib_tree.read(MIB)

    def test_last_updated_is_the_newest_revision(self):
        updated = re.search(r'LAST-UPDATED "(\d{12}Z)"', self.text).group(1)
        revisions = re.findall(r'REVISION "(\d{12}Z)"', self.text)
        self.assertEqual(revisions, sorted(revisions, reverse=True))
        self.assertEqual(updated, revisions[0])

    def test_writable_objects_are_bounded(self):
        bounded = set(re.findall(
            r"^(\w+) ::= TEXTUAL-CONVENTION(?:(?!::=).)*SYNTAX +\S[^\n]*[({]", self.text,
            re.M | re.S)) | {"RowStatus", "TruthValue"}
        writable = {name: what for name, (_, what) in self.tree.items()
                    if what.startswith(("read-create", "read-write"))}
        self.assertTrue(writable)
        for name, what in writable.items():
            syntax = what.split(" ", 1)[1]
            self.assertTrue(re.search(r"[({]", syntax) or syntax in bounded, f"{name}: {syntax}")

    def test_no_defaults_and_no_integer_without_bounds(self):
        self.assertNotIn("DEFVAL", self.text)
        for name, (_, what) in self.tree.items():
            self.assertNotRegex(what, r"^[\w-]+ (INTEGER|Integer32)$", name)

    def test_lines_are_short(self):
        for line in self.text.splitlines():
            self.assertLessEqual(len(line), 100, line)
            self.assertNotIn("\t", line)


_PYSMI = """
import sys
from pysmi.reader import FileReader
from pysmi.searcher import StubSearcher
from pysmi.writer import PyFileWriter
from pysmi.parser import SmiStarParser
from pysmi.codegen import PySnmpCodeGen
from pysmi.compiler import MibCompiler
name, output, *sources = sys.argv[1:]
compiler = MibCompiler(SmiStarParser(), PySnmpCodeGen(), PyFileWriter(output))
compiler.addSources(*[FileReader(source) for source in sources])
compiler.addSearchers(StubSearcher(*PySnmpCodeGen.baseMibs))
print(compiler.compile(name, noDeps=True)[name])
"""

_NODE = """
const snmp = require("net-snmp");
const store = snmp.createModuleStore();
const [module, base] = process.argv.slice(1);
if (base)
    store.loadFromFile(base);
store.loadFromFile(module);
const names = store.getModule("LDOMS-MIB");
console.log(names.ldomNumVCPU.OID, names.ldomNumVCPU["MAX-ACCESS"]);
"""


class Compilers(Case):
    def test_smilint(self):
        self.lint(MIB)

    def test_net_snmp(self):
        said = self.translate(MIB, "-Pw", "-On", "LDOMS-MIB::ldomTable")
        # It warns about macros in the base modules.
        self.assertNotRegex(said, r"LDOMS-MIB(?!\.txt:\d+ OK)")
        self.assertIn(f".{DEFAULT_ROOT}.1.3\n", said)

    def test_pysmi(self):
        self.compile_with_pysmi("LDOMS-MIB", os.path.dirname(MIB))

    def test_snmpc(self):
        shutil.copy(MIB, os.path.join(self.directory, "LDOMS-MIB.mib"))
        self.compile_with_snmpc("LDOMS-MIB")

    def test_node(self):
        node = need("node")
        if clients.why_no_node():
            self.skipTest(clients.why_no_node())
        base = glob.glob(os.path.join(base_directory(), "SNMP-FRAMEWORK-MIB*"))
        result = self.run_silently([node, "-e", _NODE, MIB] + base[:1],
                                   NODE_PATH=clients.node_path())
        self.assertEqual(result.stdout.strip(), f"{DEFAULT_ROOT}.1.3.1.5 read-create")


if __name__ == "__main__":
    unittest.main()
