"""Many hosts behind one snmpd: each has a simulator and an agent, and an SNMP context of its own.

    fleet = self.fleet(["north", "south"])
    fleet["north"].rows()                       # asked with v2c, by a community for that context
    fleet["north"].get(cell("Name", 1), auth=fleet["north"].v3)     # by -n north

A Host is a Bed whose snmpd is everybody's: what a Bed can be asked, it can be asked.
"""
import itertools
import os
import re
import threading
import time

import harness
import sets

READER, WRITER = ("-v2c", "-c", "public"), ("-v2c", "-c", "private")


def encode(name):
    """A context's name (octets) as ldoms-agentx.conf has it."""
    return "".join(chr(octet) if 32 < octet < 127 and octet not in b"%#" else f"%{octet:02X}"
                   for octet in name)


def quote(name):
    """The same as snmpd.conf has it."""
    return b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


class Host(harness.Bed):
    """One host of a fleet; name: of its context, in octets."""

    def __init__(self, directory, number, name, snmpd, domains, conf, form, **sim):  # pylint: disable=super-init-not-called
        self.directory = directory
        self.name = name
        self.snmpd = snmpd
        self.reader, self.writer = f"reader{number}", f"writer{number}"
        # Each generated host has other UUIDs. The kernel chooses the port: among fifty that are
        # looked up before they are used, two can be the same.
        self.sim = harness.Simulator(os.path.join(directory, "s"), domains,
                                     options=["-p", "0", "-s", str(number + 1)], **sim)
        self.conf = f"context {encode(name)}\n{conf}"
        place = os.path.join(directory, "a")
        if form == "module":
            self.agent = harness.InMaster(place, "", snmpd, self.conf, host=f"host{number}")
        else:
            self.agent = harness.Agent(place, "", snmpd.address, self.conf)

    def start_simulator(self):
        """Starts the simulator, and tells the agent its address."""
        self.sim.start()
        self.sim.port = int(re.search(r"listening on 127\.0\.0\.1:(\d+)", self.sim.log()).group(1))
        self.agent.ldm = self.sim.address
        self.agent.configure(self.conf)

    def start(self):
        self.start_simulator()
        self.agent.start()

    @property
    def v3(self):
        return [*harness.Snmpd.users["sha"], "-n", os.fsdecode(self.name)]

    def access(self):
        """What snmpd.conf needs for two communities of this context."""
        return b"".join(
            b"com2sec -Cn %s %s 127.0.0.1 %s\ngroup %s v2c %s\ngroup %s v1 %s\n" % (
                quote(self.name), who, who, kind, who, kind, who)
            for kind, who in ((b"readers", self.reader.encode()), (b"writers", self.writer.encode())))

    def snmp(self, verb, arguments, options=(), auth=READER, **more):
        """Bed.snmp(), where the communities public and private become those of this context."""
        own = {READER: ("-v2c", "-c", self.reader), WRITER: ("-v2c", "-c", self.writer)}
        return super().snmp(verb, arguments, options, auth=own.get(tuple(auth), auth), **more)

    def set(self, *arguments):
        """By snmpset; its exit status and what it says."""
        result = self.snmp("set", arguments, ["-On", "-Oe"], auth=WRITER, check=False)
        return result.returncode, result.stdout + result.stderr

    def guest(self):
        """(index, domain) of a guest that takes CPUs: it runs, and its system is up."""
        domain = next(domain for domain in harness.dump(self.sim)["domains"]
                      if domain["state"] == "active" and domain["flags"][1] == "n" and
                      "control" not in domain["roles"])
        return self.indexes()[domain["name"]], domain

    def vcpus(self):
        """{domain: virtual CPUs}, as ldmd has it."""
        return {domain["name"]: domain["vcpus"] for domain in harness.dump(self.sim)["domains"]}

    def wait_agree(self, auth=READER):
        """This context shows what this host's ldmd has, and nothing else."""
        harness.wait_for(lambda: not harness.differences(self.rows(auth=auth),
                                                         harness.dump(self.sim)["domains"]),
                         10, f"what the ldmd of {self.name} has")


