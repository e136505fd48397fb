"""The agent with ldmd of each version, from 1.0.2 to 3.6: it reads what that version tells, its SETs
come through, a forced stop is one in whatever form that version takes, and changes are told."""
import harness
import inventory
import sets
import test_notifications
from harness import dump, wait_for

VERSIONS = ["1.0.2", "1.1", "1.2", "1.3", "2.0", "2.2", "3.0", "3.2", "3.4", "3.6"]


class Versions(test_notifications.Case):

    def start(self, version):
        old = version.startswith("1.0")
        self.receiver_ = self.receiver()
        bed = self.bed(transport="plain" if old else "xmpp", snmpd_conf=self.receiver_.sinks["trap v2c"],
                       sim_options=["-L", version] + (["-d", "2.0"] if old else []))
        self.manager = sets.Manager(bed.snmpd)
        self.addCleanup(self.manager.close)
        self.rows = wait_for(lambda: len(bed.indexes()) == 8 and bed.indexes(), what="all domains")
        return bed

    def set(self, name, column, value):
        return self.manager.set(sets.varbind(self.rows[name], column, value)).error

    def held(self, bed, name):
        return next(domain for domain in dump(bed.sim)["domains"] if domain["name"] == name)

    def same(self, bed):
        found = [None]

        def agree():
            found[0] = harness.differences(bed.rows(), dump(bed.sim)["domains"])
            found[0] = [text for text in found[0] if ": Operation" not in text and ": LastChange" not in text]
            return not found[0]
        try:
            wait_for(agree, 20, "the table", interval=0.2)
        except AssertionError:
            self.fail("\n".join(found[0][:20]))

    def follow(self, bed, name, column, value, key, expected):
        """A SET, until ldmd has it."""
        self.assertEqual(self.set(name, column, value), "noError", (name, column, value))
        wait_for(lambda: self.held(bed, name)[key] == expected, 15, f"{name} {column} {value}")

    def smoke(self, version):
        bed = self.start(version)
        self.same(bed)
        # Which core a CPU is of, ldmd tells from 2.1 on. Before, no core is made up.
        wait_for(lambda: inventory.read_table(bed, "ldomVcpu"), 15, "the CPUs")
        self.assertEqual(bool(inventory.read_table(bed, "ldomCore")), version >= "2.1")
        bed.sim.do("do set-vcpu web01 9")
        wait_for(lambda: [n.domain for n in self.receiver_.got() if n.name == "VCpuChange"] == ["web01"],
                 15, "the notification")
        self.follow(bed, "ldg1", "NumVCPU", 6, "vcpus", 6)
        self.follow(bed, "test01", "MemSize", 2048, "memory", 2048 << 20)
        self.follow(bed, "test01", "AdminState", "active", "state", "active")
        self.follow(bed, "test01", "AdminState", "bound", "state", "bound")
        self.follow(bed, "test01", "AdminState", "inactive", "state", "inactive")
        self.same(bed)

    def forced_stop(self, version):
        """Of a guest that does not go down when it is asked to."""
        bed = self.start(version)
        bed.sim.do("fault ignore-stop@stop-domain/ldg1")
        self.follow(bed, "ldg1", "AdminState", "forceStop", "state", "bound")
        wait_for(lambda: bed.get(harness.cell("OperationStatus", self.rows["ldg1"])) == 3, 15,
                 "the operation")
        self.same(bed)


def _add(kind, version):
    def test(self):
        getattr(self, kind)(version)
    setattr(Versions, f"test_{kind}_{version}".replace(".", "_"), test)


for _version in VERSIONS:
    _add("smoke", _version)
    _add("forced_stop", _version)
