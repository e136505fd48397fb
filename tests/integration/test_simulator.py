"""The simulator alone: what docs/ldmd-sim.md says of it, seen by a client that is not the agent."""
import json
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import harness
import ldm_client
from harness import SLOW, dump, wait_for


# As in the guides from 1.2 to 3.6, without white space.
AS_PRINTED = (
    '<LDM_interfaceversion="1.3"><cmd><action>reg-all-events</action><dataversion="3.0"/><response>'
    '<status>success</status></response></data><response><status>success</status></response></cmd>'
    '<response><status>success</status></response></LDM_interface>')


class SimulatorCase(harness.TestCase):

    def simulator(self, *options, **more):
        folder = f"{self.directory}/sim{len(self.processes)}"
        sim = self.process(harness.Simulator(folder, transport="plain", options=options, **more))
        return sim.start()

    def client(self, sim):
        client = ldm_client.Client(sim.port)
        self.addCleanup(client.close)
        return client

    def vcpus(self, sim, name):
        return next(d["vcpus"] for d in dump(sim)["domains"] if d["name"] == name)

    def results(self, sim):
        return [entry["result"] for entry in json.loads(sim.command("log").splitlines()[0])]


class Late(SimulatorCase):
    """Commands whose work is not done when one would think."""

    def test_work_late(self):
        sim = self.simulator(faults=["work-late:0.5@set-vcpu/ldg1"])
        commands, lists = self.client(sim), self.client(sim)
        begun = time.monotonic()
        commands.send("set-vcpu", "ldg1", ldm_client.item("cpu", units=6))
        wait_for(lambda: self.results(sim) == ["pending"], what="the command")
        answer = lists.ask("list-domain", "ldg1")
        if time.monotonic() - begun < 0.4:
            self.assertEqual(answer.domains["ldg1"].get("cpu", "AllocationUnits"), "4")
        self.assertTrue(ldm_client.Answer(commands.document()).ok)
        self.assertGreater(time.monotonic() - begun, 0.4)
        self.assertEqual(self.vcpus(sim, "ldg1"), 6)
        self.assertEqual(self.results(sim), ["ok"])

    def test_work_late_is_judged_when_it_begins(self):
        sim = self.simulator(faults=["work-late:0.3@start-domain"])
        commands = self.client(sim)
        commands.send("start-domain", "test01")
        wait_for(lambda: self.results(sim) == ["pending"], what="the command")
        sim.do("do unbind-domain test01")
        answer = ldm_client.Answer(commands.document())
        self.assertFalse(answer.ok)
        self.assertIn("must be bound", answer.messages[0])

    def test_work_late_spares_lists_and_others(self):
        sim = self.simulator(faults=["work-late:30@*/web01"])
        client = self.client(sim)
        self.assertTrue(client.ask("list-domain", "web01").ok)
        self.assertTrue(client.ask("set-vcpu", "ldg1", ldm_client.item("cpu", units=5)).ok)

    def test_lost_then_done(self):
        sim = self.simulator()
        sim.do("fault lost-then-done:0.5@set-vcpu/ldg1#1")
        client = self.client(sim)
        begun = time.monotonic()
        with self.assertRaises(ldm_client.Closed) as closed:
            client.ask("set-vcpu", "ldg1", ldm_client.item("cpu", units=6))
        self.assertEqual(closed.exception.args, ("",))
        self.assertLess(time.monotonic() - begun, 0.4 * SLOW)
        self.assertIn(self.results(sim), (["pending"], ["ok"]))
        wait_for(lambda: self.vcpus(sim, "ldg1") == 6, what="the work")
        self.assertGreater(time.monotonic() - begun, 0.4)
        self.assertEqual(self.results(sim), ["ok"])
        # Once only.
        self.assertTrue(self.client(sim).ask("set-vcpu", "ldg1", ldm_client.item("cpu", units=5)).ok)

    def test_lost_then_done_of_an_operation_that_takes_time(self):
        sim = self.simulator(faults=["lost-then-done:0.3@bind-domain"], wait=0.3)
        with self.assertRaises(ldm_client.Closed):
            self.client(sim).ask("bind-domain", "dev01")
        states = set()

        def bound():
            states.add(next(d["state"] for d in dump(sim)["domains"] if d["name"] == "dev01"))
            return "bound" in states
        wait_for(bound, what="the binding", interval=0.01)
        self.assertEqual(states, {"inactive", "binding", "bound"})


