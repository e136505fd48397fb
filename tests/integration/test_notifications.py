"""What a real snmptrapd gets: one notification for each real change, with the right type, values and
instance, and none for anything else."""
import itertools
import os
import re
import signal
import time

import harness
import inventory
import traps
from harness import dump, scalar, wait_for

# What an administrator does, and what a manager has to hear of it. Flags: added 1, removed 2,
# modified 3.
CHANGES = [
    ("add-domain new1 cpu=2 memory=1G", "Create", "new1", {}, "domain new1 was created"),
    ("set-vcpu new1 3", "VCpuChange", "new1", {(1, 3, 1, 5): 3, (1, 31, 1, 3): 2}, None),
    ("set-memory new1 2G", "VMemChange", "new1",
     {(1, 3, 1, 6): 2048, (1, 31, 1, 4): 1024, (1, 3, 1, 7): 2, (1, 31, 1, 5): 2}, None),
    ("remove-domain new1", "Destroy", "new1", {}, "domain new1 was removed"),
    ("add-vdiskserver primary vds9", "VdsChange", "primary",
     {(1, 31, 1, 6): b"vds9", (1, 31, 1, 7): 1},
     "virtual disk server vds9 of domain primary was added"),
    ("add-vdiskserverdevice primary extra@vds9 /dev/dsk/c9", "VdsChange", "primary",
     {(1, 31, 1, 6): b"extra", (1, 31, 1, 7): 1}, "volume extra of domain primary was added"),
    ("add-vdisk ldg1 disk9 extra@vds9", "VdiskChange", "ldg1",
     {(1, 31, 1, 6): b"disk9", (1, 31, 1, 7): 1}, None),
    ("remove-vdisk ldg1 disk9", "VdiskChange", "ldg1",
     {(1, 31, 1, 6): b"disk9", (1, 31, 1, 7): 2}, None),
    ("add-vswitch primary vsw9 dev_path=net4", "VswChange", "primary",
     {(1, 31, 1, 6): b"vsw9", (1, 31, 1, 7): 1}, None),
    ("add-vnet ldg1 vnet9 vsw9", "VnetChange", "ldg1",
     {(1, 31, 1, 6): b"vnet9", (1, 31, 1, 7): 1}, None),
    ("set-vnet ldg1 vnet9 pvid=7", "VnetChange", "ldg1",
     {(1, 31, 1, 6): b"vnet9", (1, 31, 1, 7): 3}, None),
    ("remove-vnet ldg1 vnet9", "VnetChange", "ldg1",
     {(1, 31, 1, 6): b"vnet9", (1, 31, 1, 7): 2}, None),
    ("set-vswitch primary vsw9 mtu=9000", "VswChange", "primary",
     {(1, 31, 1, 6): b"vsw9", (1, 31, 1, 7): 3}, None),
    ("remove-vswitch primary vsw9", "VswChange", "primary",
     {(1, 31, 1, 6): b"vsw9", (1, 31, 1, 7): 2}, None),
    ("add-vconscon primary vcc9 6000 6100", "VccChange", "primary",
     {(1, 31, 1, 6): b"vcc9", (1, 31, 1, 7): 1}, None),
    ("remove-vconscon primary vcc9", "VccChange", "primary",
     {(1, 31, 1, 6): b"vcc9", (1, 31, 1, 7): 2}, None),
    ("set-vconsole ldg1 5020 group=team", "VconsChange", "ldg1", {(1, 31, 1, 7): 3}, None),
]


class Case(harness.TestCase):

    def receiver(self, name="t"):
        return self.process(traps.Receiver(os.path.join(self.directory, name))).start()

    def settled(self, bed):
        """All details are read: what comes from now on is a change. The tables."""
        tables = [None]

        def agree():
            tables[0] = inventory.read_all(bed)
            return not inventory.differences(tables[0], dump(bed.sim), bed.indexes())
        wait_for(agree, 60, "the tables", interval=0.2)
        return tables[0]

    def quiet(self, receivers, seconds=1.5):
        """Nothing comes any more."""
        before = [len(receiver.got()) for receiver in receivers]
        time.sleep(seconds)
        self.assertEqual([len(receiver.got()) for receiver in receivers], before)


