"""Conditions of the host and of a domain under which ldmd takes no changes: told before anything is
sent, with the reason in the log; or, where the snapshot does not show them yet, as what step 0 or
ldmd itself says, with the reason in the operation row."""
import re

import harness
import sets
from sets import Guest, ask, scalar, wait_for

class Host(sets.TestCase):
    """Conditions of the whole host."""
    pool = {"active": 6}
    conf = "staleAfter 3s\nrefreshInterval 1s\nrequestTimeout 2s\n"

    def test_delayed_reconfiguration(self):
        guest = self.take("active")
        ask(self.sim, "reconf on")
        wait_for(lambda: self.get(1, "Pending") == 1, 10, "ldomPending")
        for column, value in (("NumVCPU", 5), ("MemSize", 2048), ("AdminState", "bound")):
            self.expect("inconsistentValue", (guest, column, value))
        self.assertEqual(self.commands(), [])
        ask(self.sim, "reconf off")
        wait_for(lambda: self.get(1, "Pending") == 2, 10, "ldomPending to go")
        self.expect("noError", (guest, "NumVCPU", 5))
        self.wait_ended(guest)

    def test_ldmd_is_gone_and_comes_back(self):
        guest = self.take("active")
        ask(self.sim, "listen off")
        ask(self.sim, "disconnect")
        wait_for(lambda: scalar(self.rig, "ldomLinkState") in harness.LINK_LOST, 10, "the loss")
        self.expect("resourceUnavailable", (guest, "NumVCPU", 5), index=1)
        wait_for(lambda: self.get(guest, "Name") is None, 15, "stale data to go")
        self.expect("resourceUnavailable", (guest, "NumVCPU", 5), index=1)
        ask(self.sim, "listen on")
        wait_for(lambda: self.get(guest, "Name"), 15, "fresh data")
        self.assertEqual(self.commands(), [])
        self.expect("noError", (guest, "NumVCPU", 5))
        self.wait_ended(guest)
        self.assertEqual(self.commands(), [f"set-vcpu {guest} 5"])

    def test_ldmd_that_hangs(self):
        """Taken while the data are fresh; refused once they are stale; nothing comes later."""
        guest = self.take("active")
        self.fault("hang-all")
        answer = self.set((guest, "NumVCPU", 5))
        self.assertIn(answer.error, ("noError", "commitFailed", "resourceUnavailable"))
        wait_for(lambda: self.get(guest, "Name") is None, 20, "stale data to go")
        self.expect("resourceUnavailable", (self.take("active"), "NumVCPU", 6))
        ask(self.sim, "clear")
        wait_for(lambda: self.get(guest, "Name"), 20, "fresh data")
        if answer.error == "noError":
            status = self.wait_ended(guest)
            vcpus = 5 if status == "succeeded" else 4
            self.assertHeld(guest, vcpus=vcpus)
        self.wait_agree(guest)

    def test_an_unauthorised_client(self):
        guest = self.take("active")
        self.fault("unauthorised@set-*")
        self.expect("commitFailed", (guest, "NumVCPU", 5))
        self.assertEqual(self.wait_ended(guest), "failed")
        self.assertRegex(self.operation(guest)["Message"], "(?i)authori")
        self.agree(guest)


