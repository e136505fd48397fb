"""What many hosts behind one snmpd cost, and what they do to each other: make bench-fleet.

    hosts.py [HOSTS ...]          # 1 10 50
    hosts.py --hung [HOSTS ...]   # only how one hung ldmd is felt, which takes a quiet machine

A simulator of 20 domains and an agent with a context for each host, one snmpd, no manager but this
script. The lines are those of the table in docs/fleet.md, which says what they mean.
"""
import glob
import os
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import fleet  # noqa: E402  pylint: disable=wrong-import-position
from harness import cell, wait_for  # noqa: E402  pylint: disable=wrong-import-position

DOMAINS = 20
IDLE_SECONDS = 20
SETTERS = 10
ROUNDS = 20
# A wait that ten hosts can have one after the other within P3's second.
SHORT_WAIT = "setWait 90\n"


def cpu_seconds(process):
    """Of all its threads, by the scheduler's clock: its ticks are too coarse for an idle agent."""
    nanoseconds = 0
    for path in glob.glob(f"/proc/{process.pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as stat:
            nanoseconds += int(stat.read().split()[0])
    return nanoseconds / 1e9


def memory(process):
    """Proportional set size in MB: what is shared counts in parts."""
    with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as maps:
        return next(int(line.split()[1]) for line in maps if line.startswith("Pss:")) / 1024


def sockets(process):
    folder = f"/proc/{process.pid}/fd"
    links = [os.readlink(os.path.join(folder, name)) for name in os.listdir(folder)]
    return sum(link.startswith("socket:") for link in links)


def tell(what, figure, unit, limit=None):
    missed = "" if limit is None else f"  (at most {limit:g})" + "  MISSED" * (figure > limit)
    print(f"  {what:58} {figure:8.3g} {unit}{missed}", flush=True)


def measure_idle(all_of_them):
    agents = [host.agent for host in all_of_them.hosts]
    before = [cpu_seconds(process) for process in [all_of_them.snmpd, *agents]]
    begun = time.monotonic()
    time.sleep(IDLE_SECONDS)
    after = [cpu_seconds(process) for process in [all_of_them.snmpd, *agents]]
    share = [100 * (a - b) / (time.monotonic() - begun) for a, b in zip(after, before)]
    many = len(agents) / 50
    tell("agents together, idle", sum(share[1:]), "% of one CPU", 5 * max(1, many))
    tell("snmpd, idle", share[0], "% of one CPU")
    tell("agents together, PSS", sum(map(memory, agents)), "MB", 350 * max(1, many))
    tell("snmpd, PSS", memory(all_of_them.snmpd), "MB")
    tell("sockets of an agent", max(map(sockets, agents)), "")
    tell("sockets of snmpd", sockets(all_of_them.snmpd), "")


def measure_gets(hosts):
    with fleet.Reader(hosts, cell("NumVCPU", 1)) as reader:
        time.sleep(3)
    tell("GET, any context in turn: median", reader.part(0.5) * 1000, "ms")
    tell("GET, any context in turn: p99", reader.part(0.99) * 1000, "ms")


def measure_sets(setters, reader_host):
    """
    Healthy ldmds, then such that take two seconds for a command. snmpd serves nobody while a SET
    waits, and each agent has to learn for itself that waiting does not pay.
    """
    if not setters:
        return
    def round_of(name, limit):
        with fleet.Reader([reader_host], cell("NumVCPU", 1)) as reader:
            took = fleet.set_at_once(setters, 3)
        tell(f"{name}: SET, slowest", took[-1] * 1000, "ms")
        tell(f"{name}: GET in another one, p95", reader.part(0.95) * 1000, "ms")
        tell(f"{name}: GET in another one, slowest", reader.part(1) * 1000, "ms", limit)

    round_of(f"{len(setters)} contexts set at once", 1000)
    for host in setters:
        host.sim.do("fault delay:2@set-vcpu")
    round_of("... and ldmd takes 2 s", None)
    for host in setters:
        host.agent.configure(host.conf + SHORT_WAIT)
        host.agent.send(signal.SIGHUP)
        host.agent.wait_log("setWait applies from now on")
    round_of("... and setWait is 90 ms", 1000)
    for host in setters:
        host.sim.do("clear")


def measure_hung(hung, others):
    """
    Half seconds with that ldmd hung beside such with it healthy, in turn, so that what else goes on
    on the machine is in both; their order changes, too.
    """
    if not others:
        return
    took = {"freeze on": [], "freeze off": []}
    for number in range(ROUNDS):
        for line in sorted(took, reverse=number % 2 == 1):
            hung.sim.do(line)
            with fleet.Reader(others, cell("NumVCPU", 1)) as reader:
                time.sleep(0.5)
            took[line] += reader.took
    hung.sim.do("freeze off")
    for share in (0.5, 0.99):
        with_hung, without = (sorted(took[line])[int(len(took[line]) * share)]
                              for line in ("freeze on", "freeze off"))
        tell(f"one ldmd hung: p{share * 100:g} of GETs in the others, to without",
             with_hung / without, "times", 1.1 if share > 0.5 else None)


def measure(count, only_hung):
    directory = tempfile.mkdtemp(prefix="ldoms-")
    # Names as those of hosts.
    all_of_them = fleet.Fleet(directory, [f"t5-{number}-cdom1" for number in range(count)], DOMAINS)
    print(f"{count} hosts of {DOMAINS} domains:", flush=True)
    try:
        begun = time.monotonic()
        all_of_them.start()
        tell("from nothing to all served", time.monotonic() - begun, "s")
        hosts = all_of_them.hosts
        uuids = [host.get(cell("UUID", 2)) for host in hosts]
        assert len(set(uuids)) == count, "two contexts show the same domain"
        for host in hosts:
            host.wait_agree()
        if not only_hung:
            measure_idle(all_of_them)
            measure_gets(hosts)
            measure_sets(hosts[1:SETTERS + 1], hosts[0])
        measure_hung(hosts[-1], hosts[:-1])
        tell("snmpd restarted: all served after", fleet.restart_snmpd(all_of_them), "s", 5)
        for host in hosts:
            wait_for(lambda h=host: len(h.rows()) == DOMAINS, 10, "the rows")
    finally:
        problems = all_of_them.stop()
        shutil.rmtree(directory, ignore_errors=True)
    assert not problems, problems


numbers = [int(word) for word in sys.argv[1:] if word != "--hung"] or [1, 10, 50]
for number_of_hosts in numbers:
    measure(number_of_hosts, "--hung" in sys.argv)