class Fleet:
    """names: of the contexts, text or octets."""

    def __init__(self, directory, names, domains=4, conf="", snmpd_conf="", form="agentx", **sim):
        self.snmpd = harness.Snmpd(os.path.join(directory, "m"), snmpd_conf)
        octets = [name.encode() if isinstance(name, str) else name for name in names]
        self.hosts = [Host(os.path.join(directory, str(number)), number, name, self.snmpd, domains,
                           conf, form, **sim) for number, name in enumerate(octets)]
        with open(self.snmpd.path("snmpd.conf"), "ab") as out:
            out.write(b"view all included .1\n"
                      b'access readers "" any noauth prefix all none none\n'
                      b'access writers "" any noauth prefix all all none\n')
            for host in self.hosts:
                out.write(host.access())

    def __getitem__(self, name):
        octets = name.encode() if isinstance(name, str) else name
        return next(host for host in self.hosts if host.name == octets)

    def start(self):
        """Returns when each context is served."""
        for host in self.hosts:
            host.start_simulator()
        self.snmpd.start()
        for host in self.hosts:
            host.agent.start()
        for host in self.hosts:
            host.wait_serving()
        return self

    def stop(self):
        problems = []
        for host in self.hosts:
            alive = host.agent.running()
            status = host.agent.stop()
            if alive and status != 0:
                problems.append(f"the agent of {host.name} ended with {status}")
            problems += host.agent.findings()
        for process in [self.snmpd] + [host.sim for host in self.hosts]:
            process.stop()
        return problems


class TestCase(harness.TestCase):
    def fleet(self, names, **more):
        more.setdefault("form", self.form)
        fleet = Fleet(os.path.join(self.directory, str(len(self.beds))), names, **more)
        self.beds.append(fleet)
        return fleet.start()


# --- what a fleet is asked --------------------------------------------------------------------------

class Reader(harness.Thread):
    """A manager that reads one cell of some hosts in turn, all the time; took: seconds of each GET.
    A GET without its answer fails the block."""

    def __init__(self, hosts, name):
        super().__init__(target=self.read)
        self.managers = [sets.Manager(host.snmpd, host.reader, timeout=20) for host in hosts]
        self.name_asked, self.took, self.ended = name, [], threading.Event()

    def read(self):
        for manager in itertools.cycle(self.managers):
            if self.ended.is_set():
                break
            answer = manager.get(self.name_asked)
            assert answer.error == "noError" and answer.values[0][1] is not None, answer
            self.took.append(answer.took)
            self.ended.wait(0.001)

    def __enter__(self):
        self.start()
        harness.wait_for(lambda: len(self.took) > 5 or not self.is_alive(), 10, "answers")
        if not self.is_alive():
            self.join()  # raises why it ended
        return self

    def __exit__(self, *_):
        self.ended.set()
        try:
            self.join()
        finally:
            for manager in self.managers:
                manager.close()
            self.took.sort()

    def part(self, share):
        """What that share of the GETs took at most."""
        return self.took[min(len(self.took) - 1, int(len(self.took) * share))]


def set_at_once(hosts, rounds):
    """
    SETs of CPUs in all these contexts at once, each host by a manager of its own; the seconds that each
    took, sorted. Each SET succeeds, and the ldmd of each host has what its own manager asked for.
    """
    took, problems = [], []

    def change(host):
        manager = sets.Manager(host.snmpd, host.writer, timeout=20)
        index, guest = host.guest()
        for number in range(rounds):
            wanted = guest["vcpus"] + 1 + number % 2
            answer = manager.set(sets.varbind(index, "NumVCPU", wanted))
            took.append(answer.took)
            if answer.error != "noError":
                problems.append(f"{host.name}: {answer.error}")
                break
            status = harness.wait_for(lambda: sets.ended(manager, index), 30,
                                      f"the end of the operation on {host.name}")
            have = host.vcpus()[guest["name"]]
            if (status, have) != ("succeeded", wanted):
                problems.append(f"{host.name}: status {status}, {have} CPUs instead of {wanted}")
        manager.close()

    harness.run_all([harness.Thread(target=change, args=(host,)) for host in hosts])
    if problems:
        raise AssertionError("; ".join(problems))
    assert len(took) == len(hosts) * rounds, took
    return sorted(took)


def restart_snmpd(fleet):
    """Seconds from the start of a new snmpd until all contexts are served."""
    fleet.snmpd.stop()
    begun = time.monotonic()
    fleet.snmpd.start()
    for host in fleet.hosts:
        harness.wait_for(host.serving, 20, f"{host.name} after the restart", 0.005)
    return time.monotonic() - begun
