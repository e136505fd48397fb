"""All tables of devices and services equal what the simulator holds, cell by cell."""
import re

import harness
import inventory
import ldm_client
import sets
from harness import Snmpd, dump, scalar, wait_for

V1 = ("-v1", "-c", "public")
V2C = ("-v2c", "-c", "public")
SHA256 = tuple(Snmpd.users["sha256"])


class Storm(harness.Thread):
    """Fifty changes of all kinds at once, again and again, until the end of the block."""

    def __init__(self, sim):
        super().__init__(target=self.rage)
        self.sim, self.rounds, self.ends = sim, 0, False

    def rage(self):
        while not self.ends:
            # The simulator may find fewer than fifty things to change; it may answer nothing else.
            answer = self.sim.command(f"random-storm 50 {self.rounds + 1}")
            assert answer.splitlines()[-1] == "ok" or "only" in answer, answer
            self.rounds += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ends = True
        self.join()


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

    def test_functions_and_policies_of_io(self):
        """Addresses and VLANs of virtual network functions; rc-add-policy of the domain."""
        bed = self.bed(transport="plain")
        client = ldm_client.Client(bed.sim.port)
        self.addCleanup(client.close)
        physical = "/SYS/MB/NET0/IOVNET.PF0"

        def ask(action, name, domain=None, **props):
            answer = client.ask(action, domain, ldm_client.item("physio_device", name=name, **props))
            self.assertTrue(answer.ok, answer.text)
        ask("create-vf", physical, pvid=7, vid="8,9", address="00:14:4f:fc:00:09")
        ask("create-vf", physical)
        for number in "01":
            ask("add-io", f"{physical}.VF{number}", "ldg1")
        bed.sim.do("do set-domain ldg1 rc-add-policy=iov")
        tables = self.same(bed)
        rows = {row["Name"].decode(): row for row in tables["ldomIOBus"].values()}
        found = rows[physical + ".VF0"]
        self.assertEqual([found[column] for column in ("MacAddress", "PortVlanID", "VlanID", "Mtu")],
                         [b"00:14:4f:fc:00:09", 7, b"8,9", 1500])
        ask("set-io", physical + ".VF1", pvid=12)
        self.same(bed)
        wait_for(lambda: bed.get(harness.cell("RcAddPolicy", bed.indexes()["ldg1"])) == b"iov", 30,
                 "the policy")

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

    def test_identities_survive(self):
        """What was gone while the agent was restarted is the same thing when it comes back."""
        bed = self.bed(conf="refreshInterval 60\n")
        coming = ["add-vdiskserverdevice primary extra@primary-vds0 /dev/dsk/c9",
                  "add-vdisk ldg1 disk9 extra@primary-vds0", "add-vswitch primary sw9 dev_path=net4",
                  "add-vnet ldg1 vnet9 sw9", "add-vconscon primary vcc9 6000 6100",
                  "add-vdiskserver primary vds9", "set-variable ldg1 first=1",
                  "set-variable ldg1 second=2", "add-spconfig - spring", "add-io ldg1 pci_3"]
        going = ["remove-vdisk ldg1 disk9", "remove-vdiskserverdevice primary extra@primary-vds0",
                 "remove-vnet ldg1 vnet9", "remove-vswitch primary sw9",
                 "remove-vconscon primary vcc9", "remove-vdiskserver primary vds9",
                 "remove-variable ldg1 first", "remove-variable ldg1 second",
                 "set-spconfig - initial", "remove-spconfig - spring", "remove-io ldg1 pci_3"]
        before = inventory.identities(self.same(bed))
        for line in coming:
            bed.sim.do("do " + line)
        there = inventory.identities(self.same(bed))
        self.assertEqual(len(there), len(before) + len(coming))
        for line in going:
            bed.sim.do("do " + line)
        gone = inventory.identities(self.same(bed))
        self.assertEqual(gone, before)
        bed.agent.kill()
        bed.agent.start()
        bed.wait_serving()
        self.assertEqual(inventory.identities(self.same(bed)), before)
        # In another order, and behind one more of a kind.
        bed.sim.do("do set-variable ldg1 zeroth=0")
        for number in (9, 8, 7, 6, 5, 4, 2, 3, 0, 1):
            bed.sim.do("do " + coming[number])
        again = inventory.identities(self.same(bed))
        self.assertEqual({key: again[key] for key in there}, there)

    def test_one_pdu_is_one_picture(self):
        """While everything changes as fast as it can, what is asked in one PDU belongs together."""
        bed = self.bed(domains=24)
        self.same(bed)
        manager = sets.Manager(bed.snmpd, community="public")
        self.addCleanup(manager.close)
        checked, changed = 0, self.changes(bed)
        with Storm(bed.sim):
            while checked < 8000 or changed() < 1000:
                for pid, core in self.together(manager, "ldomVcpu", "PhysBind", "CoreID"):
                    self.assertEqual(pid // 8, core)
                    checked += 1
                for threads, cpus in self.together(manager, "ldomCore", "NumVCPU", "CpuSet"):
                    self.assertEqual(len(cpus.split(b",")), threads)
                    checked += 1
                for blocks, size in self.together(manager, "ldomVmem", "NumofBlocks", "BoundSize"):
                    self.assertEqual(blocks == 0, size == 0)
                    checked += 1
                for server, domain in self.together(
                        manager, "ldomVdisk", "VdsIndex", "VdsLdomIndex"):
                    self.assertEqual(server == 0, domain == 0)
                    checked += 1
                for state, flags, vcpus, memory in self.together(
                        manager, "ldom", "OperState", "Flags", "NumVCPU", "MemSize"):
                    # 2 stopping, 7 starting; 1 active
                    self.assertEqual(state in (2, 7), flags[:1] == b"s")
                    self.assertEqual(state in (1, 2, 7), flags[1:2] != b"-")
                    self.assertTrue(vcpus and memory)
                    checked += 1
                pools = [harness.SCALARS[f"ldom{pool}Rp{what}"] for pool in harness.POOLS
                         for what in ("Capacity", "Reserved", "Free")]
                values = [value for _, value in manager.get(*pools).values]
                for total, used, free in zip(*[iter(values)] * 3):
                    self.assertEqual(total, used + free)
                    checked += 1
        print(f"# {checked} rows while {changed()} things changed")
        self.assertTrue(bed.agent.running())
        self.same(bed, timeout=60)

    def changes(self, bed):
        """A function that tells how many the agent has found from now on."""
        before = scalar(bed, "ldomNotificationsDue")
        return lambda: scalar(bed, "ldomNotificationsDue") - before

    def together(self, manager, table, *columns):
        """Rows of several columns, each row asked for in one PDU; each name is a row further."""
        names = [inventory.name_of(table, column)[:-1] for column in columns]
        prefixes, last = [name + "." for name in names], ()
        while True:
            found = manager.request(sets.GETNEXT, [(name, b"\x05\x00") for name in names]).values
            names = [name for name, _ in found]
            if not all(name.startswith(prefix) for name, prefix in zip(names, prefixes)):
                # At the end of the table all of them are.
                self.assertFalse([name for name, prefix in zip(names, prefixes)
                                  if name.startswith(prefix)], found)
                return
            rows = {name[len(prefix):] for name, prefix in zip(names, prefixes)}
            self.assertEqual(len(rows), 1, found)
            index = tuple(map(int, rows.pop().split(".")))
            self.assertGreater(index, last)
            last = index
            yield [value for _, value in found]

    def test_walking_while_all_changes(self):
        """walk() fails on "OID not increasing"."""
        bed = self.bed(domains=16, conf="refreshInterval 0.2\n")
        self.same(bed)
        changed, walks = self.changes(bed), 0
        with Storm(bed.sim):
            while walks < 8 or changed() < 1000:
                rows = bed.walk(harness.ROOT + ".1", verb="bulkwalk" if walks % 2 else "walk")
                self.assertGreater(len(rows), 1000)
                walks += 1
        print(f"# {walks} walks while {changed()} things changed")
        self.same(bed, timeout=60)
        self.assertTrue(bed.agent.running())
        self.assertFalse(re.search(r"refused|not increasing", bed.agent.log()), bed.agent.log())


if __name__ == "__main__":
    harness.unittest.main()
