"""VM-MIB and LIBVIRT-MIB: every cell of both is what the simulator holds, a domain's life is told in
exactly the notifications of each, and nothing of it depends on LDOMS-MIB or the other way round."""
import os
import time

import harness
import inventory
import traps
import views
from harness import Snmpd, dump, wait_for

V1 = ("-v1", "-c", "public")
WRITE = ("-v2c", "-c", "private")
NOT_WRITABLE = "notWritable"


class Case(harness.TestCase):

    def view_bed(self, conf="", **more):
        return self.bed(conf=views.CONF + "refreshInterval 0.5\n" + conf, **more)

    def agree(self, what, timeout=30):
        """Waits until a list of differences is empty."""
        found = [None]

        def empty():
            found[0] = what()
            return not found[0]
        try:
            wait_for(empty, timeout, "the view", interval=0.3)
        except AssertionError:
            self.fail("\n".join(map(str, found[0][:40])))

    def settled(self, bed):
        """All details are read: what comes from now on is a change."""
        self.agree(lambda: inventory.differences(
            inventory.read_all(bed), dump(bed.sim), bed.indexes()))


class Walk(Case):

    def same(self, bed, cpu_times=False, **more):
        self.agree(lambda: views.differences(
            self.machines(bed, cpu_times, **more), views.vm_cells(bed, dump(bed.sim), cpu_times)))
        self.agree(lambda: views.differences(
            views.read(bed, views.LIBVIRT, **more), views.guest_cells(dump(bed.sim))))

    def machines(self, bed, cpu_times, **more):
        """vmCpuTable has rows once there were two answers to list-bindings, whenever that is."""
        return {name: value for name, value in views.read(bed, views.VM, **more).items()
                if cpu_times or name[:2] != (1, 5)}

    def same_v1(self, bed):
        """No counter of 64 bits, and nothing else is missing."""
        def without(cells, counters):
            return {name: value for name, value in cells.items() if name[:4] not in counters}
        self.agree(lambda: views.differences(
            views.read(bed, views.VM, auth=V1),
            without(views.vm_cells(bed, dump(bed.sim)), {(1, 4, 1, 17), (1, 5, 1, 2)})))
        self.agree(lambda: views.differences(
            views.read(bed, views.LIBVIRT, auth=V1),
            without(views.guest_cells(dump(bed.sim)), {(1, 1, 1, 7)})))

    def test_every_cell(self):
        bed = self.view_bed()
        self.settled(bed)
        self.same(bed)
        states = {domain["state"] for domain in dump(bed.sim)["domains"]}
        self.assertTrue({"active", "bound", "inactive"} <= states, states)
        uuids = [views.uuid_octets(domain) for domain in dump(bed.sim)["domains"]]
        self.assertNotEqual(uuids, sorted(uuids), "the order by UUID is another one")
        with self.subTest("v1"):
            self.same_v1(bed)
        for repetitions in (1, 7, 50):
            with self.subTest(f"GETBULK {repetitions}"):
                self.same(bed, verb="bulkwalk", options=[f"-Cr{repetitions}"])
        with self.subTest("v3"):
            self.same(bed, auth=tuple(Snmpd.users["sha256"]))
        self.check_get(bed)

    def check_get(self, bed):
        """Every name of a walk answers a GET; what has no datum has no instance."""
        for root in (views.VM, views.LIBVIRT):
            cells = [(name, value) for name, value in views.read(bed, root).items()
                     if name[:4] not in ((1, 1, 4, 0), (1, 4, 1, 16), (1, 4, 1, 17), (1, 5, 1, 2),
                                         (1, 1, 1, 7))]
            for start in range(0, len(cells), 40):
                part = cells[start:start + 40]
                values = bed.get(*[f"{root}." + ".".join(map(str, name)) for name, _ in part])
                self.assertEqual(values if len(part) > 1 else [values],
                                 [value for _, value in part])

        def says(name, what):
            self.assertIn(what, bed.snmp("get", [name], ["-On"], check=False).stdout, name)
        disk = next(name for name in views.read(bed, views.VM) if name[:4] == (1, 7, 1, 3))
        for column in views.ABSENT:
            says(f"{views.VM}.1.7.1.{column}." + ".".join(map(str, disk[4:])), "No Such Instance")
        guest = next(iter(views.read(bed, views.LIBVIRT)))
        index = ".".join(map(str, guest[4:]))
        says(f"{views.LIBVIRT}.1.1.1.1.{index}", "No Such Object")
        says(f"{views.LIBVIRT}.1.1.1.8.{index}", "No Such Object")
        says(f"{views.LIBVIRT}.1.1.1.2.{index}.0", "No Such Instance")
        says(f"{views.VM}.1.4.1.2.4711", "No Such Instance")
        says(f"{views.VM}.1.4.1.18.1", "No Such Object")
        says(f"{views.VM}.1.2.0.0", "No Such Instance")
        says(f"{views.VM}.1.11.0", "No Such Object")

    def test_cpu_times(self):
        """Two answers to list-bindings make the time of each CPU known."""
        bed = self.view_bed()
        self.settled(bed)
        for domain in dump(bed.sim)["domains"]:
            if domain["threads"]:
                # An event about a domain has its bindings read.
                bed.sim.do(f"do set-variable {domain['name']} views=1")
        self.same(bed, cpu_times=True)

    def test_128_domains(self):
        bed = self.view_bed(domains=128)
        self.settled(bed)
        self.same(bed, verb="bulkwalk")

    def test_volumes(self):
        """Each kind of volume behind a disk."""
        bed = self.view_bed()
        for number, volume in enumerate((
                "/ldoms/images/a.img", "/ldoms/images/SOL.ISO ro", "/dev/dsk/c1 slice", "pool/vol")):
            path, _, options = volume.partition(" ")
            option = f" vol_opts={options}" if options else ""
            bed.sim.do(f"do add-vdiskserverdevice primary extra{number}@primary-vds0 {path}{option}")
            bed.sim.do(f"do add-vdisk ldg1 extra{number} extra{number}@primary-vds0")
        self.settled(bed)
        self.same(bed)
        kinds = {(row[4], row[7], row[8]) for row in self.storage(bed).values()}
        self.assertTrue({(4, 2, 3), (4, 3, 4), (3, 2, 3), (2, 2, 3)} <= kinds, kinds)

    def storage(self, bed):
        rows = {}
        for name, value in views.read(bed, f"{views.VM}.1.7.1").items():
            rows.setdefault(name[1:], {})[name[0]] = value
        return rows

    def test_off_by_default(self):
        bed = self.bed()
        for root in (views.VM, views.LIBVIRT):
            self.assertEqual(views.read(bed, root), {})
        self.assertNotIn("VM-MIB", self.capabilities(bed))

    def capabilities(self, bed):
        return "\n".join(str(value) for _, _, value in bed.walk(".1.3.6.1.2.1.1.9.1.3"))

    def test_one_of_them(self):
        bed = self.bed(conf="view libvirt\nhypervisorVersion 3.6\n")
        wait_for(lambda: views.read(bed, views.LIBVIRT), 20, "the guests")
        self.assertEqual(views.read(bed, views.VM), {})
        self.assertIn("LIBVIRT-MIB", self.capabilities(bed))
        self.assertNotIn("VM-MIB", self.capabilities(bed))

    def test_hypervisor_version(self):
        bed = self.view_bed(conf="hypervisorVersion 3.6.2 (beta)\nnotifications no\n")
        self.assertEqual(bed.get(views.VM + ".1.1.2.0"), b"3.6.2 (beta)")
        self.assertEqual(bed.get(views.VM + ".1.9.0"), 2)

    def test_no_uuid(self):
        """A machine without a UUID has an empty one; a guest without one cannot be named."""
        bed = self.view_bed(faults=["missing:uuid@list-*"])
        self.settled(bed)
        cells = views.read(bed, views.VM)
        found = [value for name, value in cells.items() if name[:4] == (1, 4, 1, 3)]
        self.assertEqual(found, [b""] * len(dump(bed.sim)["domains"]))
        self.assertEqual(views.read(bed, views.LIBVIRT), {})

    def test_not_writable(self):
        """Whatever is asked for, of whatever type, in whatever state the domain is."""
        bed = self.view_bed()
        self.settled(bed)
        asked = {}
        for root in (views.VM, views.LIBVIRT):
            for name in views.read(bed, root):
                asked.setdefault((root, name[:4]), f"{root}." + ".".join(map(str, name)))
        names = list(asked.values()) + [
            f"{views.VM}.1.4.1.5.8", f"{views.VM}.1.4.1.5.4711", f"{views.VM}.1.11.0",
            f"{views.LIBVIRT}.1.1.1.9" + ".7" * 16, f"{views.VM}.2.1"]
        for name in names:
            result = bed.snmp("set", [name, "i", "1"], ["-On"], auth=WRITE, check=False)
            self.assertIn(NOT_WRITABLE, result.stdout + result.stderr, name)
        # The other half of the PDU is not done, either.
        before = bed.rows()[2]["NumVCPU"]
        result = bed.snmp("set", [harness.cell("NumVCPU", 2), "u", str(before + 1),
                                  f"{views.VM}.1.4.1.9.2", "i", "1"], auth=WRITE, check=False)
        self.assertIn(NOT_WRITABLE, result.stdout + result.stderr)
        self.assertEqual(bed.rows()[2]["NumVCPU"], before)