class Options(SimulatorCase):
    """A forced stop is one only in a form that this ldmd takes."""

    STOP = ["ignore-stop@stop-domain/ldg1"]

    def forced(self, sim, form):
        """Whether stop-domain -f in this form brings a guest down that ignores a plain stop."""
        answer = self.client(sim).ask("stop-domain", "ldg1", option="-f", form=form)
        state = next(d["state"] for d in dump(sim)["domains"] if d["name"] == "ldg1")
        self.assertEqual(answer.ok, state == "bound")
        if not answer.ok:
            self.assertEqual(state, "active")
            self.assertIn("timed out", answer.messages[0])
        if answer.ok:
            sim.do("do start-domain ldg1")
            sim.do("guest ldg1 os")  # at OpenBoot nobody could ignore it
        return answer.ok

    def forms(self, sim):
        return [form for form in ("option", "options", "arguments") if self.forced(sim, form)]

    def test_by_version(self):
        for version, forms in (("1.2", ["option"]), ("2.0", ["option"]), ("3.1.1", ["option"]),
                               ("3.2", ["options", "arguments"]), ("3.6", ["options", "arguments"])):
            sim = self.simulator("-L", version, faults=self.STOP, wait=0.02)
            self.assertEqual(self.forms(sim), forms, version)

    def test_without_a_version_both_are_taken(self):
        self.assertEqual(len(self.forms(self.simulator(faults=self.STOP, wait=0.02))), 3)

    def test_by_fault(self):
        for form, forms in (("option", 1), ("options", 2), ("both", 3)):
            sim = self.simulator("-L", "3.6", faults=self.STOP + ["option-form:" + form], wait=0.02)
            self.assertEqual(len(self.forms(sim)), forms, form)
        self.assertIn("bad argument", sim.command("fault option-form:none"))

    def test_other_options_too(self):
        sim = self.simulator("-L", "3.6")
        for form, free in (("option", None), ("options", "0")):
            answer = self.client(sim).ask("list-devices", option="-a", form=form)
            self.assertEqual(answer.data[0].all("cpu")[0].bindings[0].props.get("free"), free)

    def test_the_answer_carries_the_version_of_the_interface(self):
        for version, interface in (("1.2", "1.0"), ("2.1", "1.0"), ("2.2", "1.3"), ("3.3", "1.3"),
                                   ("3.6", "1.7")):
            sim = self.simulator("-L", version)
            self.assertEqual(self.client(sim).ask("list-domain").version, interface)


class Lists(SimulatorCase):
    """What lists may say wrongly, or not at all, of one domain or of all."""

    def listed(self, sim, action="list-domain", domain=None):
        return self.client(sim).ask(action, domain)

    def test_no_uuid(self):
        sim = self.simulator(faults=["no-uuid@list-*"])
        for action in ("list-domain", "list-bindings", "list-constraints"):
            answer = self.listed(sim, action)
            self.assertEqual(len(answer.data), 8)
            self.assertEqual({data.get("ldom_info", "uuid") for data in answer.data}, {None})
            self.assertTrue(all(data.get("ldom_info", "hostid") for data in answer.data))

    def test_no_uuid_of_one_domain_in_one_document(self):
        sim = self.simulator(faults=["no-uuid@list-domain/ldg1#1"])
        answer = self.listed(sim)
        self.assertEqual([data.name for data in answer.data if not data.get("ldom_info", "uuid")],
                         ["ldg1"])
        self.assertTrue(self.listed(sim, domain="ldg1").data[0].get("ldom_info", "uuid"))

    def test_the_count_is_one_of_documents(self):
        sim = self.simulator(faults=["no-uuid#2"])
        for without in (8, 8, 0):
            answer = self.listed(sim)
            self.assertEqual(sum(not d.get("ldom_info", "uuid") for d in answer.data), without)

    def test_nameless(self):
        sim = self.simulator(faults=["nameless@list-domain"])
        answer = self.listed(sim)
        self.assertEqual([data.name for data in answer.data].count(None), 1)
        self.assertIsNone(answer.data[-1].name)
        # It is a domain all the same.
        self.assertEqual(answer.data[-1].get("ldom_info", "state"), "inactive")
        self.assertIn("<Content ", answer.text[answer.text.rindex("<data"):])
        self.assertTrue(answer.ok)
        self.assertEqual(self.listed(sim, domain="ldg1").data[0].name, "ldg1")

    def test_nameless_of_one_domain(self):
        sim = self.simulator(faults=["nameless@list-*/web01"])
        names = [data.name for data in self.listed(sim).data]
        self.assertEqual([names.count(None), names.count("web01"), len(names)], [1, 0, 8])
        self.assertEqual(self.listed(sim, domain="web01").data[0].name, None)

    def test_nameless_in_version_2(self):
        sim = self.simulator("-d", "2.0", faults=["nameless"])
        client = self.client(sim)
        client.socket.sendall(b'<LDM_interface version="1.0"><cmd><action>list-domain</action>'
                              b'<data version="2.0"/></cmd></LDM_interface>')
        root = ldm_client.Answer(client.document()).root
        names = [ldom.findtext("ldom_info/ldom_name") for ldom in root.iter("ldom")]
        self.assertEqual([names.count(None), len(names)], [1, 8])

    def test_same_net(self):
        sim = self.simulator(faults=["same-net@list-bindings/web01"])
        answer = self.listed(sim, "list-bindings")
        nets = answer.domains["web01"].all("network")
        self.assertEqual([net["vnet_name"] for net in nets], ["vnet0", "vnet0"])
        self.assertEqual(len({net["Address"] for net in nets}), 2)
        self.assertEqual([net["vnet_name"] for net in answer.domains["db01"].all("network")],
                         ["vnet0", "vnet1"])

    def test_state_word(self):
        sim = self.simulator(faults=["state-word:suspended@list-*/ldg1"])
        for action in ("list-domain", "list-bindings"):
            states = {name: data.get("ldom_info", "state")
                      for name, data in self.listed(sim, action).domains.items()}
            self.assertEqual(states["ldg1"], "suspended")
            self.assertEqual(states["web01"], "active")
        self.assertEqual(next(d["state"] for d in dump(sim)["domains"] if d["name"] == "ldg1"), "active")

    def test_policy_beside(self):
        sim = self.simulator()
        before = self.listed(sim, "list-bindings", "web01").data[0]
        sim.do("fault policy-beside@list-bindings")
        after = self.listed(sim, "list-bindings", "web01").data[0]
        self.assertEqual([r.type for r in before.beside], [])
        self.assertEqual([r.props for r in after.beside], [r.props for r in before.all("policy")])
        self.assertEqual([r.type for r in after.beside], ["policy"])
        self.assertNotIn("policy", [r.type for r in after.inside])


