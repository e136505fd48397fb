"""Several hosts in one snmpd, each in a context of its own: the tests of contexts once more with the
agents inside snmpd, and what several `ldomsConfig NAME FILE' lines do."""
import os
import signal

import fleet
import harness
import test_context
from harness import cell, scalar, wait_for

# Class -> tests that end an agent and leave its master running, or are about what a daemon logs.
LEFT_OUT = {
    "Contexts": (
        "test_unknown",             # an agent ends
        "test_too_long_for_snmpd",  # what the daemon says of its own session
        "test_duplicate",           # an agent ends, the next one takes over
        "test_views_go_with_the_agent",
        "test_reload",              # of a process; snmpd's is below
        "test_system_table",        # in one snmpd one agent is one entry
    ),
}

for name in ("Contexts", "Notifications"):
    members = {"form": "module", "__module__": __name__}
    members.update({test: None for test in LEFT_OUT.get(name, ())})
    globals()[f"context_{name}"] = type(f"context_{name}", (getattr(test_context, name),), members)

DLMOD_STATUS = ".1.3.6.1.4.1.2021.13.14.2.1.5.1"
SYS_UP_TIME = ".1.3.6.1.2.1.1.3.0"
WRITE = ("-v2c", "-c", "private")


class Hosts(fleet.TestCase):
    form = "module"

    def outside(self, fleet_, verb, *arguments, auth=("-v2c", "-c", "public")):
        return harness.snmp(fleet_.snmpd, verb, arguments, ["-On"], auth=auth, check=False).stdout

    def replace(self, fleet_, old, new):
        path = fleet_.snmpd.path("snmpd.conf")
        with open(path, encoding="utf-8") as conf:
            text = conf.read()
        self.assertIn(old, text)
        with open(path, "w", encoding="utf-8") as conf:
            conf.write(text.replace(old, new))

    def test_name_is_context_and_state(self):
        """The file says nothing of both; a line of the log names its host."""
        fleet_ = fleet.Fleet(os.path.join(self.directory, "0"), ["north", "south"], form="module")
        self.beds.append(fleet_)
        for host in fleet_.hosts:
            host.start_simulator()
            with open(host.agent.path("agent.conf"), "w", encoding="utf-8") as conf:
                conf.write(f"ldm {host.sim.address}\n")
        self.replace(fleet_, "ldomsConfig host0 ", "ldomsConfig north ")
        self.replace(fleet_, "ldomsConfig host1 ", "ldomsConfig   south   ")
        fleet_.snmpd.start()
        for host in fleet_.hosts:
            host.wait_serving()
            host.wait_agree()
            self.assertTrue(os.path.exists(fleet_.snmpd.path(
                "persistent", f"ldoms-{host.name.decode()}", "history")))
            host.agent.wait_log(rf'ldoms: {host.name.decode()}: module: .* in context "{host.name.decode()}"')
            host.agent.wait_log(rf"ldoms: {host.name.decode()}: inventory:refresh: .* fresh")

    def test_one_mistake(self):
        """The other hosts are served."""
        fleet_ = fleet.Fleet(os.path.join(self.directory, "0"), ["north", "south", "west"], form="module")
        self.beds.append(fleet_)
        fleet_["south"].conf = "refreshInterval never\n"
        self.replace(fleet_, "ldomsConfig host2 ", "ldomsConfig ../host2 ")
        for host in fleet_.hosts:
            host.start_simulator()
        fleet_.snmpd.start()
        fleet_["north"].wait_serving()
        fleet_["north"].wait_agree()
        for line in (r"host1: .*agent\.conf:3: ", "host1: module: LDOMS-MIB is not served",
                     r"\.\./host2: module: the name of a host"):
            fleet_["north"].agent.wait_log(line)
        for name in ("south", "west"):
            answer = fleet_[name].snmp("get", [cell("Name", 1)], ["-t", "0.3", "-r", "0"], check=False)
            self.assertNotEqual(answer.returncode, 0)

    def test_hosts_come_and_go(self):
        """By SIGHUP to snmpd, which reads its file again."""
        fleet_ = self.fleet(["north", "south"], conf="refreshInterval 1\n")
        north, south = fleet_.hosts
        numbers = south.indexes()
        line = f"ldomsConfig host1 {south.agent.path('agent.conf')}\n"
        self.replace(fleet_, line, "")
        fleet_.snmpd.send(signal.SIGHUP)
        wait_for(lambda: "primary" not in south.snmp(
            "get", [cell("Name", 1)], ["-t", "0.3", "-r", "0"], check=False).stdout, 20, "the end of one")
        north.wait_serving()
        north.wait_agree()
        self.replace(fleet_, "dlmod ldoms", "# again\ndlmod ldoms")
        with open(fleet_.snmpd.path("snmpd.conf"), "a", encoding="utf-8") as conf:
            conf.write(line)
        fleet_.snmpd.send(signal.SIGHUP)
        south.wait_serving()
        for host in fleet_.hosts:
            wait_for(lambda h=host: h.is_served(), 20, "both")
            host.wait_agree()
        self.assertEqual(south.indexes(), numbers)

    def test_loads_and_unloads(self):
        """By SET: all hosts go and come, and the master's table has one entry for them."""
        fleet_ = self.fleet(["north", "south", "west"], conf="refreshInterval 1\n")
        state = fleet_.hosts[0].agent

        def look():
            return state.descriptors(), len(os.listdir(f"/proc/{state.pid}/task"))

        def entries():
            return self.outside(fleet_, "walk", ".1.3.6.1.2.1.1.9.1.2").count(f"OID: {harness.ROOT}\n")

        wait_for(lambda: look()[1] == 4, 20, "a thread for each host")
        before = look()
        for _ in range(3):
            self.assertEqual(entries(), 1)
            self.outside(fleet_, "set", DLMOD_STATUS, "i", "5", auth=WRITE)
            wait_for(lambda: look()[1] == 1, 20, "the end of the threads")
            self.assertEqual(entries(), 0)
            self.outside(fleet_, "set", DLMOD_STATUS, "i", "4", auth=WRITE)
            for host in fleet_.hosts:
                host.wait_serving()
                host.wait_agree()
        wait_for(lambda: look() == before, 20, f"descriptors and threads as before: {before}, {look()}")

    def test_hung_ldmds(self):
        """Two of three hang: the third and the master go on, and all go away at once."""
        fleet_ = self.fleet(["north", "south", "west"], conf="refreshInterval 1\n")
        for name in ("north", "south"):
            fleet_[name].sim.send(signal.SIGSTOP)
        west = fleet_["west"]
        index, guest = west.guest()
        for number in (1, 2):
            west.snmp("set", [cell("NumVCPU", index), "u", str(guest["vcpus"] + number)], auth=WRITE)
            wait_for(lambda n=number: west.vcpus()[guest["name"]] == guest["vcpus"] + n, 10, "the CPUs")
        for host in fleet_.hosts:
            self.assertEqual(host.get(cell("Name", 1)), b"primary")
        wait_for(lambda: scalar(fleet_["north"], "ldomDataAge") > 300, 20, "old data")
        self.outside(fleet_, "set", DLMOD_STATUS, "i", "5", auth=WRITE)
        wait_for(lambda: "Timeticks" in self.outside(fleet_, "get", SYS_UP_TIME), 20, "the master")
        for name in ("north", "south"):
            fleet_[name].sim.send(signal.SIGCONT)


if __name__ == "__main__":
    import unittest
    unittest.main()