class Lifecycle(Case):

    def receiver(self):
        return self.process(traps.Receiver(os.path.join(self.directory, "t"))).start()

    def lived(self, bed, receiver, command, machines, guests):
        """What that command is told as, and nothing more."""
        before = views.notifications(receiver)
        for line in command if isinstance(command, list) else [command]:
            bed.sim.do(line)
        seen = [None]

        def told():
            now = views.notifications(receiver)
            seen[0] = (now[0][len(before[0]):], now[1][len(before[1]):])
            return len(seen[0][0]) >= len(machines) and len(seen[0][1]) >= len(guests)
        try:
            wait_for(told, 30, command)
            self.in_step(bed)
        finally:
            told()
        self.assertEqual(seen[0], (machines, guests), command)

    def in_step(self, bed):
        """The agent has read what the simulator holds, and said what it had to."""
        self.agree(lambda: views.differences(
            views.read(bed, views.VM + ".1.4"),
            {name[2:]: value for name, value in views.vm_cells(bed, dump(bed.sim)).items()
             if name[:2] == (1, 4)}))
        wait_for(lambda: harness.scalar(bed, "ldomNotificationsSent") ==
                 harness.scalar(bed, "ldomNotificationsDue"), 20, "all notifications that are due")

    def test_a_life(self):
        """Each state lasts long enough to be seen."""
        receiver = self.receiver()
        bed = self.view_bed(snmpd_conf=receiver.sinks["trap tcp"], wait=2)
        self.settled(bed)
        self.assertEqual(views.notifications(receiver), ([], []), "at start-up")
        # The state before is what VM-MIB wants in vmOperState; LIBVIRT-MIB has the one after.
        def booted():
            domain = next(d for d in dump(bed.sim)["domains"] if d["name"] == "new1")
            return domain["flags"][1] == "n"
        for command, machines, guests in (
                ("do add-domain new1 cpu=1 memory=1G",
                 [("vmShutdown", "new1", views.PREPARING)], []),
                ("do bind-domain new1", [], [("new1", 4)]),
                ("do start-domain new1", [("vmRunning", "new1", views.SHUTDOWN)], [("new1", 1)]),
                ("do stop-domain new1",
                 [("vmShuttingdown", "new1", views.RUNNING),
                  ("vmShutdown", "new1", views.SHUTTINGDOWN)], [("new1", 4)]),
                ("do unbind-domain new1", [], [("new1", 5)]),
                ("do set-vcpu ldg1 5", [], []),
                ("do remove-domain new1", [("vmDeleted", "new1", views.SHUTDOWN)], [])):
            if command == "do stop-domain new1":
                wait_for(booted, 30, "an operating system, which takes its time to stop")
            self.lived(bed, receiver, command, machines, guests)

    def test_migrations(self):
        receiver = self.receiver()
        bed = self.view_bed(snmpd_conf=receiver.sinks["trap tcp"])
        self.settled(bed)
        self.lived(bed, receiver, "migrate-out ldg1 3",
                   [("vmMigrating", "ldg1", views.RUNNING),
                    ("vmDeleted", "ldg1", views.MIGRATING)], [("ldg1", 5)])
        uuid = "12345678-9abc-4def-8123-456789abcdef"
        before = views.notifications(receiver)
        bed.sim.do(f"migrate-in guest7 {uuid} 3")
        wait_for(lambda: len(views.notifications(receiver)[0]) >= len(before[0]) + 2, 30, "both")
        now = views.notifications(receiver)
        self.assertEqual(now[0][len(before[0]):], [("vmMigrating", "guest7", views.SHUTDOWN),
                                                   ("vmRunning", "guest7", views.MIGRATING)])
        self.assertEqual(now[1][-1], ("guest7", 1))
        self.assertEqual(len({guest for guest in now[1][len(before[1]):]}),
                         len(now[1]) - len(before[1]), "none twice")

    def test_a_word_that_nobody_knows(self):
        """other(2) and back are no news to VM-MIB, and LIBVIRT-MIB serves the last state on."""
        receiver = self.receiver()
        bed = self.view_bed(snmpd_conf=receiver.sinks["trap tcp"])
        self.settled(bed)
        cell = f"{views.VM}.1.4.1.6.{bed.indexes()['ldg1']}"
        guests = views.read(bed, views.LIBVIRT + ".1.1.1.3")
        bed.sim.do("fault state-word:dreaming@list-*/ldg1")
        wait_for(lambda: bed.get(cell) == views.OTHER, 20, "another state")
        self.assertEqual(views.read(bed, views.LIBVIRT + ".1.1.1.3"), guests)
        bed.sim.do("clear")
        wait_for(lambda: bed.get(cell) == views.RUNNING, 20, "the state")
        self.in_step(bed)
        self.assertEqual(views.notifications(receiver), ([], []))
        bed.sim.do("fault state-word:suspended@list-*/ldg1")
        wait_for(lambda: bed.get(cell) == views.SUSPENDED, 20, "suspended")
        wait_for(lambda: views.notifications(receiver)[0], 20, "vmSuspended")
        self.assertIn(("vmSuspended", "ldg1", views.RUNNING), views.notifications(receiver)[0])
        self.assertEqual(views.notifications(receiver)[1], [])

    def test_old_data(self):
        """Rows and what is counted from them go; nothing is told of it, nor of their return."""
        receiver = self.receiver()
        bed = self.view_bed(conf="staleAfter 2\n", snmpd_conf=receiver.sinks["trap tcp"])
        self.settled(bed)
        bed.sim.do("freeze on")
        stay = {(1, 1, 1, 0), (1, 1, 2, 0), (1, 1, 3, 0), (1, 9, 0), (1, 10, 0)}
        wait_for(lambda: set(views.read(bed, views.VM)) == stay, 20, "scalars alone")
        self.assertEqual(views.read(bed, views.LIBVIRT), {})
        for name in ("1.2.0", "1.3.0", "1.4.1.2.1"):
            self.assertIn("No Such Instance",
                          bed.snmp("get", [f"{views.VM}.{name}"], ["-On"], check=False).stdout)
        bed.sim.do("freeze off")
        wait_for(lambda: len(views.read(bed, views.VM)) > 100, 40, "the rows")
        self.in_step(bed)
        self.assertEqual(views.notifications(receiver), ([], []))

    def number(self, bed, name):
        """0 while there is no such instance."""
        found = bed.snmp("get", [name], ["-On", "-Oe"], check=False).stdout
        values = [value for _, kind, value in harness.parse_varbinds(found) if kind == "Counter64"]
        return values[0] if values else 0

    def test_restarts(self):
        """Of the agent and of snmpd: the same indexes, nothing told, counters from 0."""
        receiver = self.receiver()
        bed = self.view_bed(snmpd_conf=receiver.sinks["trap tcp"])
        self.settled(bed)
        bed.sim.do("util ldg1 1000")
        time_of = f"{views.VM}.1.4.1.17.{bed.indexes()['ldg1']}"
        wait_for(lambda: self.number(bed, time_of) > 20_000_000, 60, "20 s of CPU time")
        identities = [views.read(bed, f"{views.VM}.1.4.1.{column}") for column in (2, 3)]
        guests = list(views.read(bed, views.LIBVIRT + ".1.1.1.2"))
        late = bed.get(time_of)
        self.assertEqual(bed.agent.stop(), 0)
        bed.agent.start()
        bed.wait_serving()
        self.settled(bed)
        self.assertLess(wait_for(lambda: self.number(bed, time_of), 20, "a time"), late)
        self.assertEqual([views.read(bed, f"{views.VM}.1.4.1.{column}") for column in (2, 3)],
                         identities)
        self.assertEqual(list(views.read(bed, views.LIBVIRT + ".1.1.1.2")), guests)
        bed.snmpd.stop()
        bed.snmpd.start()
        bed.wait_serving(30)
        wait_for(lambda: views.read(bed, views.LIBVIRT), 40, "the views")
        self.in_step(bed)
        self.assertEqual(views.notifications(receiver), ([], []))