class Registration(SimulatorCase):

    def test_as_printed(self):
        sim = self.simulator("-L", "3.3", faults=["as-printed", "no-prefix@reg-*"])
        client = self.client(sim)
        client.send("reg-all-events")
        text = "".join(client.document().split())
        self.assertEqual(text, AS_PRINTED)
        # The connection is registered, and other answers are good ones.
        sim.do("do set-vcpu ldg1 5")
        self.assertIn("set-vcpu", client.document("LDM_event"))
        self.assertTrue(client.ask("list-domain").ok)


class Specifications(SimulatorCase):

    def test_what_cannot_strike_is_refused(self):
        sim = self.simulator()
        for spec in ("work-late@event", "nameless@connect", "as-printed@tls", "state-word@idle"):
            self.assertIn("does not strike there", sim.command("fault " + spec))
        for spec in ("work-late:2@set-*/ldg1#3", "lost-then-done@*", "nameless@list-*/ldg1",
                     "as-printed@reg-*", "same-net", "policy-beside#1", "state-word:x@list-domain"):
            sim.do("fault " + spec)
        self.assertEqual(len(sim.do("faults").splitlines()), 8)
        sim.do("clear work-late")
        sim.do("clear")
        self.assertEqual(sim.do("faults"), "ok\n")


class WholeCores(SimulatorCase):
    """set-vcpu with wcore counts cores and sets the constraint; max-cores bounds both forms."""

    def ask(self, sim, action, cores, domain="db01", **more):
        return self.client(sim).ask(action, domain, ldm_client.item(
            "cpu", units=more.pop("units", 8 * cores), wcore=cores))

    def held(self, sim, name="db01"):
        found = next(d for d in dump(sim)["domains"] if d["name"] == name)
        cores = {thread["cid"] for thread in found["threads"]}
        return found["vcpus"], found["whole_core"], len(cores)

    def test_set_add_remove(self):
        sim = self.simulator()
        sim.do("do set-mau db01 0")  # a core whose crypto unit it has cannot go
        self.assertEqual(self.held(sim), (16, 2, 2))
        for action, cores, held in (("set-vcpu", 3, 3), ("add-vcpu", 1, 4), ("remove-vcpu", 2, 2),
                                    ("set-vcpu", 1, 1), ("set-vcpu", 2, 2)):
            self.assertTrue(self.ask(sim, action, cores).ok, (action, cores))
            self.assertEqual(self.held(sim), (8 * held, held, held))

    def test_refused_and_nothing_changed(self):
        sim = self.simulator()
        for cores, more, words in ((99, {}, "Insufficient free cores"), (2, {"units": 15}, "are not 2 cores"),
                                   (1, {}, "crypto unit")):
            answer = self.ask(sim, "set-vcpu", cores, **more)
            self.assertFalse(answer.ok)
            self.assertIn(words, answer.messages[0])
            self.assertEqual(self.held(sim), (16, 2, 2))

    def test_threads_end_the_constraint(self):
        sim = self.simulator()
        self.assertTrue(self.ask(sim, "set-vcpu", 0, units=17).ok)
        self.assertEqual(self.held(sim)[:2], (17, 0))

    def test_to_a_domain_without_the_constraint(self):
        sim = self.simulator()
        answer = self.ask(sim, "set-vcpu", 1, "ldg1")
        self.assertIn("parts of cores", answer.messages[0])
        self.assertTrue(self.ask(sim, "set-vcpu", 1, "test01").ok)  # bound: it gets other CPUs
        self.assertEqual(self.held(sim, "test01"), (8, 1, 1))
        self.assertTrue(self.ask(sim, "set-vcpu", 2, "dev01").ok)  # inactive: a wish
        self.assertEqual(self.held(sim, "dev01"), (16, 2, 0))

    def test_max_cores(self):
        sim = self.simulator()
        sim.do("do set-domain db01 max-cores=3")
        self.assertFalse(self.ask(sim, "set-vcpu", 4).ok)
        self.assertTrue(self.ask(sim, "set-vcpu", 3).ok)
        self.assertIn("exceed max-cores=3", sim.command("do set-vcpu db01 25"))
        self.assertIn("has more than 2 cores", sim.command("do set-domain db01 max-cores=2"))
        sim.do("do set-domain db01 max-cores=unlimited")
        self.assertTrue(self.ask(sim, "set-vcpu", 4).ok)

    def test_partial(self):
        sim = self.simulator(faults=["partial:8@set-vcpu"])
        self.assertTrue(self.ask(sim, "set-vcpu", 5).ok)
        self.assertEqual(self.held(sim), (24, 3, 3))
        self.assertTrue(self.client(sim).ask("set-vcpu", "ldg1", ldm_client.item("cpu", units=20)).ok)
        self.assertEqual(self.vcpus(sim, "ldg1"), 12)

    def test_before_2_0_there_are_none(self):
        sim = self.simulator("-L", "1.3")
        self.assertTrue(self.ask(sim, "set-vcpu", 1, "ldg1").ok)
        self.assertEqual(self.vcpus(sim, "ldg1"), 8)
        found = self.client(sim).ask("list-bindings", "ldg1").data[0]
        self.assertIsNone(found.get("cpu", "wcore"))


