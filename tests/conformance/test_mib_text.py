"""Assertions 74 to 78, as far as tests/mib/test_mib.py does not see to them: the module's text, and
that the agent is as it says. RFC 2578 to 2580, RFC 4181."""
import re

import harness
from conformance import MIB, OBJECTS, Served, mib_text, mib_tree, read_compliance


def macros(kind):
    """{name: body}"""
    return dict(re.findall(rf"^(\w+) +{kind}\n(.*?)^    ::=", mib_text(), re.M | re.S))


def names_in(body, clause):
    return set(re.findall(r"\w+", re.search(rf"{clause}\s*\{{([^}}]*)\}}", body).group(1)))


class Text(harness.TestCase):

    def test_75_units_and_names(self):
        for name, body in macros("OBJECT-TYPE").items():
            syntax = re.search(r"SYNTAX +(.*)", body).group(1)
            if re.match("Gauge32|Counter", syntax):
                self.assertRegex(body, r'UNITS +"[^"]+"', name)
            # No text without a character set, but for fixed sets of octets.
            self.assertNotRegex(syntax, r"^(OCTET STRING|DisplayString)", name)

    def test_76_groups_and_compliance(self):
        grouped, groups = set(), macros("OBJECT-GROUP")
        for body in groups.values():
            grouped |= names_in(body, "OBJECTS")
        notified, notifications = set(), macros("NOTIFICATION-GROUP")
        for body in notifications.values():
            notified |= names_in(body, "NOTIFICATIONS")
        self.assertEqual(grouped, {o.name for o in OBJECTS.values() if o.access != "not-accessible"})
        self.assertEqual(notified, {name for name, (_, what) in mib_tree.read(MIB).items()
                                    if what == "notification-type"})
        compliance, = macros("MODULE-COMPLIANCE").values()
        self.assertEqual(names_in(compliance, "MANDATORY-GROUPS"), set(groups) | set(notifications))
        # Writing is optional, and the two objects that read less than is written say so.
        refined = read_compliance()
        writable = {o.name for o in OBJECTS.values() if o.writable}
        self.assertEqual({name for name, text in refined.items() if "MIN-ACCESS  read-only" in text},
                         writable)
        self.assertEqual({name for name, text in refined.items() if "WRITE-SYNTAX" in text},
                         {"ldomAdminState", "ldomRowStatus"})


class Agreement(Served):

    def test_77_the_agent_is_as_the_module_says(self):
        """net-snmp's tool complains of each value that has another type than the module gives it."""
        result = harness.snmp(self.rig.snmpd, "walk", ["ldomsMIB"], ["-m", "LDOMS-MIB"],
                              env=harness.mib_environment())
        lines = result.stdout.splitlines()
        self.assertGreater(len(lines), 1000)
        for line in lines:
            self.assertNotRegex(line, r"Wrong Type|Unknown Object")
        # Every name and every enumerated value is one of the module's.
        told = {match.group(1) for match in re.finditer(r"^LDOMS-MIB::(\w+)\.", result.stdout, re.M)}
        readable = {o.name for o in OBJECTS.values() if o.readable}
        self.assertEqual(told - readable, set())
        self.assertEqual({name for name in readable - told if not name.startswith("ldomOp")}, set())
        enumerated = [name for name, (_, what) in mib_tree.read(MIB).items() if "INTEGER {" in what]
        for name in enumerated:
            for value in re.findall(rf"^LDOMS-MIB::{name}\.\S+ = INTEGER: (.*)$", result.stdout, re.M):
                self.assertRegex(value, r"^\w+\(\d+\)$", name)
