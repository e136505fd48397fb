"""ldomNameTable: domains found by name. Each allowed octet, every length, UTF-8, names that move, and
managers that share no code with net-snmp."""
import os
import string
import subprocess

import clients
import harness
import inventory
import other_ldmd
import sets
from harness import dump, oid, wait_for

COLUMN = inventory.name_of("ldomName", "Index")[:-1]
LONGEST = inventory.NAME_KEY_MAX
# ldmd: first a letter or a digit, then these, too.
LETTERS = string.ascii_letters + string.digits
ALLOWED = LETTERS + "-_+#.:;~()"
USER = {"name": "sha256", "auth": "auth-secret-2", "priv": "priv-secret-2"}

_PYSNMP = r'''
import json, sys
from pysmi.reader import FileReader
from pysmi.searcher import StubSearcher
from pysmi.writer import PyFileWriter
from pysmi.parser import SmiStarParser
from pysmi.codegen import PySnmpCodeGen
from pysmi.compiler import MibCompiler
from pysnmp.hlapi import *
from pysnmp.smi import builder
job = json.load(sys.stdin)
compiler = MibCompiler(SmiStarParser(), PySnmpCodeGen(), PyFileWriter(job["folder"]))
compiler.addSources(FileReader(job["mibs"]), FileReader(job["base"]))
compiler.addSearchers(StubSearcher(*PySnmpCodeGen.baseMibs))
compiler.compile("LDOMS-MIB", noDeps=True)
engine = SnmpEngine()
engine.getMibBuilder().addMibSources(builder.DirMibSource(job["folder"]))
user = UsmUserData(job["user"]["name"], job["user"]["auth"], job["user"]["priv"],
                   authProtocol=usmHMAC192SHA256AuthProtocol, privProtocol=usmAesCfb128Protocol)
target = UdpTransportTarget(("127.0.0.1", job["port"]), timeout=6, retries=1)
found, walked = {}, []
for name in job["names"]:
    what = ObjectType(ObjectIdentity("LDOMS-MIB", "ldomNameIndex", name))
    problem, status, _, varbinds = next(getCmd(engine, user, target, ContextData(), what))
    assert not problem and not status, (name, problem, status)
    found[name] = int(varbinds[0][1])
column = ObjectType(ObjectIdentity("LDOMS-MIB", "ldomNameIndex"))
for problem, status, _, varbinds in nextCmd(engine, user, target, ContextData(), column,
                                            lexicographicMode=False):
    assert not problem and not status, (problem, status)
    key, = varbinds[0][0].getMibSymbol()[2]
    walked.append([key.asOctets().decode(), int(varbinds[0][1])])
json.dump([found, walked], sys.stdout)
'''

_NODE = r'''
const snmp = require("net-snmp");
const job = JSON.parse(require("fs").readFileSync(0));
const session = snmp.createV3Session("127.0.0.1", {name: job.user.name, level: snmp.SecurityLevel.authPriv,
    authProtocol: snmp.AuthProtocols.sha256, authKey: job.user.auth,
    privProtocol: snmp.PrivProtocols.aes, privKey: job.user.priv}, {port: job.port, retries: 1, timeout: 6000});
const nameOf = (oid) => Buffer.from(oid.slice(job.column.length + 1).split(".").map(Number)).toString();
const oids = job.names.map((name) => job.column + "." + [...Buffer.from(name)].join("."));
session.get(oids, (error, varbinds) => {
    if (error)
        throw error;
    const found = Object.fromEntries(varbinds.map((v) => [nameOf(v.oid), v.value]));
    const walked = [];
    session.subtree(job.column, 10, (some) => {
        for (const v of some)
            walked.push([nameOf(v.oid), v.value]);
    }, (problem) => {
        session.close();
        if (problem)
            throw problem;
        process.stdout.write(JSON.stringify([found, walked]));
    });
});
'''


def cell(name):
    return COLUMN + "." + ".".join(map(str, name.encode()))