class Versions(SimulatorCase):
    """What a version does not have is not told, and what ldmd refuses is refused."""

    # version: what ldom_info has of these
    SINCE = {"uuid": "2.2", "hostid": "1.2", "master": "1.2", "cpu-arch": "2.1", "max-cores": "2.2",
             "rc-add-policy": "3.0", "shutdown-group": "3.0", "perf-counters": "3.2",
             "boot-policy": "3.4", "extended-mapin-space": "2.2"}

    def number(self, version):
        return [int(part) for part in version.split(".")]

    def test_properties_of_a_domain(self):
        for version in ("1.1", "1.2", "1.3", "2.0", "2.1", "2.2", "3.0", "3.2", "3.3", "3.4", "3.6"):
            sim = self.simulator("-L", version)
            found = self.client(sim).ask("list-bindings", "web01").data[0]
            props = found.all("ldom_info")[0].props
            expected = {key for key, since in self.SINCE.items()
                        if self.number(version) >= self.number(since)}
            if self.number("2.2") <= self.number(version) < self.number("3.3"):
                expected.add("threading")
            self.assertEqual(set(props) & {*self.SINCE, "threading"}, expected, version)
            self.assertEqual(bool(found.all("policy")), self.number(version) >= [1, 3])
            self.assertTrue({"state", "flags", "utilization", "uptime"} <= set(props))
            sim.stop()

    def test_values_that_are_refused(self):
        sim = self.simulator()
        for text in ("cpu-arch=nonsense", "failure-policy=hope", "extended-mapin-space=maybe",
                     "boot-policy=sometimes", "rc-add-policy=x", "perf-counters=global,none",
                     "shutdown-group=16", "max-cores=0", "max-cores=many", "hostid=12345678x",
                     "mac=00:14:4f", "master=a,b,c,d,e"):
            before = dump(sim)
            self.assertIn("error", sim.command("do set-domain ldg1 " + text), text)
            self.assertIn("error", sim.command("do add-domain new " + text), text)
            self.assertEqual(len(dump(sim)["domains"]), len(before["domains"]))
        for text in ("cpu-arch=migration-class1", "failure-policy=panic", "boot-policy=enforce",
                     "rc-add-policy=iov", "rc-add-policy=", "perf-counters=global,htstrand",
                     "shutdown-group=3", "max-cores=9", "hostid=0x84fe0001"):
            sim.do("do set-domain ldg1 " + text)
        self.assertIn("error", self.simulator("-L", "3.0").command("do set-domain ldg1 cpu-arch=migration-class1"))

    def test_set_domain_shows_in_the_lists(self):
        sim = self.simulator()
        sim.do("do set-domain ldg1 boot-policy=none max-cores=4 perf-counters=global")
        for action in ("list-bindings", "list-constraints"):
            found = self.client(sim).ask(action, "ldg1").data[0]
            self.assertEqual([found.get("ldom_info", key) for key in
                              ("boot-policy", "max-cores", "perf-counters")], ["none", "4", "global"])

    def test_utilization(self):
        sim = self.simulator()
        sim.do("util ldg1 500 125")
        found = self.client(sim).ask("list-domain", "ldg1").data[0]
        self.assertEqual([found.get("ldom_info", key) for key in
                          ("utilization", "normalized_utilization")], ["50.0%", "12.5%"])


