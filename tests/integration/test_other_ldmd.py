"""The agent with an ldmd that is not the simulator: what both could have misread together shows here."""
import harness
import other_ldmd
import sets
from harness import cell, wait_for

WARNING = ("<response><status>success</status><resp_msg>Notice: the domain reboots at some time"
           "</resp_msg></response>")


class OtherLdmd(harness.TestCase):

    def start(self, **habits):
        ldmd = other_ldmd.Ldmd(**habits)
        self.addCleanup(ldmd.stop)
        bed = harness.Bed(self.directory, start=False, conf="refreshInterval 0.5\n")
        bed.agent = harness.Agent(f"{self.directory}/agent", ldmd.address, bed.snmpd.address, "refreshInterval 0.5\n")
        self.beds.append(bed)
        bed.snmpd.start()
        bed.agent.start()
        bed.wait_serving()
        self.manager = sets.Manager(bed.snmpd)
        self.addCleanup(self.manager.close)
        self.rows = bed.indexes()
        self.assertEqual(list(self.rows), list(ldmd.domains))
        return bed, ldmd

    def shown(self, bed, name):
        return bed.get(*(cell(column, self.rows[name]) for column in ("OperState", "NumVCPU", "MemSize")))

    def check_table(self, bed, ldmd):
        for name, domain in ldmd.domains.items():
            held = [sets.STATES[domain.state], domain.vcpus, domain.memory >> 20]
            wait_for(lambda: self.shown(bed, name) == held, 10, f"{name}: {held}, not {self.shown(bed, name)}")

    def change(self, bed, name, column, value):
        self.assertEqual(self.manager.set(sets.varbind(self.rows[name], column, value)).error, "noError",
                         (name, column, value))
        status = wait_for(lambda: sets.STATUS[bed.get(cell("OperationStatus", self.rows[name]))] != "running" and
                          sets.STATUS[bed.get(cell("OperationStatus", self.rows[name]))], 10, "the end")
        self.assertEqual(status, "succeeded", (name, column, value))

    def read_and_set(self, **habits):
        bed, ldmd = self.start(**habits)
        self.check_table(bed, ldmd)
        self.assertEqual(bed.get(cell("HostID", self.rows["apple"]), cell("Flags", self.rows["primary"]),
                                 cell("UUID", self.rows["pear"])),
                         [b"0x83d8baf1", b"-n-cv-", b"00000002-1111-2222-8333-444455556666"])
        for name, column, value in (("apple", "NumVCPU", 6), ("apple", "MemSize", 2048),
                                    ("pear", "AdminState", "active"), ("fig", "AdminState", "bound"),
                                    ("pear", "AdminState", "forceStop"), ("pear", "AdminState", "inactive")):
            self.change(bed, name, column, value)
        self.check_table(bed, ldmd)
        self.assertEqual([(domain.state, domain.vcpus, domain.memory >> 20) for domain in ldmd.domains.values()],
                         [("active", 8, 8192), ("active", 6, 2048), ("inactive", 4, 4096), ("bound", 2, 1024)])
        self.assertIn(("stop-domain", "pear", ["-f"]), ldmd.log)
        # What is done at the host without an event shows, too.
        ldmd.domains["apple"].vcpus = 7
        self.check_table(bed, ldmd)
        self.assertEqual(harness.scalar(bed, "ldomDocumentsRefused"), 0)
        return bed

    def test_as_the_guides_have_it(self):
        bed = self.read_and_set()
        self.assertEqual(bed.get(cell("Uptime", self.rows["apple"]), cell("Utilization", self.rows["apple"])),
                         [168780, 7])
        found = {value for _, _, value in bed.walk(harness.ROOT + ".1") if value in (b"apple-root", b"pear-root")}
        self.assertEqual(found, {b"apple-root", b"pear-root"})

    def test_all_domains_in_one_envelope(self):
        self.read_and_set(one_envelope=True)

    def test_a_warning_behind_each_success(self):
        self.read_and_set(warning=WARNING)

    def test_other_words(self):
        bed = self.read_and_set(state=str.upper, uptime="168780", utilization="")
        self.assertEqual(bed.get(cell("Uptime", self.rows["apple"])), 168780)