class Notifications(Case):

    def test_each_kind(self):
        """To four sinks at once: traps and informs, v2c and v3."""
        receivers = {}
        lines = []
        for number, sink in enumerate(("trap v2c", "inform v2c", "trap v3", "inform v3")):
            receivers[sink] = self.receiver(f"t{number}")
            lines.append(receivers[sink].sinks[sink])
        bed = self.bed(conf="refreshInterval 60\n", snmpd_conf="\n".join(lines))
        self.settled(bed)
        self.assertEqual(receivers["inform v3"].got(), [], "at start-up")
        indexes = {}
        for number, (command, name, domain, values, text) in enumerate(CHANGES, 1):
            bed.sim.do("do " + command)
            for sink, receiver in receivers.items():
                with self.subTest(command, sink=sink):
                    got = receiver.wait(number, what=f"notifications ({sink}, {command})")
                    self.assertEqual(len(got), number)
                    self.check(got[-1], name, domain, values, text)
            indexes.update(bed.indexes())
            self.assertEqual(receivers["trap v2c"].got()[-1].instances, {indexes[domain]})
        self.quiet(receivers.values())
        self.assertEqual(scalar(bed, "ldomNotificationsSent"), len(CHANGES))
        self.assertEqual(scalar(bed, "ldomNotificationsDue"), len(CHANGES))
        self.assertEqual(scalar(bed, "ldomNotificationsDropped"), 0)
        self.assertEqual(scalar(bed, "ldomNotificationsSuppressed"), 0)

    def check(self, got, name, domain, values, text):
        self.assertEqual((got.name, got.domain), (name, domain))
        for column, value in values.items():
            self.assertEqual(got.value(*column), value, got)
        self.assertEqual(got.value(1, 31, 1, 1), min(got.instances))
        if text:
            self.assertEqual(got.text, text)
        self.assertIn(domain, got.text)

    def test_states(self):
        """A chain: each says what was before, and the last is what is."""
        receiver = self.receiver()
        bed = self.bed(conf="refreshInterval 60\n", snmpd_conf=receiver.sinks["trap v2c"],
                       wait=0.3)
        self.settled(bed)
        index = bed.indexes()["ldg1"]
        for command, state in (("stop", 6), ("unbind", 3), ("bind", 6), ("start", 1)):
            bed.sim.do(f"do {command}-domain ldg1")
            wait_for(lambda: bed.get(harness.cell("OperState", index)) == state, 5, command)
        wait_for(lambda: len(receiver.got()) >= 4 and receiver.got()[-1].name == "StateChange"
                 and receiver.got()[-1].value(1, 3, 1, 4) == 1, 15, "the chain")
        self.quiet([receiver])
        state = 1
        # An unbound domain has no console port.
        self.assertLessEqual({got.name for got in receiver.got()}, {"StateChange", "VconsChange"})
        chain = [got for got in receiver.got() if got.name == "StateChange"]
        for got in chain:
            self.assertEqual(got.instances, {index})
            self.assertEqual(got.value(1, 31, 1, 2), state)
            self.assertNotEqual(got.value(1, 3, 1, 4), state)
            state = got.value(1, 3, 1, 4)
        seen = [got.value(1, 3, 1, 4) for got in chain]
        self.assertEqual([s for s in seen if s in (1, 3, 6)], [6, 3, 6, 1])

    def test_migration(self):
        receiver = self.receiver()
        bed = self.bed(conf="refreshInterval 60\n", snmpd_conf=receiver.sinks["inform v2c"])
        self.settled(bed)
        index = bed.indexes()["ldg1"]
        uuid = bed.get(harness.cell("UUID", index)).decode()
        bed.sim.do("migrate-out ldg1 0.5")
        got = [n for n in self.until(receiver, "Destroy") if n.name == "Destroy"]
        self.assertEqual([(n.domain, n.instances, n.text) for n in got],
                         [("ldg1", {index}, "domain ldg1 left by migration")])
        bed.sim.do(f"migrate-in ldg1 {uuid} 0.5")
        got = [n for n in self.until(receiver, "Create") if n.name == "Create"]
        self.assertEqual([(n.domain, n.instances, n.text) for n in got],
                         [("ldg1", {index}, "domain ldg1 arrived by migration")])

    def test_degraded(self):
        """Once for each change, though many lists say it; none when nothing changed."""
        receiver = self.receiver()
        bed = self.bed(conf="refreshInterval 0.3\n", snmpd_conf=receiver.sinks["inform v2c"])
        self.settled(bed)
        degraded = harness.cell("Degraded", bed.indexes()["test01"])
        for number, (word, value) in enumerate((("on", 1), ("off", 2), ("on", 1)), 1):
            bed.sim.do(f"degrade test01 {word}")
            got = receiver.wait(number, what="the notification")
            self.assertEqual((got[-1].name, got[-1].domain, got[-1].value(1, 3, 1, 31)),
                             ("DegradedChange", "test01", value))
            self.assertEqual(bed.get(degraded), value)
            queries = scalar(bed, "ldomQueries")
            wait_for(lambda q=queries: scalar(bed, "ldomQueries") > q + 3, 20, "more lists")
            self.assertEqual(len(receiver.got()), number)

    def test_migration_goes_on(self):
        """Its progress is in columns; what is notified is its end, once."""
        receiver = self.receiver()
        bed = self.bed(conf="refreshInterval 0.3\n", snmpd_conf=receiver.sinks["inform v2c"])
        self.settled(bed)
        index = bed.indexes()["ldg1"]
        progress, status = (harness.cell(f"Migration{name}", index) for name in ("Progress", "Status"))
        bed.sim.do("migrate-out ldg1 3")
        seen = set()

        def is_gone():
            seen.add(tuple(bed.get(progress, status)))
            return any(n.name == "Destroy" for n in receiver.got())
        wait_for(is_gone, 30, "the end")
        self.assertTrue(any(number == 2 for _, number in seen), seen)
        queries = scalar(bed, "ldomQueries")
        wait_for(lambda: scalar(bed, "ldomQueries") > queries + 3, 20, "more lists")
        self.assertEqual([(n.name, n.domain) for n in receiver.got()], [("Destroy", "ldg1")])

    def until(self, receiver, name):
        wait_for(lambda: any(n.name == name for n in receiver.got()), 15, name)
        return receiver.got()

    def test_migration_that_fails(self):
        """Somebody changes his mind: out is nothing to tell, in comes and goes."""
        receiver = self.receiver()
        bed = self.bed(conf="refreshInterval 60\n", snmpd_conf=receiver.sinks["trap v2c"])
        self.settled(bed)
        flags = harness.cell("Flags", bed.indexes()["ldg1"])
        bed.sim.do("migrate-out ldg1 60")
        wait_for(lambda: bed.get(flags) == b"-n---s", 5, "the flag")
        bed.sim.do("do cancel-operation ldg1 migration")
        wait_for(lambda: bed.get(flags) == b"-n----", 5, "the flag's end")
        self.quiet([receiver])
        self.assertEqual(receiver.got(), [])
        bed.sim.do("migrate-in guest9 11111111-2222-4333-8444-555555555555 60")
        receiver.wait(1)
        self.assertIn("guest9", bed.indexes())
        bed.sim.do("do cancel-operation guest9 migration")
        got = receiver.wait(2)
        self.quiet([receiver])
        self.assertEqual([(n.name, n.domain) for n in got],
                         [("Create", "guest9"), ("Destroy", "guest9")])
        self.assertEqual(got[0].instances, got[1].instances)

    def test_guests_by_themselves(self):
        """A halt is a change of the state, a reset and a panic are none; failure policies act."""
        receiver = self.receiver()
        bed = self.bed(conf="refreshInterval 60\n", snmpd_conf=receiver.sinks["trap v2c"])
        self.settled(bed)
        for name, act in (("ldg1", "reset"), ("web01", "panic")):
            cells = [harness.cell(column, bed.indexes()[name]) for column in ("Flags", "Uptime")]
            bed.sim.do(f"do set-variable {name} auto-boot?=false")
            bed.sim.do(f"guest {name} {act}")
            wait_for(lambda c=cells: bed.get(*c) in ([b"-t----", n] for n in range(5)), 5, act)
        self.quiet([receiver])
        self.assertEqual(receiver.got(), [])
        bed.sim.do("do set-domain db01 failure-policy=stop")
        bed.sim.do("guest db01 panic")      # app01 has it as its master
        bed.sim.do("guest ldg1 halt")
        wait_for(lambda: self.last_states(receiver) == {"app01": 6, "ldg1": 6}, 10, "two halts")
        self.quiet([receiver])
        self.assertEqual({n.name for n in receiver.got()}, {"StateChange"})
        for domain in ("app01", "ldg1"):
            chain = [(n.value(1, 31, 1, 2), n.value(1, 3, 1, 4)) for n in receiver.got()
                     if n.domain == domain]
            # With or without a look at it while it was stopping.
            self.assertIn(chain, ([(1, 6)], [(1, 2), (2, 6)]))

    def last_states(self, receiver):
        return {n.domain: n.value(1, 3, 1, 4) for n in receiver.got() if n.name == "StateChange"}

    def test_policy_moves_cpus(self):
        receiver = self.receiver()
        bed = self.bed(conf="refreshInterval 60\n", snmpd_conf=receiver.sinks["trap v2c"])
        self.settled(bed)
        index = bed.indexes()["web01"]
        for number, (before, now) in enumerate(((8, 10), (10, 6)), 1):
            bed.sim.do(f"drm web01 {now}")
            got = receiver.wait(number)[-1]
            self.assertEqual((got.name, got.instances), ("VCpuChange", {index}))
            self.assertEqual((got.value(1, 31, 1, 3), got.value(1, 3, 1, 5)), (before, now))
        self.quiet([receiver])
        self.assertEqual(len(receiver.got()), 2)

    def test_operation(self):
        receiver = self.receiver()
        bed = self.bed(conf="refreshInterval 60\n", snmpd_conf=receiver.sinks["trap v2c"])
        self.settled(bed)
        index = bed.indexes()["ldg1"]
        vcpus = bed.get(harness.cell("NumVCPU", index))
        bed.snmp("set", [harness.cell("NumVCPU", index), "u", str(vcpus + 2)],
                 auth=("-v2c", "-c", "private"))
        got = receiver.wait(2)
        self.quiet([receiver])
        self.assertEqual(sorted(n.name for n in got), ["OperationDone", "VCpuChange"])
        done = next(n for n in got if n.name == "OperationDone")
        self.assertEqual(done.instances, {index})
        self.assertEqual(done.value(1, 3, 1, 26), 3)
        self.assertEqual(done.value(1, 3, 1, 27), bed.get(harness.cell("OperationIndex", index)))
        self.assertIn("vcpus=", done.text)

    def test_link(self):
        receiver = self.receiver()
        bed = self.bed(snmpd_conf=receiver.sinks["trap v2c"])
        self.settled(bed)
        # A link that was never seen up is not lost.
        wait_for(lambda: scalar(bed, "ldomLinkState") == 1, 5, "the link")
        bed.sim.do("listen off")
        bed.sim.do("disconnect")
        got = receiver.wait(1)
        self.assertEqual(got[0].name, "ManagerLink")
        self.assertEqual(got[0].instances, {0})
        self.assertIn(got[0].value(1, 1, 5), (2, 3))
        self.assertTrue(got[0].value(1, 1, 7))
        bed.sim.do("listen on")
        got = receiver.wait(2)
        self.assertEqual((got[1].name, got[1].value(1, 1, 5)), ("ManagerLink", 1))
        self.quiet([receiver], 3)

    def test_switched_off_and_on(self):
        receiver = self.receiver()
        bed = self.bed(conf="refreshInterval 60\nnotifications no\n",
                       snmpd_conf=receiver.sinks["trap v2c"])
        self.settled(bed)
        self.assertEqual(scalar(bed, "ldomNotificationsEnabled"), 2)
        bed.sim.do("do add-vcpu ldg1 1")
        self.settled(bed)
        self.quiet([receiver])
        bed.agent.configure("refreshInterval 60\nnotifications yes\n")
        bed.agent.send(signal.SIGHUP)
        wait_for(lambda: scalar(bed, "ldomNotificationsEnabled") == 1, 5, "the switch")
        bed.sim.do("do add-vcpu ldg1 1")
        got = receiver.wait(1)
        self.quiet([receiver])
        self.assertEqual([n.name for n in got], ["VCpuChange"])

    def test_flapping(self):
        """One domain flaps; the others are heard."""
        receiver = self.receiver()
        bed = self.bed(conf="refreshInterval 60\nnotificationRate 5\n",
                       snmpd_conf=receiver.sinks["trap v2c"])
        self.settled(bed)
        changes = 0
        index = bed.indexes()["ldg1"]
        for number in range(12):
            before = bed.get(harness.cell("NumVCPU", index))
            bed.sim.do(f"do {'add' if number % 2 else 'remove'}-vcpu ldg1 1")
            wait_for(lambda b=before: bed.get(harness.cell("NumVCPU", index)) != b, 5, "the CPUs")
            changes += 1
        bed.sim.do("do add-vcpu web01 1")
        wait_for(lambda: any(n.domain == "web01" for n in receiver.got()), 10, "web01's")
        self.quiet([receiver])
        heard = len([n for n in receiver.got() if n.domain == "ldg1"])
        # Five, and one more for each twelve seconds that it took.
        self.assertIn(heard, (5, 6, 7))
        self.assertEqual(scalar(bed, "ldomNotificationsSent"), heard + 1)
        self.assertEqual(scalar(bed, "ldomNotificationsSuppressed"), changes - heard)
        self.assertEqual(scalar(bed, "ldomNotificationsDue"), changes + 1)

    def test_without_events(self):
        """Found by asking: still one each."""
        receiver = self.receiver()
        bed = self.bed(conf="refreshInterval 0.5\n", faults=["no-events"],
                       snmpd_conf=receiver.sinks["trap v2c"])
        self.settled(bed)
        bed.sim.do("do add-vcpu ldg1 1")
        bed.sim.do("do add-domain new1 cpu=2 memory=1G")
        got = receiver.wait(2)
        self.quiet([receiver], 2)
        self.assertEqual(sorted(n.name for n in got), ["Create", "VCpuChange"])