class Migration(SimulatorCase):

    def test_progress_status_and_source(self):
        sim = self.simulator()
        client = self.client(sim)
        self.assertIsNone(client.ask("list-domain", "ldg1").data[0].get("ldom_info", "progress"))
        sim.do("migrate-out ldg1 1000")
        sim.do("migrate-in other 11111111-2222-4333-8444-555555555555 1000")
        for name, source, flag in (("ldg1", "this-host", "s"), ("other", "other-host", "t")):
            for action in ("list-domain", "list-bindings"):
                found = client.ask(action, name).data[0]
                self.assertEqual([found.get("ldom_info", key) for key in
                                  ("progress", "status", "source")], ["0%", "ongoing", source])
                self.assertEqual(found.get("ldom_info", "flags")[5], flag)

    def test_failure_leaves_a_flag(self):
        sim = self.simulator()
        sim.do("migrate-out ldg1 1000")
        sim.do("migrate-fail ldg1")
        found = self.client(sim).ask("list-domain", "ldg1").data[0]
        self.assertEqual(found.get("ldom_info", "flags")[5], "e")
        self.assertIsNone(found.get("ldom_info", "progress"))


class Reconfiguration(SimulatorCase):
    """What waits for a reboot, whose, and what cannot be done meanwhile."""

    def domain(self, sim, name):
        return next(d for d in dump(sim)["domains"] if d["name"] == name)

    def flag(self, sim, name):
        return self.domain(sim, name)["flags"][2]

    def test_memory_of_an_active_guest_before_1_2(self):
        sim = self.simulator("-L", "1.1", wait=0.02)
        client = self.client(sim)
        self.assertTrue(client.ask("set-memory", "ldg1", ldm_client.item("memory", units="2G")).ok)
        self.assertEqual(self.flag(sim, "ldg1"), "d")
        self.assertEqual(self.domain(sim, "ldg1")["memory"], 4 << 30)
        answer = client.ask("set-vcpu", "web01", ldm_client.item("cpu", units=4))
        self.assertIn("The ldg1 domain is in the process of a delayed", answer.messages[0])
        sim.do("guest ldg1 reset")
        self.assertEqual(self.domain(sim, "ldg1")["memory"], 2 << 30)
        self.assertEqual(self.flag(sim, "ldg1"), "-")
        self.assertTrue(client.ask("set-vcpu", "web01", ldm_client.item("cpu", units=4)).ok)

    def test_it_takes_effect_when_the_guest_stops_and_can_be_cancelled(self):
        sim = self.simulator("-L", "1.0.3", wait=0.02)
        client = self.client(sim)
        for memory, end, held in (("2G", "do cancel-operation ldg1 reconf", 4), ("3G", "do stop-domain ldg1", 3)):
            self.assertTrue(client.ask("set-memory", "ldg1", ldm_client.item("memory", units=memory)).ok)
            sim.do(end)
            found = self.domain(sim, "ldg1")
            self.assertEqual([found["memory"], found["constraints"]["memory"], found["flags"][2]],
                             [held << 30, held << 30, "-"])

    def test_between_1_2_and_2_0_it_is_refused(self):
        for version in ("1.2", "1.3"):
            sim = self.simulator("-L", version)
            answer = self.client(sim).ask("set-memory", "ldg1", ldm_client.item("memory", units="2G"))
            self.assertIn("not supported", answer.messages[0])

    def test_root_domain(self):
        sim = self.simulator("-L", "3.1", wait=0.02)
        client = self.client(sim)
        sim.do("do add-io test01 pci_2")
        sim.do("do start-domain test01")
        sim.do("guest test01 os")
        self.assertTrue(client.ask("remove-io", "test01", ldm_client.item("physio_device", name="pci_2")).ok)
        self.assertEqual(self.flag(sim, "test01"), "d")
        self.assertEqual(self.domain(sim, "test01")["iobus"], ["pci@600"])
        answer = client.ask("set-vcpu", "test01", ldm_client.item("cpu", units=2))
        self.assertIn("only its I/O devices", answer.messages[0])
        self.assertTrue(client.ask("set-vcpu", "ldg1", ldm_client.item("cpu", units=2)).ok)
        sim.do("guest test01 reset")
        self.assertEqual([self.domain(sim, "test01")["iobus"], self.flag(sim, "test01")], [[], "-"])

    def test_by_the_operator(self):
        sim = self.simulator()
        sim.do("do add-io ldg1 pci_2")
        sim.do("reconf on ldg1")
        self.assertEqual(self.flag(sim, "ldg1"), "d")
        sim.do("reconf off ldg1")
        self.assertEqual(self.flag(sim, "ldg1"), "-")
        self.assertIn("error", sim.command("reconf on web01"))  # no root domain

    def test_cancel_memory_dr(self):
        sim = self.simulator(wait=600)
        for size in ("8G", "1G"):
            commands = self.client(sim)
            commands.send("set-memory", "ldg1", ldm_client.item("memory", units=size))
            wait_for(lambda: self.flag(sim, "ldg1") == "r", what="the reconfiguration")
            self.assertTrue(self.client(sim).ask("cancel-operation", "ldg1", option="memdr").ok)
            self.assertIn("was cancelled", ldm_client.Answer(commands.document()).messages[0])
            self.assertEqual(self.domain(sim, "ldg1")["memory"], 4 << 30)
        answer = self.client(sim).ask("cancel-operation", "ldg1", option="memdr")
        self.assertIn("no memory reconfiguration", answer.messages[0])