class Names(harness.TestCase):

    def add(self, bed, *names):
        for name in names:
            bed.sim.do(f"do add-domain {name} cpu=1 memory=1G")

    def agrees(self, bed, manager):
        """The table is the domains of the simulator, in the order of the names' octets."""
        names = sorted(domain["name"].encode() for domain in dump(bed.sim)["domains"])
        indexes = bed.indexes()
        if sorted(name.encode() for name in indexes) != names:
            return False
        expected = [(tuple(name), indexes[name.decode()]) for name in names if len(name) <= LONGEST]
        walked = [(name[len(oid(COLUMN)):], value) for name, kind, value in bed.walk(COLUMN)
                  if kind == "Gauge32"]
        if walked != expected:
            return False
        for name, index in expected:
            self.assertEqual(manager.get(cell(bytes(name).decode())).values,
                             [(cell(bytes(name).decode()), index)])
        return True

    def wait_agrees(self, bed, manager):
        wait_for(lambda: self.agrees(bed, manager), 30, "ldomNameTable to be as the simulator has it")

    def manager(self, bed):
        manager = sets.Manager(bed.snmpd, "public")
        self.addCleanup(manager.close)
        return manager

    def test_every_allowed_octet(self):
        bed = self.bed()
        manager = self.manager(bed)
        # Each octet at the beginning, in the middle and at the end, as far as ldmd allows.
        self.add(bed, *LETTERS, *(f"x{octet}y{octet}" for octet in ALLOWED if octet not in LETTERS),
                 "xx" + LETTERS)
        self.wait_agrees(bed, manager)
        walked = {octet for name, _, _ in bed.walk(COLUMN) for octet in name[len(oid(COLUMN)):]}
        self.assertEqual(bytes(sorted(walked)), bytes(sorted(ALLOWED.encode())))
        # A part of a name, a name and more, and what no octet is.
        for name in (cell("prim"), cell("primary1"), cell("primary") + ".0", COLUMN, cell("x") + ".256",
                     cell("x") + ".4294967295"):
            self.assertEqual(manager.get(name).values[0][1], None, name)

    def test_lengths(self):
        bed = self.bed(domains=3)
        manager = self.manager(bed)
        names = ["n" * length for length in (1, 2, 63, 64, 113, 114, 115, 116, 255, 256)]
        self.add(bed, *names)
        self.wait_agrees(bed, manager)
        self.assertIn(names[-1], bed.indexes())
        shown = [bytes(name[len(oid(COLUMN)):]).decode() for name, _, _ in bed.walk(COLUMN, "bulkwalk")]
        self.assertEqual([name for name in shown if name[0] == "n"], names[:6])
        # Behind the longest comes the next column or table, not a name that does not fit.
        self.assertEqual(max(len(name) for name, _, _ in bed.walk(harness.ROOT)), 128)

    def test_a_name_moves(self):
        bed = self.bed(domains=4)
        manager = self.manager(bed)
        self.wait_agrees(bed, manager)
        index = bed.indexes()["ldg1"]
        bed.sim.do("rename ldg1 aardvark")
        self.wait_agrees(bed, manager)
        self.assertEqual(manager.get(cell("aardvark"), cell("ldg1")).values,
                         [(cell("aardvark"), index), (cell("ldg1"), None)])
        bed.sim.do("do remove-domain ldg3")
        self.add(bed, "ldg1")
        self.wait_agrees(bed, manager)
        self.assertNotEqual(manager.get(cell("ldg1")).values[0][1], index)

    def test_a_row_that_is_being_made(self):
        bed = self.bed(domains=3)
        manager = sets.Manager(bed.snmpd)
        self.addCleanup(manager.close)
        new = bed.get(harness.SCALARS["ldomNextIndex"])
        self.assertEqual(manager.set(sets.varbind(new, "RowStatus", "createAndWait")).error, "noError")
        wait_for(lambda: new in bed.rows(), 10, "the row")
        self.assertNotIn(new, [value for _, _, value in bed.walk(COLUMN)])
        self.assertEqual(manager.set(sets.varbind(new, "Name", "web01")).error, "noError")
        wait_for(lambda: manager.get(cell("web01")).values == [(cell("web01"), new)], 10, "the name")

    def test_other_characters(self):
        """ldmd of today takes ASCII only; nothing of this is the agent's to judge."""
        ldmd = other_ldmd.Ldmd()
        self.addCleanup(ldmd.stop)
        for number, name in enumerate(("Größe", "日本", "😀", "a b", "\u00ff", "\U0010ffff"), 4):
            ldmd.domains[name] = other_ldmd.Domain(number, name, "inactive")
        bed = harness.Bed(self.directory, start=False)
        bed.agent = harness.Agent(f"{self.directory}/agent", ldmd.address, bed.snmpd.address)
        self.beds.append(bed)
        bed.snmpd.start()
        bed.agent.start()
        bed.wait_serving()
        indexes = bed.indexes()
        self.assertEqual(set(indexes), set(ldmd.domains))
        self.assertEqual([(bytes(name[len(oid(COLUMN)):]), value) for name, _, value in bed.walk(COLUMN)],
                         sorted((name.encode(), index) for name, index in indexes.items()))
        for name, index in indexes.items():
            self.assertEqual(bed.get(cell(name)), index)

    def test_net_snmp_by_name(self):
        bed = self.bed(domains=4)
        self.add(bed, "a.b-c_d+e~f(g)")
        wait_for(lambda: "a.b-c_d+e~f(g)" in bed.indexes(), 10, "the domain")
        environment = harness.mib_environment()
        rows = [f"LDOMS-MIB::ldomNameIndex.'{name}' = Gauge32: {index}"
                for name, index in sorted(bed.indexes().items())]
        for row in rows:
            said = bed.snmp("get", [row.partition(" = ")[0]], env=environment).stdout
            self.assertEqual(said.strip(), row)
        said = bed.snmp("walk", ["LDOMS-MIB::ldomNameTable"], env=environment).stdout
        self.assertEqual(said.splitlines(), rows)

    def check_client(self, bed, found, walked):
        indexes = bed.indexes()
        self.assertEqual(found, indexes)
        self.assertEqual(walked, [[name, index] for name, index in sorted(indexes.items())])

    def test_pysnmp_by_name(self):
        problem, python = clients.why_no_pysnmp()
        if problem:
            self.skipTest(problem)
        if subprocess.run([python, "-c", "import pysmi"], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("there is no python3-pysmi")
        mibs, base = harness.mib_environment()["MIBDIRS"].split(":", 1)
        bed = self.bed(domains=12)
        folder = os.path.join(self.directory, "compiled")
        os.mkdir(folder)
        self.check_client(bed, *clients.run_json([python, "-c", _PYSNMP], {
            "port": bed.snmpd.port, "user": USER, "names": sorted(bed.indexes()), "folder": folder,
            "mibs": mibs, "base": base}))

    def test_node_by_name(self):
        problem = clients.why_no_node()
        if problem:
            self.skipTest(problem)
        bed = self.bed(domains=12)
        self.check_client(bed, *clients.run_json(["node", "-e", _NODE], {
            "port": bed.snmpd.port, "user": USER, "names": sorted(bed.indexes()),
            "column": COLUMN.strip(".")}, {"NODE_PATH": clients.node_path()}))


if __name__ == "__main__":
    harness.unittest.main()