class Conditions(sets.TestCase):
    """What both kinds of test share."""

    def setUp(self):
        super().setUp()
        self.by_name = {guest.name: guest for guest in self.guests}
        self.addCleanup(ask, self.sim, "reconf off")

    def refused(self, reason, *varbinds):
        """Before anything was tried: no command, no operation row, the reason in the log."""
        before = [self.get(row, "OperationIndex") for row, _, _ in varbinds]
        start = len(self.agent.log())
        self.expect("inconsistentValue", *varbinds)
        self.assertEqual(self.commands(), [])
        self.assertEqual([self.get(row, "OperationIndex") for row, _, _ in varbinds], before)
        self.agent.wait_log(rf"refused \(inconsistentValue, varbind \d\): {re.escape(reason)}",
                            start=start)
        self.assertTrue(scalar(self.rig, "ldomLastRefusalText").decode().startswith(reason))
        self.assertEqual(scalar(self.rig, "ldomLastRefusalError"), 12)
        rows = self.rig.rows()
        self.assertIn(scalar(self.rig, "ldomLastRefusalDomain"),
                      [rows[getattr(row, "index", row)]["Name"] for row, _, _ in varbinds
                       if getattr(row, "index", row) in rows] + [b"new"])

    def failed(self, reason, *varbinds, sent=0):
        """Found out when it was tried: told, rolled back, the reason in row and log."""
        self.forget()
        start = len(self.agent.log())
        self.expect("commitFailed", *varbinds)
        row = varbinds[0][0]
        self.assertEqual(self.wait_ended(row), "failed")
        self.assertRegex(self.operation(row)["Message"], reason)
        self.assertEqual(len(self.commands()), sent, self.commands())
        self.agent.wait_log(rf"operation \d+: .*failed.*(?:{reason})", start=start)

    def migration_ends(self, guest):
        ask(self.sim, f"do cancel-operation {guest} migration")

    def serve(self, server, client):
        """Gives a guest a virtual disk server, and another one a disk of it."""
        for line in (f"add-vdiskserver {server} {server}-vds0",
                     f"add-vdiskserverdevice {server} vol@{server}-vds0 /dev/dsk/c0t9d0s2",
                     f"add-vdisk {client} disk9 vol@{server}-vds0"):
            ask(self.sim, f"do {line}")