class Hardware(SimulatorCase):
    """Degraded domains, hardware that vanishes, I/O functions."""

    def test_degraded(self):
        sim = self.simulator()
        sim.do("degrade test01 on")
        client = self.client(sim)
        found = client.ask("list-domain", "test01").data[0]
        self.assertEqual(found.get("ldom_info", "flags"), "-d----")
        self.assertIn("is degraded", client.ask("start-domain", "test01").messages[0])
        sim.do("degrade test01 off")
        self.assertTrue(client.ask("start-domain", "test01").ok)
        self.assertIn("error", self.simulator("-L", "2.2").command("degrade test01 on"))

    def test_vanished(self):
        sim = self.simulator()
        client = self.client(sim)

        def devices():
            data = client.ask("list-devices", option="-a").data[0]
            return [data.get("cpu", "AllocationUnits"), len(data.all("cpu")[0].bindings),
                    data.get("mau", "AllocationUnits"), data.get("memory", "AllocationUnits"),
                    [found["name"] for found in data.all("physio_device")]]
        buses = ["pci@400", "pci@500", "pci@600", "pci@700"]
        self.assertEqual(devices(), ["128", 128, "16", "128G", buses])
        for line in ("core 15", "memory 8G", "bus pci_3"):
            sim.do("vanish " + line)
        self.assertEqual(devices(), ["120", 120, "15", "120G", buses[:3]])
        state = dump(sim)
        self.assertEqual([state["capacity"][key] for key in ("vcpus", "cores", "mau", "buses")],
                         [120, 15, 15, 3])
        self.assertIn("error", sim.command("vanish core 0"))  # primary has it
        self.assertIn("not found", sim.command("do add-io test01 pci_3"))
        sim.do("mend")
        self.assertEqual(devices(), ["128", 128, "16", "128G", buses])

    def test_io_functions(self):
        sim = self.simulator()
        client = self.client(sim)
        physical = "/SYS/MB/NET0/IOVNET.PF0"

        def ask(action, name, domain=None, **props):
            return client.ask(action, domain, ldm_client.item("physio_device", name=name, **props))
        self.assertTrue(ask("create-vf", physical, pvid=7, vid="8,9").ok)
        self.assertTrue(ask("create-vf", physical, address="00:14:4f:fc:00:09").ok)
        self.assertTrue(ask("add-io", physical + ".VF0", "ldg1").ok)
        found = client.ask("list-bindings", "ldg1").data[0].all("physio_device")[0]
        self.assertEqual([found[key] for key in ("name", "pvid", "vid", "mtu")],
                         [physical + ".VF0", "7", "8,9", "1500"])
        self.assertRegex(found["Address"], "^00:14:4f:")
        self.assertEqual(next(d["roles"] for d in dump(sim)["domains"] if d["name"] == "ldg1"), ["io", "guest"])
        self.assertTrue(ask("set-io", physical + ".VF0", pvid=12).ok)
        self.assertFalse(ask("set-io", physical + ".VF0", mtu=9000).ok)  # it is in use
        self.assertFalse(ask("destroy-vf", physical + ".VF0").ok)
        self.assertEqual(next(d["io_functions"] for d in dump(sim)["domains"] if d["name"] == "ldg1")[0]["pvid"], "12")
        names = {found["name"]: found["type"] for found in client.ask("list-io").data[0].all("physio_device")}
        self.assertEqual([names[physical], names[physical + ".VF1"]], ["PF", "VF"])
        self.assertTrue(ask("remove-io", physical + ".VF0", "ldg1").ok)
        for number in "01":
            self.assertTrue(ask("destroy-vf", f"{physical}.VF{number}").ok)

    def test_io_functions_by_delayed_reconfiguration(self):
        sim = self.simulator()
        client = self.client(sim)
        physical = "/SYS/MB/NET0/IOVNET.PF0"
        self.assertTrue(client.ask("set-io", None, ldm_client.item(
            "physio_device", name="pci_0", iov_bus_enable_iov="off")).ok)
        self.assertTrue(client.ask("create-vf", None, ldm_client.item("physio_device", name=physical)).ok)
        add = ("add-io", "test01", ldm_client.item("physio_device", name=physical + ".VF0"))
        self.assertFalse(client.ask(*add).ok)
        sim.do("reboot-control")
        sim.do("guest primary os")
        self.assertTrue(client.ask(*add).ok)