class Time(Case):

    def rate(self, read):
        """By which a counter rises, between two of its changes some seconds apart."""
        def change():
            before = read()
            wait_for(lambda: read() != before, 60, "a change")
            return time.monotonic(), read()
        start, first = change()
        wait_for(lambda: time.monotonic() > start + 12, 60, "some seconds")
        end, last = change()
        return (last - first) / (end - start)

    def test_cpu_time(self):
        """Half of its CPUs, in microseconds and nanoseconds."""
        bed = self.view_bed()
        self.settled(bed)
        domain = next(d for d in dump(bed.sim)["domains"] if d["name"] == "ldg1")
        index = bed.indexes()["ldg1"]
        bed.sim.do("util ldg1 500")
        guest = ".".join(map(str, views.uuid_octets(domain)))
        wanted = 0.5 * domain["vcpus"] * 1e6
        self.assertAlmostEqual(self.rate(lambda: bed.get(f"{views.VM}.1.4.1.17.{index}")),
                               wanted, delta=0.2 * wanted)
        micro, nano = bed.get(f"{views.VM}.1.4.1.17.{index}", f"{views.LIBVIRT}.1.1.1.7.{guest}")
        self.assertEqual(micro, nano // 1000)
        bound = next(bed.indexes()[d["name"]] for d in dump(bed.sim)["domains"]
                     if d["state"] == "bound")
        self.assertEqual(bed.get(f"{views.VM}.1.4.1.17.{bound}"), 0)

    def test_uptime_of_the_hypervisor(self):
        """At least that of the domain that runs longest; it runs on."""
        bed = self.view_bed()
        longest = max(d["uptime"] for d in dump(bed.sim)["domains"] if d["state"] == "active")
        first = bed.get(views.VM + ".1.1.4.0")
        self.assertGreaterEqual(first, (longest - longest % 60 - 60) * 100)
        wait_for(lambda: bed.get(views.VM + ".1.1.4.0") >= first + 100, 20, "a second")
        last = bed.get(views.VM + ".1.3.0")
        bed.sim.do("do add-domain new1")
        wait_for(lambda: bed.get(views.VM + ".1.3.0") > last, 20, "vmTableLastChange")
        self.assertEqual(bed.get(views.VM + ".1.2.0"), len(dump(bed.sim)["domains"]))


class Contested(Case):

    def test_another_one_holds_it(self):
        """LDOMS-MIB and the other view are served; the view comes when it is free."""
        bed = self.bed(conf=views.CONF)
        wait_for(lambda: views.read(bed, views.VM), 30, "VM-MIB")
        bed.agent.stop()
        holder = views.Holder(bed.snmpd, views.VM)
        begin = len(bed.agent.log())
        bed.agent.start()
        bed.agent.wait_log(r"refuses 1\.3\.6\.1\.2\.1\.236 \(VM-MIB\): another session holds it", 30,
                           begin)
        bed.wait_serving()
        wait_for(lambda: views.read(bed, views.LIBVIRT), 30, "LIBVIRT-MIB")
        capabilities = [value for _, _, value in bed.walk(".1.3.6.1.2.1.1.9.1.3")]
        self.assertFalse([text for text in capabilities if text.startswith(b"VM-MIB")])
        # SETs go on as if nothing were.
        bed.snmp("set", [harness.cell("NumVCPU", 2), "u", "5"], auth=WRITE)
        holder.release()
        wait_for(lambda: views.read(bed, views.VM), 60, "VM-MIB")
        lines = [line for line in bed.agent.log()[begin:].splitlines() if "(VM-MIB)" in line]
        self.assertEqual(len(lines), 2, lines)
        capabilities = [value for _, _, value in bed.walk(".1.3.6.1.2.1.1.9.1.3")]
        self.assertTrue([text for text in capabilities if text.startswith(b"VM-MIB")])
