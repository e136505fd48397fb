"""SNMP contexts: `context NAME` in the configuration, and several agents at one snmpd.

What is on the wire is in tests/conformance/test_session.py; how many hosts one snmpd can have is
measured by tests/bench/hosts.py.
"""
import os
import re
import signal
import socket
import subprocess
import unittest

import agentx_master
import fleet
import harness
import sets
import traps
from agentx_master import (
    ADD_CAPS, CONTEXT, GET, NOTIFY, REGISTER, REMOVE_CAPS, TESTSET, UNREGISTER, UNSUPPORTED_CONTEXT,
    encode_octets)
from fleet import WRITER
from harness import cell, dump, wait_for

UNKNOWN_CONTEXTS = ".1.3.6.1.6.3.12.1.5.0"
SYS_OR = ".1.3.6.1.2.1.1.9.1.2"
VMS = ".1.3.6.1.2.1.236"  # VM-MIB
LONGEST = "n" * 32
# UTF-8, quotes, what both configurations have a meaning for, a space at each end; and no UTF-8.
ODD = [" räck #1 \"x\" %2B\\' ".encode(), b"\x01\xff\x7f", b"a", b"A", b"a*"]


class Contexts(fleet.TestCase):
    def outside(self, fleet_, options, verb="get", name=None):
        """A question to the master in no context of a host, by a user who may read all."""
        return harness.snmp(fleet_.snmpd, verb, [name or cell("Name", 1)], ["-On", "-Oe", *options],
                            auth=harness.Snmpd.users["sha"], check=False)

    def test_each_shows_its_own_host(self):
        """The same OIDs, indexes and names of domains; v2c and v3; SETs, too."""
        hosts = self.fleet(["north", "south"], domains=5).hosts
        for host in hosts:
            host.wait_agree()
            host.wait_agree(host.v3)
        north, south = (host.get(cell("UUID", 2)) for host in hosts)
        self.assertNotEqual(north, south)
        self.assertEqual(hosts[0].get(cell("UUID", 2), auth=hosts[0].v3), north)

        before = hosts[0].vcpus(), hosts[1].vcpus()
        index, guest = hosts[1].guest()
        # A reader may not.
        self.assertNotEqual(hosts[1].snmp("set", [cell("NumVCPU", index), "u", "3"],
                                          check=False).returncode, 0)
        for number, auth in enumerate((WRITER, hosts[1].v3), guest["vcpus"] + 1):
            hosts[1].snmp("set", [cell("NumVCPU", index), "u", str(number)], auth=auth)
            before[1][guest["name"]] = number
            wait_for(lambda: hosts[1].vcpus() == before[1], 10, "the CPUs")
            wait_for(lambda n=number: hosts[1].get(cell("NumVCPU", index)) == n, 10, "the row")
        self.assertEqual(hosts[0].vcpus(), before[0])

    def test_the_page(self):
        """snmpd's lines in docs/fleet.md let in whom they say."""
        with open(os.path.join(harness.SRC, "docs", "fleet.md"), encoding="utf-8") as page:
            lines = re.search(r"(?ms)^```snmpd\n(.*?)^```$", page.read()).group(1)
        lines = lines.replace(".1.3.6.1.4.1.8072.9999.9999.6482", harness.ROOT)
        secrets = "SHA auth-secret-1 AES priv-secret-1"
        fleet_ = self.fleet(["north", "south", "t5-1", "t5-2"], domains=2, snmpd_conf=lines +
                            f"createUser carol {secrets}\ncreateUser dave {secrets}\n")

        def sees(*auth):
            answer = harness.snmp(fleet_.snmpd, "get", [cell("Name", 1)], auth=auth, check=False)
            return "primary" in answer.stdout

        def user(name, context):
            return [name if word == "sha" else word for word in harness.Snmpd.users["sha"]] + \
                ["-n", context]

        contexts = ("north", "south", "t5-1", "t5-2")
        self.assertEqual([sees(*user("carol", c)) for c in contexts], [True, False, False, False])
        self.assertEqual([sees(*user("dave", c)) for c in contexts], [False, False, True, True])
        for name in ("north", "south"):
            self.assertTrue(sees("-v2c", "-c", f"{name}-secret"))
            found = fleet_[name].snmp("get", [cell("UUID", 2)], ["-On", "-Oe"],
                                      auth=("-v2c", "-c", f"{name}-secret")).stdout
            self.assertEqual(harness.parse_varbinds(found)[0][2], fleet_[name].get(cell("UUID", 2)))

    def view_fleet(self):
        """Two hosts whose VM-MIB is served."""
        fleet_ = self.fleet(["north", "south"], domains=3, conf="view vm\n")
        for host in fleet_.hosts:
            wait_for(lambda h=host: h.walk(VMS), 20, "VM-MIB")
        return fleet_

    def test_views(self):
        """The other MIBs over the same inventory are in the context, too, and nowhere else."""
        fleet_ = self.view_fleet()
        self.assertIn("No Such Object", self.outside(fleet_, [], name=VMS + ".1.1.1.0").stdout)

    def test_views_go_with_the_agent(self):
        fleet_ = self.view_fleet()
        self.assertEqual(fleet_["north"].agent.stop(), 0)
        self.assertEqual(fleet_["north"].walk(VMS), [])
        self.assertTrue(fleet_["south"].walk(VMS))

    def test_default_and_named(self):
        """An agent without a context and one with, at the same master and the same root."""
        bed = self.bed(domains=3)
        other = self.process(harness.Simulator(os.path.join(self.directory, "s"), 4)).start()
        agent = self.process(harness.Agent(os.path.join(self.directory, "a"), other.address,
                                           bed.snmpd.address, "context named\n")).start()
        agent.wait_log(r'serving .* in context "named"')
        in_named = [*harness.Snmpd.users["sha"], "-n", "named"]
        wait_for(lambda: len(bed.rows(auth=in_named)) == 4, 10, "the rows")
        self.assertEqual(len(bed.rows()), 3)
        self.assertEqual(agent.stop(), 0)
        self.assertEqual(len(bed.rows()), 3)

    def test_unknown(self):
        """
        RFC 3413 3.2 (5): counted, and no value. The report of (6) is not sent by snmpd.
        A context that one agent served and left is known to snmpd as long as snmpd runs.
        """
        fleet_ = self.fleet(["known"])

        def count():
            answer = self.outside(fleet_, [], name=UNKNOWN_CONTEXTS)
            return harness.parse_varbinds(answer.stdout)[0][2]

        def is_counted(name, before):
            """Asked until it is: on a busy machine the exchange of engines can time out."""
            answer = self.outside(fleet_, ["-n", name, "-t", "0.5", "-r", "0"])
            self.assertNotEqual(answer.returncode, 0, answer.stdout)
            return count() > before

        for name in ("unknown", "Known", "know", "known ", "n" * 33):
            wait_for(lambda n=name, c=count(): is_counted(n, c), 20, f"the count of {name}")
        # Nothing of ours is in the default context.
        self.assertIn("No Such Object", self.outside(fleet_, []).stdout)
        # And nothing of the master's is in ours.
        self.assertIn("No Such Object", self.outside(
            fleet_, ["-n", "known"], name=".1.3.6.1.2.1.1.3.0").stdout)
        self.assertEqual(fleet_["known"].agent.stop(), 0)
        self.assertIn("No Such Object", self.outside(fleet_, ["-n", "known"]).stdout)

    def test_unknown_to_a_community(self):
        """com2sec may name a context that nobody serves: v2c has no error for that, so no answer."""
        fleet_ = self.fleet(["known"], snmpd_conf="com2sec -Cn gone gone 127.0.0.1 gone\n"
                                                  "group readers v2c gone\n")
        answer = harness.snmp(fleet_.snmpd, "get", [cell("Name", 1)], ["-t", "0.3", "-r", "0"],
                              auth=("-v2c", "-c", "gone"), check=False)
        self.assertNotEqual(answer.returncode, 0)
        self.assertEqual(fleet_["known"].get(cell("Name", 1)), b"primary")

    def test_odd_names(self):
        """All that SnmpAdminString, and an octet string, can be; exact, and letter for letter."""
        names = ODD + [LONGEST]
        fleet_ = self.fleet(names, domains=2)
        for host in fleet_.hosts:
            host.wait_agree()
            host.wait_agree(host.v3)
        log = fleet_.hosts[1].agent.log()
        self.assertIn(r'in context "\x01\xff\x7f"', log)

    def test_too_long_for_snmpd(self):
        """
        On the wire 255 octets are good, and snmpd registers them, but vacmContextName has 32: no
        manager can reach the rest, and the agent says so.
        """
        bed = harness.Bed(os.path.join(self.directory, "0"), 2, conf=f"context {'n' * 255}\n",
                          start=False)
        self.beds.append(bed)
        for process in (bed.sim, bed.snmpd, bed.agent):
            process.start()
        bed.agent.wait_log(f'serving .* in context "{"n" * 255}"')
        self.assertRegex(bed.agent.log(), "no manager can reach a context of more than 32 octets")
        answer = bed.snmp("get", [cell("Name", 1)], ["-t", "0.3", "-r", "0", "-n", "n" * 255],
                          auth=harness.Snmpd.users["sha"], check=False)
        self.assertNotEqual(answer.returncode, 0)

    def test_duplicate(self):
        """Two agents in one context: the second one waits, and says so."""
        fleet_ = self.fleet(["twice"], domains=3)
        host = fleet_["twice"]
        other = self.process(harness.Simulator(os.path.join(self.directory, "s"), 4)).start()
        second = self.process(harness.Agent(os.path.join(self.directory, "a"), other.address,
                                            fleet_.snmpd.address, "context twice\n")).start()
        second.wait_log(r'refuses .* in context "twice": another session holds it')
        host.wait_agree()
        self.assertEqual(host.agent.stop(), 0)
        wait_for(lambda: len(host.rows()) == 4, 10, "the rows of the second")
        self.assertEqual(second.stop(), 0)

    def test_reload(self):
        """Another context needs a restart, and the agent says so."""
        fleet_ = self.fleet(["before", "after"], domains=2)
        host, other = fleet_.hosts
        self.assertEqual(other.agent.stop(), 0)
        host.agent.configure("context after\n")
        host.agent.send(signal.SIGHUP)
        host.agent.wait_log("context has changed: it needs a restart to apply")
        host.wait_agree()
        self.assertEqual(host.agent.stop(), 0)
        host.agent.start()
        host.agent.wait_log('serving .* in context "after"')
        wait_for(lambda: not harness.differences(other.rows(), dump(host.sim)["domains"]), 10,
                 "the rows in the other context")

    def test_snmpd_restarts(self):
        fleet_ = self.fleet(["north", "south"])
        self.assertEqual(fleet_.snmpd.stop(), 0)
        fleet_.snmpd.start()
        for host in fleet_.hosts:
            host.wait_serving()
            host.wait_agree()

    def test_system_table(self):
        """The entry of sysORTable: snmpd has that table in the default context only."""
        fleet_ = self.fleet(["north", "south"])

        def ours():
            lines = self.outside(fleet_, [], "walk", SYS_OR).stdout.splitlines()
            return [line for line in lines if line.endswith("= OID: " + harness.ROOT)]

        wait_for(lambda: len(ours()) == 2, 10, "an entry each")
        self.assertEqual(fleet_["north"].agent.stop(), 0)
        wait_for(lambda: len(ours()) == 1, 10, "one entry")
        self.assertIn("No Such Object",
                      self.outside(fleet_, ["-n", "south"], "walk", SYS_OR).stdout)

    def test_command(self):
        """ldom-snmp reaches either host by its context."""
        fleet_ = self.fleet(["north", "south"], domains=3)
        before = [host.vcpus() for host in fleet_.hosts]
        for number, host in enumerate(fleet_.hosts):
            guest = host.guest()[1]
            before[number][guest["name"]] = guest["vcpus"] + 1
            done = subprocess.run(
                [os.path.join(harness.BUILD, "ldom-snmp"), *host.v3,
                 f"127.0.0.1:{fleet_.snmpd.port}", "set", guest["name"],
                 f"vcpu={guest['vcpus'] + 1}"],
                capture_output=True, text=True, timeout=60 * harness.SLOW, check=False,
                env=dict(os.environ, MIBS="", SNMPCONFPATH=self.directory,
                         SNMP_PERSISTENT_DIR=self.directory))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual([h.vcpus() for h in fleet_.hosts], before)