class LaterActions(SimulatorCase):
    """Actions of 3.4 and 3.5, and "unknown action" before."""

    SINCE = {"list-dependencies": "3.4", "list-hba": "3.4", "list-rsrc-group": "3.4", "list-vmapi": "3.4",
             "list-io": "3.5", "list-netdev": "3.5", "list-netstat": "3.5"}

    def test_lists_by_version(self):
        for version in ("3.3", "3.4", "3.5", "3.6"):
            sim = self.simulator("-L", version)
            client = self.client(sim)
            for action, since in self.SINCE.items():
                answer = client.ask(action)
                self.assertEqual(answer.ok, float(version) >= float(since), (version, action))
                if not answer.ok:
                    self.assertEqual(answer.messages, [f'Unknown action "{action}"'])

    def test_what_they_say(self):
        client = self.client(self.simulator())
        found = client.ask("list-dependencies", "ldg1").data[0]
        self.assertIn({"domain": "primary", "type": "disk", "service_name": "primary-vds0"},
                      [resource.props for resource in found.all("dependency")])
        self.assertEqual(len(client.ask("list-rsrc-group").data[0].all("rsrc_group")), 4)
        self.assertEqual(len(client.ask("list-hba").data[0].all("hba")), 4)
        self.assertEqual(client.ask("list-netdev", "web01").data[0].all("netdev")[1]["name"], "net1")
        self.assertEqual(client.ask("list-netstat", "test01").data[0].all("netstat"), [])

    def test_virtual_san(self):
        sim = self.simulator()
        client = self.client(sim)
        san = ldm_client.item("vsan", vsan_name="san0", iport_path="/pci@400/scsi@0/iport@1")
        hba = ldm_client.item("vhba", vhba_name="vhba0", vsan_name="san0")
        self.assertFalse(client.ask("add-vhba", "ldg1", hba).ok)
        self.assertTrue(client.ask("add-vsan", "primary", san).ok)
        self.assertTrue(client.ask("add-vhba", "ldg1", hba).ok)
        self.assertTrue(client.ask("set-vhba", "ldg1", ldm_client.item("vhba", vhba_name="vhba0", timeout=30)).ok)
        self.assertEqual(client.ask("list-bindings", "ldg1").data[0].all("vhba")[0]["timeout"], "30")
        self.assertEqual(client.ask("list-services", "primary").data[0].all("vsan")[0]["vsan_name"], "san0")
        self.assertIn("in use", client.ask("remove-vsan", None, ldm_client.item("vsan", vsan_name="san0")).messages[0])
        self.assertTrue(client.ask("remove-vhba", "ldg1", hba).ok)
        self.assertTrue(client.ask("remove-vsan", None, san).ok)
        self.assertIn("Unknown action", self.client(self.simulator("-L", "3.3")).ask("add-vsan", "primary", san).messages[0])


