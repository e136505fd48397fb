"""A real snmptrapd, and the notifications it got.

    receiver = traps.Receiver(directory)
    bed = self.bed(snmpd_conf=receiver.sinks["inform v3"])
    receiver.wait(lambda got: len(got) == 3)
"""
import re
import unittest

import harness

TRAP_OID = harness.oid("1.3.6.1.6.3.1.1.4.1.0")
UPTIME = harness.oid("1.3.6.1.2.1.1.3.0")
ENGINE = "0x80001f88046c646f6d73"
NAMES = {number: name for number, name in enumerate(
    "Create Destroy StateChange VCpuChange VMemChange VdsChange VdiskChange VswChange VnetChange "
    "VccChange VconsChange OperationDone ManagerLink DegradedChange".split(), 1)}


class Notification:
    """One as it came: name without "ldom", objects in order as (column, index, value)."""

    def __init__(self, varbinds):
        root = harness.oid(harness.ROOT)
        self.uptime = varbinds[0][2]
        assert varbinds[0][0] == UPTIME and varbinds[1][0] == TRAP_OID, varbinds
        oid = harness.oid(varbinds[1][2])
        assert oid[:-1] == root + (0,), oid
        self.name = NAMES[oid[-1]]
        self.objects = [(name[len(root):], value) for name, _, value in varbinds[2:]]
        self.values = {name[:-1]: value for name, value in self.objects}
        self.instances = {name[-1] for name, _ in self.objects}

    def value(self, *column):
        return self.values[column]

    @property
    def domain(self):
        return self.value(1, 3, 1, 2).decode()

    @property
    def text(self):
        return self.value(1, 31, 1, 8).decode()

    def __repr__(self):
        return f"{self.name}({self.objects})"


class Receiver(harness.Process):
    name = "snmptrapd"

    def __init__(self, directory):
        super().__init__(directory)
        self.port = harness.free_port()
        to = f"127.0.0.1:{self.port}"
        secret = "-u trapper -l authPriv -a SHA -A trap-secret-1 -x AES -X trap-secret-2"
        # What snmpd needs to send here; informs find the receiver's engine by themselves. One that
        # was acknowledged late would come twice.
        self.sinks = {
            "trap v2c": f"trapsess -v2c -c public {to}",
            "inform v2c": f"trapsess -Ci -t 60 -v2c -c public {to}",
            # Nothing is lost in a burst, nor sent again because its acknowledgement was lost.
            "trap tcp": f"trapsess -v2c -c public tcp:{to}",
            "trap v3": f"exactEngineID {ENGINE}\ntrapsess -v3 {secret} -e {ENGINE} {to}",
            "inform v3": f"trapsess -Ci -t 60 -v3 {secret} {to}",
        }
        with open(self.path("snmptrapd.conf"), "w") as conf:
            conf.write("authCommunity log public\nauthUser log trapper authPriv\n"
                       "createUser trapper SHA trap-secret-1 AES trap-secret-2\n"
                       f"createUser -e {ENGINE} trapper SHA trap-secret-1 AES trap-secret-2\n")

    def start(self):
        program = harness.find_program("snmptrapd")
        if not program:
            raise unittest.SkipTest("there is no snmptrapd")
        self.launch([program, "-f", "-C", "-c", self.path("snmptrapd.conf"), "-On", "-Oe", "-Lo",
                     "-F", "BEGIN\\n%V\\n%v\\nEND\\n", "-p", self.path("pid"),
                     f"udp:127.0.0.1:{self.port}", f"tcp:127.0.0.1:{self.port}"],
                    {"SNMP_PERSISTENT_DIR": self.path("persistent"),
                     "SNMPCONFPATH": self.directory, "MIBS": ""})
        self.wait_log("NET-SNMP version")
        return self

    def varbinds(self):
        """Of all notifications so far, whosever they are."""
        return [harness.parse_varbinds(text) for text in
                re.findall(r"^BEGIN\n(.*?)\nEND$", self.log(), re.M | re.S)]

    def got(self):
        """All of LDOMS-MIB's so far; what snmpd says of itself is left out."""
        ours = harness.oid(harness.ROOT)
        return [Notification(varbinds) for varbinds in self.varbinds()
                if harness.oid(varbinds[1][2])[:len(ours)] == ours]

    def wait(self, number, timeout=15, what="notifications"):
        """At least that many."""
        harness.wait_for(lambda: len(self.got()) >= number, timeout,
                         f"{number} {what} ({self.name})")
        return self.got()