class Sink:
    """Takes SNMPv3 messages that are not encrypted, and reads the context out of them."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        # A user without passwords, as one of this engine.
        self.conf = (f"exactEngineID {traps.ENGINE}\ncreateUser plain\n"
                     f"trapsess -v3 -u plain -l noAuthNoPriv -e {traps.ENGINE} 127.0.0.1:{self.port}\n")

    def messages(self):
        """[(context, octets)] of what came."""
        found = []
        self.socket.setblocking(False)
        while True:
            try:
                message = self.socket.recv(65536)
            except BlockingIOError:
                return found
            # message: version, header, security, scoped PDU: engine, context, PDU
            parts = list(sets._take_all(sets._take(message, 0)[1]))
            scoped = list(sets._take_all(parts[3][1]))
            found.append((scoped[1][1], message))


class Notifications(fleet.TestCase):
    def test_context(self):
        """Each in the context of its agent; a receiver of v2c gets all and sees no difference."""
        sink = Sink()
        self.addCleanup(sink.socket.close)
        receiver = self.process(traps.Receiver(os.path.join(self.directory, "t"))).start()
        fleet_ = self.fleet(["north", ODD[0]], snmpd_conf=sink.conf + receiver.sinks["trap v2c"] + "\n",
                            conf="refreshInterval 1\n")
        for host in fleet_.hosts:
            host.wait_agree()
        for number, host in enumerate(fleet_.hosts):
            host.sim.do(f"do add-domain new{number} cpu=2 memory=1G")
        heard = []

        def ours():
            heard.extend(sink.messages())
            return {context for context, octets in heard if b"new" in octets}

        wait_for(lambda: len(ours()) == 2, 15, "a notification of each")
        for number, host in enumerate(fleet_.hosts):
            self.assertEqual({context for context, octets in heard if b"new%d" % number in octets},
                             {host.name})
        got = receiver.wait(2)
        self.assertLessEqual({"new0", "new1"}, {one.domain for one in got if one.name == "Create"})


class Wire(harness.TestCase):
    """RFC 2741 6.1.1, with a master of the test's own."""

    def test_who_carries_it(self):
        name = "räck"
        path = os.path.join(self.directory, "master")
        sim = self.process(harness.Simulator(os.path.join(self.directory, "s"), 3)).start()
        for order in "<>":
            with agentx_master.Master(path, order) as master:
                agent = self.process(harness.Agent(
                    os.path.join(self.directory, "a" + str(ord(order))), sim.address, master.address,
                    f"context {name}\n")).start()
                session = master.accept()
                body = session.ranges([(cell("Name", 1),)])
                context = encode_octets(name, order)

                def table(s=session, b=body, c=context):
                    packet = s.ask(GET, 9, c + b, flags=CONTEXT)
                    return s.typed_answer(packet)[2][0][2] == b"primary"

                wait_for(table, 20, "the table")
                for other in ("", "rack", "räcks"):
                    packet = session.ask(GET, 9, encode_octets(other, order) + body, flags=CONTEXT)
                    self.assertEqual(session.answer(packet)[0], UNSUPPORTED_CONTEXT)
                self.assertEqual(session.answer(session.ask(GET, 9, body))[0],
                                 UNSUPPORTED_CONTEXT)
                # A SET: only its TestSet has one.
                packet = session.ask(TESTSET, 3, context + session.varbinds(
                    [(cell("NumVCPU", 2), "u", 65536)]), flags=CONTEXT)
                self.assertEqual(session.answer(packet)[:2], (10, 1))
                session.cleanup_set(3)
                sim.do("do add-domain new cpu=2 memory=1G")
                wait_for(lambda s=session: s.serve_for(0.1) or any(
                    pdu.kind == NOTIFY for pdu in s.heard), 20, "a notification")
                sim.do("do remove-domain new")
                agent.send(signal.SIGTERM)
                with self.assertRaises(agentx_master.Broken):
                    session.serve_for(20 * harness.SLOW)
                self.assertEqual(agent.wait(), 0)
                with_context = {REGISTER, NOTIFY, ADD_CAPS}
                seen = set()
                for pdu in session.heard:
                    carries = bool(pdu.flags & CONTEXT)
                    self.assertEqual(carries, pdu.kind in with_context or pdu.kind in (
                        UNREGISTER, REMOVE_CAPS), pdu)
                    if carries:
                        self.assertEqual(pdu.reader.again().octets(), name.encode())
                        seen.add(pdu.kind)
                self.assertEqual(seen & with_context, with_context)


if __name__ == "__main__":
    unittest.main()
