"""Every cell of the table and every pool equals what the simulator holds, however it is asked."""
import harness
from harness import Snmpd, differences, dump, pool_differences, wait_for

V1 = ("-v1", "-c", "public")
V2C = ("-v2c", "-c", "public")
SHA = tuple(Snmpd.users["sha"])
SHA256 = tuple(Snmpd.users["sha256"])


class Walk(harness.TestCase):

    def same(self, bed, **more):
        """Waits until the table is the simulator's; detail comes a little after the first rows."""
        found = [None]

        def agree():
            found[0] = differences(bed.rows(**more), dump(bed.sim)["domains"])
            return not found[0]
        try:
            wait_for(agree, 15, "the table", interval=0.2)
        except AssertionError:
            self.fail("\n".join(found[0][:40]))

    def pools(self, bed, **more):
        found = [None]

        def agree():
            found[0] = pool_differences(bed, dump(bed.sim), **more)
            return not found[0]
        try:
            wait_for(agree, 15, "the pools", interval=0.2)
        except AssertionError:
            self.fail("\n".join(found[0]))

    def ways(self, bed):
        """All versions of SNMP, one by one and in bulk."""
        for name, auth in (("v1", V1), ("v2c", V2C), ("v3 SHA", SHA), ("v3 SHA-256", SHA256)):
            with self.subTest(name):
                self.same(bed, auth=auth)
                self.pools(bed, auth=auth)
        for repetitions in (1, 7, 50):
            with self.subTest(f"GETBULK {repetitions}"):
                self.same(bed, verb="bulkwalk", options=[f"-Cr{repetitions}"])
        with self.subTest("GETBULK v3"):
            self.same(bed, verb="bulkwalk", auth=SHA256)

    def table(self, bed, *options):
        """snmptable: [{heading: text}]."""
        out = bed.snmp("table", ["LDOMS-MIB::ldomTable"], ["-Ci", "-OU", "-Cf", "|", *options],
                       env=harness.mib_environment()).stdout.splitlines()
        head = next(n for n, line in enumerate(out) if line.count("|") > 5)
        names = out[head].split("|")
        return [dict(zip(names, line.split("|"))) for line in out[head + 1:] if line]

    def tables(self, bed):
        domains = dump(bed.sim)["domains"]
        for options in ([], ["-CB"]):
            with self.subTest(f"snmptable {options}"):
                rows = self.table(bed, *options)
                self.assertEqual([row["ldomName"] for row in rows],
                                 [domain["name"] for domain in domains])
                for row, domain in zip(rows, domains):
                    self.assertEqual(row["ldomOperState"], domain["state"])
                    self.assertEqual(row["ldomNumVCPU"], str(domain["vcpus"]))
                    self.assertNotIn("?", row.values())

    def check_names(self, bed):
        """Every name that a walk gives answers a GET with the same value, and they rise."""
        walked = bed.walk(harness.ROOT)
        names = [name for name, _, _ in walked]
        self.assertEqual(names, sorted(set(names)))
        # Values that move by themselves are left out.
        moving = [harness.oid(harness.SCALARS[name])[:-1] for name in harness.SCALARS]
        table = [(name, value) for name, _, value in walked
                 if name[:-1] not in moving and name[-2] not in
                 (harness.COLUMNS["Uptime"], harness.COLUMNS["Utilization"])]
        for start in range(0, len(table), 40):
            part = table[start:start + 40]
            values = bed.get(*["." + ".".join(map(str, name)) for name, _ in part])
            self.assertEqual(values if len(part) > 1 else [values], [value for _, value in part])

    def whole(self, **more):
        bed = self.bed(**more)
        self.ways(bed)
        self.tables(bed)
        self.check_names(bed)
        return bed

    def test_default_host(self):
        bed = self.whole()
        states = {domain["state"] for domain in dump(bed.sim)["domains"]}
        self.assertTrue({"active", "bound", "inactive"} <= states, states)

    def test_1_domain(self):
        self.whole(domains=1)

    def test_8_domains(self):
        self.whole(domains=8)

    def test_128_domains(self):
        bed = self.whole(domains=128)
        self.assertEqual(len(bed.rows()), 128)
        self.assertEqual(harness.scalar(bed, "ldomNumber"), 128)
        self.assertGreater(harness.scalar(bed, "ldomNextIndex"), 128)

    def test_index_order(self):
        """The control domain first, then in ldmd's order."""
        bed = self.bed()
        names = [domain["name"] for domain in dump(bed.sim)["domains"]]
        self.assertEqual(bed.indexes(), {name: n for n, name in enumerate(names, 1)})

    def test_plain_transport(self):
        bed = self.bed(transport="plain")
        self.same(bed)
        self.pools(bed)

    def test_old_ldmd(self):
        """LDoms 1.0.x as far as it can be known: plain and data version 2.0."""
        bed = self.bed(transport="plain", sim_options=["-d", "2.0", "-L", "1.0"],
                       conf="ldmDataVersion 2.0\n")
        self.smoke_v2(bed)

    def test_data_version_2(self):
        """3.0 is refused: asked in 2.0 by itself."""
        self.smoke_v2(self.bed(sim_options=["-d", "2.0"]))

    def smoke_v2(self, bed):
        columns = ("Name", "AdminState", "OperState", "NumVCPU", "MemSize", "NumCrypto",
                   "RowStatus")

        def agree():
            rows = {row["Name"].decode(): row for row in bed.rows().values()}
            wanted = {domain["name"]: harness.expected_row(domain)
                      for domain in dump(bed.sim)["domains"]}
            return rows.keys() == wanted.keys() and all(
                rows[name][column] == wanted[name][column] for name in rows for column in columns)
        wait_for(agree, 15, "the table")
        self.check_names(bed)

    def test_changes_arrive(self):
        """An event brings them: far sooner than the next poll."""
        bed = self.bed(conf="refreshInterval 60\n")
        self.same(bed)
        index = bed.indexes()["ldg1"]
        before = bed.get(harness.cell("NumVCPU", index))
        bed.sim.do("do add-vcpu ldg1 2")
        wait_for(lambda: bed.get(harness.cell("NumVCPU", index)) == before + 2, 5, "the CPUs")

    def test_changes_arrive_without_events(self):
        bed = self.bed(conf="refreshInterval 0.5\n", faults=["no-events"])
        self.same(bed)
        index = bed.indexes()["ldg1"]
        before = bed.get(harness.cell("NumVCPU", index))
        bed.sim.do("do add-vcpu ldg1 2")
        wait_for(lambda: bed.get(harness.cell("NumVCPU", index)) == before + 2, 5, "the CPUs")

    def test_changing_while_walking(self):
        """Never 'OID not increasing', and every walk is a whole one."""
        bed = self.bed(domains=32, conf="refreshInterval 0.2\n")
        for number in range(30):
            if number % 3 == 0:
                bed.sim.do(f"do add-domain new{number}")
            elif number % 3 == 2:
                bed.sim.do(f"do remove-domain new{number - 2}")
            rows = bed.rows(verb="bulkwalk" if number % 2 else "walk")
            self.assertGreaterEqual(len(rows), 32)
        wait_for(lambda: not differences(bed.rows(), dump(bed.sim)["domains"]), 10, "the table")