class Restarts(Case):

    def test_every_order(self):
        """Unchanged indexes, and nothing said but that ldmd was away."""
        receiver = self.receiver()
        state = os.path.join(self.directory, "sim-state")
        bed = self.bed(domains=128, sim_options=["-S", state],
                       conf="refreshInterval 1\n", snmpd_conf=receiver.sinks["trap v2c"])
        before = inventory.identities(self.settled(bed))
        indexes = bed.indexes()
        for order in itertools.permutations((bed.agent, bed.sim, bed.snmpd)):
            with self.subTest([process.name for process in order]):
                for process in order:
                    process.stop()
                for process in order:
                    process.start()
                bed.wait_serving(40)
                self.assertEqual(inventory.identities(self.settled(bed)), before)
                self.assertEqual(bed.indexes(), indexes)
        self.quiet([receiver])
        self.assertEqual({n.name for n in receiver.got()} - {"ManagerLink"}, set())

    def test_master_comes_back(self):
        """What happened while there was no master is told when there is one."""
        receiver = self.receiver()
        bed = self.bed(conf="refreshInterval 60\n", snmpd_conf=receiver.sinks["trap v2c"])
        self.settled(bed)
        bed.snmpd.stop()
        bed.sim.do("do add-vcpu ldg1 1")
        bed.sim.do("do add-domain new1 cpu=2 memory=1G")
        time.sleep(0.5)
        bed.snmpd.start()
        got = receiver.wait(2, 20)
        self.quiet([receiver])
        self.assertEqual(sorted(n.name for n in got), ["Create", "VCpuChange"])

    def test_while_the_agent_was_away(self):
        """Not told, but ldomTableLastChange moves."""
        receiver = self.receiver()
        bed = self.bed(conf="refreshInterval 1\n", snmpd_conf=receiver.sinks["trap v2c"])
        self.settled(bed)
        bed.agent.stop()
        bed.sim.do("do add-domain new1 cpu=2 memory=1G")
        bed.agent.start()
        bed.wait_serving(20)
        self.settled(bed)
        self.quiet([receiver])
        self.assertEqual([n for n in receiver.got() if n.name != "ManagerLink"], [])
        self.assertGreater(scalar(bed, "ldomTableLastChange"), 0)


