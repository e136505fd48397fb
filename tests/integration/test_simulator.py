"""The simulator alone: what docs/ldmd-sim.md says of it, seen by a client that is not the agent."""
import json
import time

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