class Replay(SimulatorCase):
    """-r FILE: answers out of a capture, as docs/ldm-xml.md has its form."""

    LISTS = ["list-domain", "list-bindings", "list-constraints", "list-services", "list-devices",
             "list-spconfig", "reg-all-events"]

    def capture(self, sim, data="3.0", questions=None):
        """The path of one of all lists of this simulator."""
        text = f"ldoms-capture 1\n# made by a test\ntransport plain\ndata {data}\nnames as-is\n"
        client = self.client(sim)
        for number, (action, domain) in enumerate(questions or [(name, None) for name in self.LISTS], 1):
            client.send(action, domain, data=data)
            answer = client.document()
            text += f"\nquestion {number}\naction {action}\n"
            text += f"domain {domain}\n" if domain else ""
            text += "> a request\nanswer success\nsomething new\ntook 0.01\n"
            text += "".join("< " + line + "\n" if line else "<\n" for line in answer.split("\n")) + "end\n"
        return self.write(text)

    def write(self, text):
        path = f"{self.directory}/capture{len(self.processes)}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def replayed(self, path, *options):
        sim = self.process(harness.Simulator(f"{self.directory}/r{len(self.processes)}", options=options))
        # What the capture says of transport and data version holds.
        sim.options = [word for word in sim.options if word not in ("-T", "xmpp")] + ["-r", path]
        return sim.start()

    def test_the_same_documents(self):
        for data, faults in (("3.0", []), ("3.0", ["no-prefix", "child-props", "whitespace"]), ("2.0", [])):
            sim = self.simulator("-d", data, faults=faults)
            client = self.client(sim)
            replayed = self.client(self.replayed(self.capture(sim, data)))
            for action in self.LISTS:
                client.send(action, data=data)
                replayed.send(action, data=data)
                self.assertEqual(replayed.document(), client.document(), (action, data))

    def canonical(self, client):
        text = ldm_client.bare(client.document())
        return ElementTree.canonicalize(text, strip_text=True)

    def test_one_domain_out_of_the_list_of_all(self):
        for data in ("3.0", "2.0"):
            sim = self.simulator("-d", data, faults=["no-prefix@list-*"])
            client, replayed = self.client(sim), self.client(self.replayed(self.capture(sim, data)))
            for name in ("primary", "web01", "dev01"):
                for ask in (client, replayed):
                    ask.send("list-bindings", name, data=data)
                self.assertTrue(self.canonical(replayed) == self.canonical(client), (data, name))
            answer = replayed.ask("list-bindings", "nobody", data=data)
            self.assertIn('"nobody" was not found', answer.messages[0])

    def test_the_last_answer_to_a_question_counts(self):
        sim = self.simulator()
        path = self.capture(sim, questions=[("list-domain", "ldg1"), ("list-domain", "ldg1")])
        with open(path, encoding="utf-8") as file:
            text = file.read()
        text = text.replace("ovf:id=\"ldg1\"", "ovf:id=\"first\"", 1)
        replayed = self.client(self.replayed(self.write(text)))
        self.assertEqual(replayed.ask("list-domain", "ldg1").data[0].name, "ldg1")

    def test_nothing_can_be_changed(self):
        sim = self.replayed(self.capture(self.simulator()))
        client = self.client(sim)
        answer = client.ask("stop-domain", "ldg1", option="-f", form="options")
        self.assertIn("nothing can be changed", answer.messages[0])
        self.assertIn("no host", sim.command("dump"))
        self.assertIn("no host", sim.command("do set-vcpu ldg1 3"))
        self.assertEqual(self.results(sim), ["refused"])

    def test_what_was_not_asked_or_not_answered(self):
        sim = self.replayed(self.write(
            "ldoms-capture 1\ntransport plain\n\nquestion 1\naction list-domain\nanswer none\n"
            "error no answer in time\nend\nquestion 2\naction list-services\nanswer unreadable\n"
            "< <LDM_interface>\n<\n<  <x></y>\n< </LDM_interface>\nend\n"))
        client = self.client(sim)
        self.assertIn("no answer to list-devices", client.ask("list-devices").messages[0])
        client.send("list-services")
        self.assertEqual(client.document(), "<LDM_interface>\n\n <x></y>\n</LDM_interface>")
        client.send("list-domain")
        client.socket.settimeout(0.3)
        with self.assertRaises(OSError):
            client.document()

    def test_events(self):
        event = '<LDM_event version="1.1"><cmd><action>set-vcpu</action></cmd></LDM_event>'
        with open(self.capture(self.simulator()), encoding="utf-8") as file:
            text = file.read() + f"event\n< {event}\nend\n"
        client = self.client(self.replayed(self.write(text)))
        self.assertTrue(client.ask("reg-all-events").ok)
        self.assertEqual(client.document("LDM_event"), event)

    def test_files_that_are_none(self):
        for text, line, words in (("", 0, "empty"), ("ldoms-capture 2\n", 1, "not a capture"),
                                  ("ldoms-capture 1\nend\n", 2, "end of nothing"),
                                  ("ldoms-capture 1\n< x\n", 2, "outside of a question"),
                                  ("ldoms-capture 1\nquestion 1\nquestion 2\n", 3, "no end"),
                                  ("ldoms-capture 1\nquestion 1\nend\n", 3, "without action"),
                                  ("ldoms-capture 1\nevent\n", 2, "no end")):
            result = subprocess.run([harness.SIM, "-p", "0", "-r", self.write(text)], text=True,
                                    stderr=subprocess.PIPE, stdout=subprocess.PIPE, timeout=20, check=False)
            self.assertEqual(result.returncode, 1, text)
            self.assertIn(f"line {line}: ", result.stderr)
            self.assertIn(words, result.stderr)


class Large(SimulatorCase):
    """Neither the start nor the lists of a large host take more than their share."""

    LISTS = ("list-domain", "list-bindings", "list-constraints", "list-services", "list-devices")

    def timed(self, domains):
        begun = time.monotonic()
        sim = self.simulator("-n", str(domains))
        client, took = self.client(sim), {"start": time.monotonic() - begun}
        client.socket.settimeout(60 * SLOW)
        for action in self.LISTS:
            begun = time.monotonic()
            client.send(action)
            text = client.document()
            took[action] = time.monotonic() - begun
            if action in ("list-domain", "list-bindings", "list-constraints"):
                self.assertEqual(text.count("<Content"), domains)
        sim.stop()
        return took

    def test_a_thousand_and_four_thousand_domains(self):
        small, large = self.timed(1000), self.timed(4000)
        print("#", " ".join(f"{name} {small[name]:.2f} {large[name]:.2f} s" for name in small))
        self.assertLess(large["start"], 3.0 * SLOW)
        for action in self.LISTS:
            self.assertLess(large[action], 8 * small[action] + 0.5 * SLOW, action)