class Seen(Conditions):
    """The snapshot shows it: nothing is tried."""
    pool = {"active": 12, "inactive": 1}
    guests = [Guest("whole", wcore=1), Guest("boss"), Guest("slave", "inactive", master="boss")]
    conf = "refreshInterval 1s\nlogLevel info\n"

    def test_migration(self):
        guest, other = self.take_many(2)
        ask(self.sim, f"migrate-out {guest} 9000")
        wait_for(lambda: self.get(guest, "Flags")[5:6] == b"s", 10, "flag s")
        for column, value in (("NumVCPU", 5), ("MemSize", 2048), ("NumCrypto", 1),
                              ("AdminState", "bound"), ("AdminState", "forceStop"),
                              ("AdminState", "restart")):
            self.refused("the domain is migrating", (guest, column, value))
        # Of others ldmd refuses bind and stop; their CPUs may change.
        self.failed("migration is in progress", (other, "AdminState", "bound"), sent=1)
        self.expect("noError", (other, "NumVCPU", 5))
        self.assertEqual(self.wait_ended(other), "succeeded")
        self.migration_ends(guest)

    def test_delayed_reconfiguration(self):
        guest = self.take()
        reason = "a delayed reconfiguration of the control domain waits"
        ask(self.sim, "reconf on")
        wait_for(lambda: self.get(1, "Pending") == 1, 10, "ldomPending")
        for column, value in (("NumVCPU", 5), ("MemSize", 2048), ("NumCrypto", 1),
                              ("AdminState", "bound"), ("AdminState", "forceStop")):
            self.refused(reason, (guest, column, value))
        self.refused(reason, (self.take("inactive"), "RowStatus", "destroy"))
        new = scalar(self.rig, "ldomNextIndex")
        self.refused(reason, (new, "RowStatus", "createAndGo"), (new, "Name", "new"),
                     (new, "NumVCPU", 1), (new, "MemSize", 512))
        ask(self.sim, "reconf off")
        wait_for(lambda: self.get(1, "Pending") == 2, 10, "ldomPending to go")

    def test_memory_reconfiguration(self):
        guest = self.take()
        ask(self.sim, "wait 900")
        ask(self.sim, f"begin set-memory {guest} 2G")
        wait_for(lambda: self.get(guest, "Flags")[2:3] == b"r", 10, "flag r")
        self.refused("a memory reconfiguration of the domain runs", (guest, "MemSize", 4096))
        self.expect("noError", (guest, "NumVCPU", 5))
        self.assertEqual(self.wait_ended(guest), "succeeded")

    def test_whole_cores(self):
        whole = self.by_name["whole"]
        self.refused("the domain has a whole-core constraint", (whole, "NumVCPU", 4))
        self.expect("noError", (whole, "NumVCPU", self.get(whole, "NumVCPU")))
        self.wait_ended(whole)
        self.assertEqual(self.commands(), [])
        self.assertEqual(self.get(whole, "WholeCore"), 1)
        # In whole cores the constraint stays; so it does on the way back.
        self.expect("noError", (whole, "NumVCPU", 16))
        self.assertEqual(self.wait_ended(whole), "succeeded")
        self.assertEqual(self.get(whole, "NumVCPU", "WholeCore"), [16, 2])
        guest = self.take()
        self.fault(f"refuse:no such luck@set-vcpu/{guest}")
        self.expect("commitFailed", (whole, "NumVCPU", 8), (guest, "NumVCPU", 5))
        self.assertEqual(self.wait_ended(whole), "rolledBack")
        self.assertEqual(self.get(whole, "NumVCPU", "WholeCore"), [16, 2])
        ask(self.sim, "clear")
        self.expect("noError", (whole, "NumVCPU", 8))
        self.assertEqual(self.wait_ended(whole), "succeeded")
        self.assertEqual(self.get(whole, "WholeCore"), 1)
        # Refused by ldmd.
        self.fault(f"refuse:no such luck@set-vcpu/{whole}")
        self.failed("no such luck", (whole, "NumVCPU", 16), sent=1)
        self.assertEqual(self.get(whole, "NumVCPU", "WholeCore"), [8, 1])
        ask(self.sim, "clear")
        # Given in part: two cores of three.
        self.fault(f"partial:8@set-vcpu/{whole}")
        self.expect("noError", (whole, "NumVCPU", 24))
        self.assertEqual(self.wait_ended(whole), "partial")
        self.assertEqual(self.get(whole, "NumVCPU", "WholeCore"), [16, 2])
        ask(self.sim, "clear")
        # No more than max-cores.
        ask(self.sim, f"do set-domain {whole} max-cores=2")
        ask(self.sim, "disconnect")  # no event tells of that: the next connection does
        wait_for(lambda: self.get(whole, "MaxCores") == 2, 20, "ldomMaxCores")
        self.forget()
        self.refused("more cores than the domain may have", (whole, "NumVCPU", 24))
        self.assertEqual(self.get(whole, "NumVCPU", "WholeCore"), [16, 2])

    def test_service_domain(self):
        server, client = self.take_many(2)
        self.serve(server, client)
        wait_for(lambda: self.get(server, "Roles")[0] & 0x40, 10, "the role")
        # The services are told by one list, who uses them by another. The same value changes nothing.
        vcpus = self.get(server, "NumVCPU")
        wait_for(lambda: self.set((server, "NumVCPU", vcpus)).error == "inconsistentValue", 20,
                 "its client to be known")
        reason = "a service domain in use is written only where setAllow names it"
        for column, value in (("NumVCPU", 5), ("AdminState", "bound"), ("AdminState", "forceStop")):
            self.refused(reason, (server, column, value))
        ask(self.sim, f"do remove-vdisk {client} disk9")
        # Not in use any more.
        wait_for(lambda: self.set((server, "NumVCPU", 5)).error == "noError", 10, "permission")
        self.assertEqual(self.wait_ended(server), "succeeded")

    def test_master(self):
        reason = "the master of other domains is written only where setAllow names it"
        self.refused(reason, (self.by_name["boss"], "AdminState", "restart"))
        # What it is master of is a plain guest.
        slave = self.by_name["slave"]
        self.expect("noError", (slave, "NumVCPU", 5))
        self.assertEqual(self.wait_ended(slave), "succeeded")

    def test_control_domain(self):
        self.refused("the control domain is written only where setAllow names it", (1, "NumVCPU", 9))


