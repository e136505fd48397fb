"""LDOMS-CAPABILITIES-MIB: the compilers take it, its OIDs are those that the agent puts into
sysORTable, and it leaves out no column of the views that the agent does not serve, and no other.

The modules that it is about are not ours to ship: RFC 7666, 6933, 2863, IANA's and libvirt-snmp's.
tests/mib/base has their names, numbers and types, and no more.
"""
import glob
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import clients  # noqa: E402  pylint: disable=wrong-import-position,wrong-import-order
import mib_tree  # noqa: E402  pylint: disable=wrong-import-position
import test_mib  # noqa: E402  pylint: disable=wrong-import-position
from test_mib import MIB, SRC, base_directory, need  # noqa: E402  pylint: disable=wrong-import-position

NAME = "LDOMS-CAPABILITIES-MIB"
MODULE = os.path.join(SRC, "mibs", NAME + ".txt")
OTHERS = os.path.join(SRC, "tests", "mib", "base")
TABLES = os.path.join(SRC, "agent", "tables")
ROOT = test_mib.DEFAULT_ROOT + ".3"


def text_of(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


class Compilers(test_mib.Case):

    def test_smilint(self):
        folders = ":".join((os.path.dirname(MODULE), OTHERS, base_directory()))
        result = self.run_silently([need("smilint"), "-l", "6", "-s", "-m", MODULE], SMIPATH=folders)
        self.assertEqual(result.stdout, "")

    def test_net_snmp(self):
        os.makedirs(os.path.join(self.directory, "p", "cert_indexes"))
        folders = ":".join((os.path.dirname(MODULE), OTHERS, base_directory()))
        for name, number in (("ldomsVmCapabilities", "1"), ("ldomsLibvirtCapabilities", "2")):
            result = self.run_silently(
                [need("snmptranslate"), "-m", NAME, "-Pw", "-On", f"{NAME}::{name}"], MIBS="",
                MIBDIRS=folders, SNMPCONFPATH=self.directory,
                SNMP_PERSISTENT_DIR=os.path.join(self.directory, "p"))
            self.assertNotRegex(result.stdout, rf"{NAME}(?!\.txt:\d+ OK)")
            self.assertIn(f".{ROOT}.{number}\n", result.stdout)

    def test_pysmi(self):
        self.compile_with_pysmi(NAME, os.path.dirname(MODULE), OTHERS)

    def test_snmpc(self):
        """It has no grammar for VARIATION (Erlang 25), so it gets the module without those."""
        for module in (MIB, MODULE):
            name = os.path.basename(module).replace(".txt", "")
            with open(os.path.join(self.directory, name + ".mib"), "w", encoding="utf-8") as copy:
                copy.write(re.sub(r"\n +VARIATION(?:(?!\n\n|\n +::=).)*", "", text_of(module),
                                  flags=re.S))
            self.compile_with_snmpc(name)

    def test_node(self):
        node = need("node")
        if clients.why_no_node():
            self.skipTest(clients.why_no_node())
        script = """
const store = require("net-snmp").createModuleStore();
for (const file of process.argv.slice(1))
    store.loadFromFile(file);
const names = store.getModule("%s");
console.log(names.ldomsVmCapabilities.OID, names.ldomsLibvirtCapabilities.OID);
""" % NAME
        base = glob.glob(os.path.join(base_directory(), "SNMP-FRAMEWORK-MIB*"))
        result = self.run_silently([node, "-e", script] + base[:1] + [MIB, MODULE],
                                   NODE_PATH=clients.node_path())
        self.assertEqual(result.stdout.strip(), f"{ROOT}.1 {ROOT}.2")


class Agreement(unittest.TestCase):

    def test_oids(self):
        for view, number in (("vm", 1), ("libvirt", 2)):
            self.assertIn(f"{view}_capabilities[] = {{LDOMS_MIB_ROOT_ARCS, 3, {number}}}",
                          text_of(TABLES, "mib-list.c"))
        self.assertRegex(text_of(MODULE), r"::= \{ ldomsMIB 3 \}")

    def check_columns(self, module, sources):
        """Names, numbers and presence of all columns, in the descriptors and in the module."""
        tree = {name: (arcs, what) for name, (arcs, what) in
                mib_tree.read(os.path.join(OTHERS, module + ".txt")).items()
                if re.match(r"(read|accessible|not-acc)", what) and "Entry" not in name and
                not what.endswith("Entry")}
        code = "".join(text_of(TABLES, source) for source in sources)
        absent = set(re.findall(r"VARIATION +(\w+)\n +ACCESS +not-implemented", text_of(MODULE)))
        for name, (arcs, what) in tree.items():
            with self.subTest(name):
                if name == "vmAffectedVMs":  # of the group that is not included
                    self.assertNotIn(name, code)
                    continue
                found = re.search(rf'([\w]+)?[({{]\s*([\w]+), "{name}"', code)
                if what.startswith("not-accessible") and not found:
                    continue  # an index that two tables have
                self.assertTrue(found, "no descriptor")
                self.assertEqual(found.group(1) == "ABSENT", name in absent)
                if found.group(2).isdigit():
                    self.assertEqual(int(found.group(2)), arcs[-1])

    def test_vm(self):
        self.check_columns("VM-MIB", [os.path.basename(path) for path in
                                      glob.glob(os.path.join(TABLES, "vm-*.c"))])

    def test_libvirt(self):
        self.check_columns("LIBVIRT-MIB", ["libvirt-guest-table.c"])

    def test_dates(self):
        text = text_of(MODULE)
        self.assertEqual(re.search(r'LAST-UPDATED "(\w+)"', text).group(1),
                         re.search(r'REVISION +"(\w+)"', text).group(1))


if __name__ == "__main__":
    unittest.main()
