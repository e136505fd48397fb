"""Managers of other making read what net-snmp's own reads: the whole subtree in each version that they
speak, and ldomTable by rows."""
import harness
import walkers
from conformance import MOVING, READABLE, ROOT, Served, arcs_of
from harness import ENTRY


class Clients(Served):

    # What a walk sees must not change before the next one does.
    conf = "refreshInterval 60\n"

    def still(self, varbinds):
        """Without what moves by itself."""
        return [v for v in varbinds if arcs_of(v[0]) not in MOVING]

    def reference(self):
        varbinds = self.rig.walk(ROOT)
        self.assertGreater(len(varbinds), 1000)
        for name, kind, _ in varbinds:
            self.assertEqual(kind, READABLE[arcs_of(name)].kind)
        return varbinds

    def check_walks(self, client):
        problem = client.why_not()
        if problem:
            self.skipTest(problem)
        for version in client.versions:
            for repetitions in (20, 200) if version == 2 else (20,):
                with self.subTest(version=version, repetitions=repetitions):
                    expected = self.reference()
                    got = client.walk(self.rig.snmpd.port, version, [ROOT], repetitions)
                    self.assertEqual([v[:2] for v in got], [v[:2] for v in expected])
                    self.assertEqual(self.still(got), self.still(expected))

    def test_pysnmp(self):
        self.check_walks(walkers.Pysnmp)

    def test_node(self):
        self.check_walks(walkers.Node)

    def test_perl(self):
        self.check_walks(walkers.Perl)

    def test_node_reads_the_table(self):
        problem = walkers.Node.why_not()
        if problem:
            self.skipTest(problem)
        columns = {number: name for name, number in harness.COLUMNS.items()}
        moving = {arcs[3] for arcs in MOVING if arcs[:3] == (1, 3, 1)}
        expected = {index: {name: value.hex() if isinstance(value, bytes) else value
                            for name, value in row.items()} for index, row in self.rig.rows().items()}
        for version in walkers.Node.versions:
            got = walkers.Node.table(self.rig.snmpd.port, version, ENTRY.rsplit(".", 1)[0])
            self.assertEqual(set(got), set(expected))
            for index, row in got.items():
                self.assertEqual({columns[number]: value for number, value in row.items()
                                  if number not in moving},
                                 {name: value for name, value in expected[index].items()
                                  if harness.COLUMNS[name] not in moving}, index)

    def test_pysnmp_reads_columns_side_by_side(self):
        """Several columns in one request, as managers read tables."""
        problem = walkers.Pysnmp.why_not()
        if problem:
            self.skipTest(problem)
        names = ("Name", "OperState", "NumVCPU", "MemSize", "UUID")
        start = [harness.cell(name, 0)[:-2] for name in names]
        for version in walkers.Pysnmp.versions:
            got = walkers.Pysnmp.walk(self.rig.snmpd.port, version, start, 5)
            rows = self.rig.rows()
            self.assertEqual([(name[-1], value) for name, _, value in got],
                             [(index, row[name]) for index, row in sorted(rows.items()) for name in names])