class NotSeen(Conditions):
    """It began a moment ago, and the snapshot does not show it yet."""
    pool = {"active": 12, "bound": 1}
    conf = "refreshInterval 60s\n"

    def setUp(self):
        super().setUp()
        self.fault("no-events")

    def test_migration(self):
        guest = self.take()
        ask(self.sim, f"migrate-out {guest} 9000")
        self.failed("the domain is migrating", (guest, "NumVCPU", 5))
        self.migration_ends(guest)

    def test_delayed_reconfiguration(self):
        guest = self.take()
        ask(self.sim, "reconf on")
        self.failed("delayed reconfiguration", (guest, "NumVCPU", 5), sent=1)

    def test_memory_reconfiguration(self):
        guest = self.take()
        ask(self.sim, "wait 900")
        ask(self.sim, f"begin set-memory {guest} 2G")
        self.failed("a memory reconfiguration of the domain runs", (guest, "MemSize", 4096))

    def test_service_domain(self):
        """Its services are in use: ldmd does not unbind it."""
        server = self.take("bound")
        client = self.take()
        self.serve(server, client)
        self.failed("in use|services", (server, "AdminState", "inactive"), sent=1)

    def test_guest_without_an_operating_system(self):
        """At OpenBoot nobody takes part in a change: ldmd says so."""
        guest = self.take()
        ask(self.sim, f"guest {guest} obp")
        self.failed("dynamic reconfiguration is not possible", (guest, "NumVCPU", 5), sent=1)


