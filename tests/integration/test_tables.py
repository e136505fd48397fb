"""All tables of devices and services equal what the simulator holds, cell by cell."""
import re

import harness
import inventory
from harness import Snmpd, dump, wait_for

V1 = ("-v1", "-c", "public")
V2C = ("-v2c", "-c", "public")
SHA256 = tuple(Snmpd.users["sha256"])


class Tables(harness.TestCase):

    def same(self, bed, timeout=30, **more):
        """Waits until all of it is the simulator's; the tables read."""
        found, tables = [None], [None]

        def agree():
            tables[0] = inventory.read_all(bed, **more)
            found[0] = inventory.differences(tables[0], dump(bed.sim), bed.indexes())
            return not found[0]
        try:
            wait_for(agree, timeout, "the tables", interval=0.3)
        except AssertionError:
            self.fail("\n".join(found[0][:40]))
        return tables[0]

    def test_default_host(self):
        bed = self.bed()
        tables = self.same(bed)
        for auth in (V1, V2C, SHA256):
            for verb in ("walk", "bulkwalk"):
                if auth is not V1 or verb == "walk":
                    with self.subTest(auth=auth[0], verb=verb):
                        self.same(bed, auth=auth, verb=verb)
        for table in ("ldomPolicy", "ldomEnvVars", "ldomCrypto", "ldomIOBus", "ldomSPConfig"):
            self.assertTrue(tables[table], table)

    def test_secrets(self):
        """Not in a table, not in a log."""
        bed = self.bed(agent_options=["-D", "ldm,inventory,snmp"])
        bed.sim.do("do set-variable ldg1 security-password=xyzzy-plugh")
        bed.sim.do("do set-variable ldg1 security-mode=command")
        tables = self.same(bed)
        secret = [row for row in tables["ldomEnvVars"].values()
                  if row["Name"] == b"security-password"]
        self.assertTrue(secret)
        for row in secret:
            self.assertEqual((row["Value"], row["Flag"]), (b"", 3))
        everything = repr(bed.walk(harness.ROOT))
        self.assertNotIn("xyzzy", everything)
        self.assertNotIn("xyzzy", bed.agent.log())

    def test_long_values(self):
        bed = self.bed()
        for length in (254, 255, 256, 1000):
            bed.sim.do(f"do set-variable ldg1 v{length}={'x' * length}")
        tables = self.same(bed)
        flags = {row["Name"]: (len(row["Value"]), row["Flag"])
                 for row in tables["ldomEnvVars"].values()}
        self.assertEqual([flags[name] for name in (b"v254", b"v255", b"v256", b"v1000")],
                         [(254, 1), (255, 1), (255, 2), (255, 2)])

    def test_8_domains(self):
        self.same(self.bed(domains=8))

    def test_data_version_2(self):
        self.same(self.bed(sim_options=["-d", "2.0"]))

    def test_128_domains(self):
        """Also after a thousand changes, and after restarts of everything."""
        bed = self.bed(domains=128, sim_options=["-S", self.directory + "/sim-state"],
                       conf="refreshInterval 1\n")
        before = inventory.identities(self.same(bed, timeout=60))
        self.same(bed, timeout=60, auth=SHA256)
        bed.sim.do("random 1000 5")
        tables = self.same(bed, timeout=90)
        after = inventory.identities(tables)
        self.assertGreater(len(after.keys() & before.keys()), len(before) // 2)
        for key in after.keys() & before.keys():
            self.assertEqual(after[key], before[key], key)
        indexes = bed.indexes()
        for process in (bed.agent, bed.sim, bed.snmpd):
            process.stop()
            process.start()
            bed.wait_serving(40)
            self.assertEqual(inventory.identities(self.same(bed, timeout=90)), after)
            self.assertEqual(bed.indexes(), indexes)

    def test_changes(self):
        """Each kind of thing comes, changes, goes; and is the same thing when it comes back."""
        bed = self.bed(conf="refreshInterval 60\n")
        before = inventory.identities(self.same(bed))
        for line in ("add-vdiskserverdevice primary extra@primary-vds0 /dev/dsk/c9 vol_opts=ro",
                     "add-vdisk ldg1 disk9 extra@primary-vds0 timeout=60",
                     "add-vswitch primary primary-vsw9 dev_path=net4",
                     "add-vnet ldg1 vnet9 primary-vsw9 pvid=7 mtu=9000",
                     "set-vnet ldg1 vnet9 linkprop=phys-state",
                     "add-vconscon primary vcc9 6000 6100",
                     "set-variable ldg1 boot-device=vdisk0",
                     "set-vcpu ldg1 12", "add-spconfig - spring"):
            bed.sim.do("do " + line)
            with self.subTest(line):
                self.same(bed)
        with_all = inventory.identities(self.same(bed))
        self.assertEqual({key: with_all[key] for key in before.keys() & with_all.keys()},
                         {key: before[key] for key in before.keys() & with_all.keys()})
        for line in ("remove-vdisk ldg1 disk9", "remove-vdiskserverdevice primary extra@primary-vds0",
                     "remove-vnet ldg1 vnet9", "remove-vswitch primary primary-vsw9",
                     "remove-vconscon primary vcc9", "remove-variable ldg1 boot-device"):
            bed.sim.do("do " + line)
            with self.subTest(line):
                self.same(bed)
        bed.sim.do("do add-vswitch primary primary-vsw9 dev_path=net4")
        again = inventory.identities(self.same(bed))
        index = bed.indexes()["primary"]
        self.assertEqual(again["ldomVsw", (index, "primary-vsw9")],
                         with_all["ldomVsw", (index, "primary-vsw9")])

    def test_two_columns_in_one_get_agree(self):
        """While everything changes as fast as it can."""
        bed = self.bed(domains=24)
        self.same(bed)
        for number in range(25):
            bed.sim.do(f"random 40 {number + 1}")
            rows = self.read_together(bed, "ldomVcpu", ("PhysBind", "CoreID"))
            for pid, core in rows:
                self.assertEqual(pid // 8, core)
            for name, flag in self.read_together(bed, "ldomEnvVars", ("Name", "Flag")):
                self.assertEqual(name == b"security-password", flag == 3)
            for service, index, domain in self.read_together(
                    bed, "ldomVdisk", ("ServiceName", "VdsIndex", "VdsLdomIndex")):
                self.assertEqual(index == 0, domain == 0, service)
        self.assertTrue(bed.agent.running())
        self.same(bed, timeout=60)

    def read_together(self, bed, table, columns):
        """Rows of several columns, each row asked for in one PDU."""
        start = [inventory.name_of(table, column)[:-1] for column in columns]
        prefixes = [harness.oid(name) for name in start]
        names, rows = start, []
        while True:
            found = harness.parse_varbinds(
                bed.snmp("getnext", names, ["-On", "-Oe"]).stdout)
            if any(name[:len(prefix)] != prefix
                   for (name, _, _), prefix in zip(found, prefixes)):
                return rows
            suffixes = {name[len(prefix):] for (name, _, _), prefix in zip(found, prefixes)}
            self.assertEqual(len(suffixes), 1, found)
            rows.append([value for _, _, value in found])
            if len(rows) > 60:
                return rows
            names = ["." + ".".join(map(str, name)) for name, _, _ in found]

    def test_walking_while_all_changes(self):
        bed = self.bed(domains=16, conf="refreshInterval 0.2\n")
        for number in range(20):
            bed.sim.do(f"random 60 {number + 1}")
            # walk() fails on "OID not increasing".
            bed.walk(harness.ROOT + ".1", verb="bulkwalk" if number % 2 else "walk")
        self.same(bed, timeout=60)
        self.assertTrue(bed.agent.running())
        self.assertFalse(re.search(r"refused|not increasing", bed.agent.log()), bed.agent.log())


if __name__ == "__main__":
    harness.unittest.main()