class Burst(Case):

    def test_many_at_once(self):
        """Nobody is blocked, and what is told of each domain is a chain without gaps."""
        receiver = self.receiver()
        bed = self.bed(domains=64, conf="refreshInterval 60\nnotificationRate 0\n",
                       snmpd_conf=receiver.sinks["trap tcp"])
        self.settled(bed)
        before = {d["name"]: d for d in dump(bed.sim)["domains"]}
        slowest = self.storm(bed, "random-storm 10000 7")
        self.settled(bed)
        _, *lost = self.all_of_them(bed, lambda: len(receiver.got()))
        self.assertEqual(lost, [0, 0])
        got = receiver.got()
        self.assertGreater(len(got), 100)
        self.assertLess(slowest, 1.0 * harness.SLOW)
        self.chains(got, before, dump(bed.sim)["domains"])

    def test_more_than_fits(self):
        """A rate that damps, no master to empty the queue, which overflows: all is counted."""
        receiver = self.receiver()
        bed = self.bed(domains=64, conf=f"refreshInterval 60\nnotificationRate {self.RATE}\n",
                       snmpd_conf=receiver.sinks["trap tcp"])
        self.settled(bed)
        bed.snmpd.stop()
        made = {domain["name"]: self.networks(bed, domain["name"])
                for domain in dump(bed.sim)["domains"]}
        due = sum(made.values())
        wait_for(lambda: self.numbered(bed) == due, 60, "all of them in the registry")
        bed.snmpd.start()
        bed.wait_serving()
        damped = sum(max(0, number - self.RATE) for number in made.values())
        self.assertEqual(self.all_of_them(bed, lambda: len(receiver.got())),
                         (self.QUEUE, due - damped - self.QUEUE, damped))
        self.assertTrue(damped and due - damped > self.QUEUE, made)
        self.assertEqual(len({(n.domain, n.value(1, 31, 1, 6)) for n in receiver.got()}),
                         self.QUEUE)

    QUEUE, RATE = 10000, 165

    def numbered(self, bed):
        """How many of them have a number, as they have before anybody is told of them."""
        with open(os.path.join(bed.agent.state, "index-registry")) as registry:
            return len(re.findall(r"^o \d+ net \d+ more\d+$", registry.read(), re.M))

    def networks(self, bed, domain):
        """Adds as many as a little more than the rate; how many were taken."""
        lines = "".join(f"do add-vnet {domain} more{n} primary-vsw0\n"
                        for n in range(self.RATE + 6))
        return bed.sim.command(lines).split().count("ok")

    def all_of_them(self, bed, received):
        """Counters when as many were received as sent, and neither has moved for a while."""
        names = [harness.SCALARS["ldomNotifications" + name]
                 for name in ("Sent", "Dropped", "Suppressed", "Due")]
        now = [None, 0]

        def still():
            last, now[:] = now[0], (bed.get(*names), received())
            return now[0] == last and now[0][0] == now[1]
        try:
            wait_for(still, 120, "as many notifications as were sent", interval=2)
        except AssertionError as error:
            self.fail(f"{error}: sent, dropped, suppressed, due {now[0]}, received {now[1]}")
        *parts, due = now[0]
        print(f"# {due} changes found: sent, dropped, suppressed {parts}")
        self.assertEqual(sum(parts), due)
        return tuple(parts)

    def storm(self, bed, command):
        """While it rages, sysUpTime is asked for; the longest wait for it."""
        slowest = 0.0
        storm = harness.Thread(target=bed.sim.do, args=(command,))
        storm.start()
        end = None
        while end is None or time.monotonic() < end:
            if end is None and not storm.is_alive():
                end = time.monotonic() + 3
            began = time.monotonic()
            bed.get(".1.3.6.1.2.1.1.3.0")
            slowest = max(slowest, time.monotonic() - began)
        storm.join()
        return slowest

    def chains(self, got, before, after):
        """What each says was before is what the one before it said."""
        columns = {"StateChange": ((1, 3, 1, 4), (1, 31, 1, 2)),
                   "VCpuChange": ((1, 3, 1, 5), (1, 31, 1, 3)),
                   "VMemChange": ((1, 3, 1, 6), (1, 31, 1, 4))}
        last = {}
        gone = set()
        for n in got:
            if n.name in ("Create", "Destroy"):
                self.assertEqual((n.domain in gone) or n.domain not in before
                                 and (n.domain, "there") not in last, n.name == "Create", n)
                (gone.discard if n.name == "Create" else gone.add)(n.domain)
                last[n.domain, "there"] = True
                for name in columns:
                    last.pop((n.domain, name), None)
            if n.name not in columns:
                continue
            now, prev = (n.value(*column) for column in columns[n.name])
            self.assertEqual(last.get((n.domain, n.name), prev), prev, n)
            self.assertNotEqual(now, prev, n)
            last[n.domain, n.name] = now
        states = {"active": 1, "stopping": 2, "inactive": 3, "binding": 4, "unbinding": 5,
                  "bound": 6, "starting": 7}
        for domain in after:
            name = domain["name"]
            for kind, value in (("StateChange", states[domain["state"]]),
                                ("VCpuChange", domain["vcpus"]),
                                ("VMemChange", domain["memory"] >> 20)):
                self.assertEqual(last.get((name, kind), value), value, (name, kind))


if __name__ == "__main__":
    harness.unittest.main()