class ControlDomain(sets.TestCase):
    """Written where setAllow names it; what needs a reboot is told."""
    pool = {"active": 2}
    conf = "setAllow all\nsetAllow cpu,memory primary\nrefreshInterval 1s\n"
    # Before 2.0 the memory of the control domain changes by a delayed reconfiguration.
    bed_options = {"sim_options": ["-L", "1.3"]}

    def test_memory_after_a_reboot(self):
        guest = self.take()
        before = self.get(1, "MemSize")
        self.expect("noError", (1, "MemSize", before + 1024))
        self.assertEqual(self.wait_ended(1), "partial")
        self.assertIn("takes effect when the domain reboots", self.operation(1)["Message"])
        self.assertEqual(self.get(1, "Pending"), 1)
        self.expect("inconsistentValue", (guest, "NumVCPU", 5))
        ask(self.sim, "reboot-control")
        wait_for(lambda: self.get(1, "MemSize") == before + 1024, 15, "the memory")
        wait_for(lambda: self.get(1, "Pending") == 2, 15, "ldomPending to go")
        self.expect("noError", (guest, "NumVCPU", 5))
        self.assertEqual(self.wait_ended(guest), "succeeded")

    def test_taking_back_what_waits_for_a_reboot(self):
        """
        The domain has the value all the time, and ldmd has to be told all the same. Then nothing
        waits that the domain does not have.
        """
        before = self.get(1, "MemSize")
        for megabytes, status in ((before - 1024, "partial"), (before, "succeeded")):
            self.expect("noError", (1, "MemSize", megabytes))
            self.assertEqual(self.wait_ended(1), status)
            self.assertEqual("takes effect when the domain reboots" in self.operation(1)["Message"],
                             status == "partial")
        self.assertEqual(self.commands(), [f"set-memory primary {before - 1024}",
                                           f"set-memory primary {before}"])
        self.assertEqual(self.get(1, "Pending"), 1)
        ask(self.sim, "reboot-control")
        wait_for(lambda: self.get(1, "Pending") == 2, 15, "ldomPending to go")
        self.assertEqual(self.get(1, "MemSize"), before)

    def test_what_waits_already(self):
        """Somebody else set it. It is what is asked for, so nothing is sent; it is not there yet."""
        before = self.get(1, "MemSize")
        ask(self.sim, f"do set-memory primary {before - 1024}M")
        self.forget()
        self.expect("noError", (1, "MemSize", before - 1024))
        self.assertEqual(self.wait_ended(1), "partial")
        self.assertIn("takes effect when the domain reboots", self.operation(1)["Message"])
        self.assertEqual(self.commands(), [])
        ask(self.sim, "reboot-control")
        wait_for(lambda: self.get(1, "MemSize") == before - 1024, 15, "the memory")
        wait_for(lambda: self.get(1, "Pending") == 2, 15, "ldomPending to go")
        self.expect("noError", (1, "MemSize", before - 1024))
        self.assertEqual(self.wait_ended(1), "succeeded")
        self.assertEqual(self.commands(), [])

    def test_rollback_to_what_waited(self):
        """What waited before the SET waits again, not what the domain has."""
        before, vcpus = self.get(1, "MemSize", "NumVCPU")
        ask(self.sim, f"do set-memory primary {before - 1024}M")
        self.forget()
        self.fault("refuse:no such luck@set-vcpu/primary")
        self.expect("commitFailed", (1, "MemSize", before - 2048), (1, "NumVCPU", vcpus + 1))
        self.assertEqual(self.wait_ended(1), "rolledBack")
        self.assertEqual(self.commands(), [f"set-memory primary {before - 2048}",
                                           f"set-vcpu primary {vcpus + 1}",
                                           f"set-memory primary {before - 1024}"])
        ask(self.sim, "reboot-control")
        wait_for(lambda: self.get(1, "MemSize") == before - 1024, 15, "the memory")
        wait_for(lambda: self.get(1, "Pending") == 2, 15, "ldomPending to go")

    def test_rollback_of_what_waits_for_a_reboot(self):
        """The guest's change is refused because of the other one, which does not show yet."""
        guest = self.take()
        before = self.get(1, "MemSize")
        self.expect("commitFailed", (1, "MemSize", before - 1024), (guest, "NumVCPU", 5), index=2)
        self.assertEqual(self.wait_ended(1), "rolledBack")
        self.assertEqual(self.commands(), [f"set-memory primary {before - 1024}",
                                           f"set-vcpu {guest} 5", f"set-memory primary {before}"])
        ask(self.sim, "reboot-control")
        wait_for(lambda: self.get(1, "Pending") == 2, 15, "ldomPending to go")
        self.assertEqual(self.get(1, "MemSize"), before)


class OtherForm(sets.TestCase):
    """
    ldmd speaks as 1.3 does, and takes options in the form of the later guides only: the first forced
    stop is a plain one. Each test is a new start, as the agent remembers what had its effect.
    """
    pool = {"active": 8}
    bed_options = {"sim_options": ["-L", "1.3"]}

    def setUp(self):
        super().setUp()
        self.agent.stop()
        self.agent.start()
        self.rig.wait_serving()
        self.fault("option-form:options")

    def stop(self, guest, sent):
        self.expect("noError", (guest, "AdminState", "forceStop"))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertHeld(guest, state="bound")
        self.assertEqual(len(self.commands(guest)), sent)
        self.assertEqual(self.operation(guest)["Message"], "")

    def test_forced_stop_that_ldmd_says_succeeded(self):
        """At once, and the guest takes no notice."""
        for guest, sent in zip(self.take_many(2), (2, 1)):
            self.fault(f"accept-stop@stop-domain/{guest}")
            self.stop(guest, sent)

    def test_forced_stop_that_takes_as_long_as_the_guest_likes(self):
        for guest, sent in zip(self.take_many(2), (2, 1)):
            ask(self.sim, f"wait {300 * harness.SLOW}")
            self.stop(guest, sent)

    def test_forced_stop(self):
        """Which ldmd reports as timed out."""
        for guest, sent in zip(self.take_many(2), (2, 1)):
            self.fault(f"ignore-stop@stop-domain/{guest}")
            self.stop(guest, sent)
