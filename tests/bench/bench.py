"""The figures behind the promises, measured with a real snmpd: make bench.

    bench.py [--lines] [SECTION ...]

Prints a table, or with --lines a line "name<TAB>figure<TAB>unit<TAB>promise" for each figure as soon
as it is known. What each figure means is in docs/benchmarks.md. Sections are the functions below.
"""
import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import harness  # noqa: E402  pylint: disable=wrong-import-position
import inventory  # noqa: E402  pylint: disable=wrong-import-position
import sets  # noqa: E402  pylint: disable=wrong-import-position
from harness import cell, scalar, stats, wait_for  # noqa: E402  pylint: disable=wrong-import-position

PROGRAMS = os.path.join(harness.BUILD, "tests", "bench")
CLIENT = os.path.join(PROGRAMS, "client")
SYS_UP_TIME = ".1.3.6.1.2.1.1.3.0"
COLUMNS = len(harness.COLUMNS)
ROUNDS = int(os.environ.get("LDOMS_BENCH_ROUNDS") or 5)
# An ldoms-agentx of an older release that SETs and the module are measured beside; without it, the
# new one.
BEFORE = os.environ.get("LDOMS_BENCH_BEFORE") or harness.AGENT
COLUMNS_BEFORE = harness.COLUMNS["Pending"]  # the columns that both have


class Report:
    """Figures in the order in which they were found."""

    def __init__(self, lines):
        self.lines, self.rows = lines, []

    def add(self, name, figure, unit, promise="", limit=None, least=None):
        """limit, least: what the promise allows at most, at least."""
        number = f"{figure:,.3g}" if figure < 100 else f"{figure:,.0f}"
        if limit is not None:
            promise += f": at most {limit:g}" + ("" if figure <= limit else "  MISSED")
        if least is not None:
            promise += f": at least {least:g}" + ("" if figure >= least else "  MISSED")
        self.rows.append((name, number, unit, promise))
        if self.lines:
            print("\t".join(self.rows[-1]).strip(), flush=True)

    def print_table(self):
        widths = [max(len(row[i]) for row in self.rows) for i in range(3)]
        for name, number, unit, promise in self.rows:
            print(f"{name:{widths[0]}}  {number:>{widths[1]}} {unit:{widths[2]}}  {promise}".rstrip())


@contextlib.contextmanager
def beds(*settings):
    """Simulator, snmpd and agent for each, with all tables read."""
    directory = tempfile.mkdtemp(prefix="ldoms-")
    made = []
    try:
        for number, more in enumerate(settings):
            made.append(harness.Bed(os.path.join(directory, str(number)), start=False, **more))
            made[-1].start()
        for bed in made:
            settle(bed)
        yield made
    finally:
        for bed in made:
            bed.stop()
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def one_bed(**more):
    with beds(more) as (bed,):
        yield bed


def settle(bed):
    wait_for(lambda: not inventory.differences(
        inventory.read_all(bed), harness.dump(bed.sim), bed.indexes()), 120, "the tables",
        interval=0.3)


@contextlib.contextmanager
def manager(bed, community="public"):
    made = sets.Manager(bed.snmpd, community=community)
    try:
        yield made
    finally:
        made.close()


def client(bed, *arguments):
    """The numbers of each line."""
    out = subprocess.run([CLIENT, f"127.0.0.1:{bed.snmpd.port}", *map(str, arguments)],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True,
                         env=dict(os.environ, MIBS="", SNMP_PERSISTENT_DIR=bed.directory)).stdout
    return [[float(number) for number in line.split()] for line in out.splitlines()]


def cpu_seconds(process, thread=None):
    """What a process, or one thread of it, has used."""
    total = 0
    tasks = f"/proc/{process.pid}/task"
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/comm") as comm, open(f"{tasks}/{task}/schedstat") as used:
            if thread in (None, comm.read().strip()):
                total += int(used.read().split()[0])
    return total / 1e9


def queries(bed):
    return sum(stats(bed.sim)["requests"].values())


def active_guests(bed):
    """ldomIndex of each guest that takes part in a reconfiguration."""
    indexes = bed.indexes()
    return [indexes[domain["name"]] for domain in harness.dump(bed.sim)["domains"]
            if domain["state"] == "active" and domain["flags"] == "-n----"]


# --- sections -------------------------------------------------------------------------------------

def get(report):
    """P1: a cell of ldomTable while ldmd hangs."""
    runs = hung_and_healthy(cell("NumVCPU", 1))
    for name in ("healthy", "hung"):
        for quantile, text in ((1, "median"), (2, "99 %")):
            report.add(f"GET, ldmd {name}: {text}",
                       statistics.median(run[name][quantile] for run in runs), "µs")
    report.add("GET, 99 %: hung by healthy, median of 12", hung_by_healthy(runs), "", "P1", 1.5)


def hung_by_healthy(runs):
    return statistics.median(run["hung"][2] / run["healthy"][2] for run in runs)


def hung_and_healthy(name, **more):
    """Two agents side by side, one of them with a hung ldmd; then the other one: twelve runs."""
    more.setdefault("conf", "refreshInterval 0.5\nrequestTimeout 600\n")
    runs = []
    with beds(more, more) as pair:
        for hung, healthy in (pair, pair[::-1]):
            hung.sim.do("freeze on")
            wait_for(lambda b=hung: scalar(b, "ldomDataAge") > 200, 30, "an age of 2 s")
            runs += [side_by_side(hung, healthy, number % 2, name) for number in range(6)]
            hung.sim.do("freeze off")
            wait_for(lambda b=hung: scalar(b, "ldomDataAge") < 100, 30, "fresh data")
    return runs


def side_by_side(hung, healthy, turned, name):
    """Asked in turn for a second; which is asked first is the caller's."""
    first, second = (healthy, hung) if turned else (hung, healthy)
    lines = client(first, "get", 1, name, f"127.0.0.1:{second.snmpd.port}")
    return dict(zip(("healthy", "hung") if turned else ("hung", "healthy"), lines))


def load(report):
    """P2: queries at ldmd without and with as many GETs as snmpd and the agent can answer."""
    with one_bed(conf="refreshInterval 0.5\n") as bed:
        # A round of details is just over; the next one is a minute away.
        read_all_again(bed)
        seen, begun = queries(bed), time.monotonic()
        time.sleep(10)
        idle = (queries(bed) - seen) / (time.monotonic() - begun)
        seen, begun = queries(bed), time.monotonic()
        answered, took = client(bed, "flood", 10, cell("NumVCPU", 1))[0]
        busy = (queries(bed) - seen) / (time.monotonic() - begun)
    report.add("GETs answered, as many as can be", answered / took, "1/s")
    report.add("queries at ldmd, no GETs (refreshInterval 0.5)", idle, "1/s")
    report.add("queries at ldmd, that many GETs", busy, "1/s", "P2", round(idle * 1.1 + 0.1, 2))


def set_(report):
    """P3, P6: what a SET takes, whether the next GET shows it, and how long with a hung ldmd."""
    with one_bed(domains=64, conf="requestTimeout 600\n") as bed, manager(bed, "private") as m:
        guests = active_guests(bed)
        took, shown = [], 0
        for number in range(60):
            index, vcpus = guests[number % len(guests)], 1 + number % 8
            answer = m.set((cell("NumVCPU", index), "u", vcpus))
            assert answer.error == "noError", answer
            took.append(answer.took)
            shown += m.get(cell("NumVCPU", index)).values[0][1] == vcpus
        report.add("SET of CPUs: median", statistics.median(took) * 1000, "ms")
        report.add("GET after a SET shows another value, of 60", 60 - shown, "times", "P6", 0)
        bed.sim.do("freeze on")
        took = []
        for index in guests[:20]:
            answer = m.set((cell("NumVCPU", index), "u", 9))
            assert answer.error == "noError", answer
            took.append(answer.took)
        bed.sim.do("freeze off")
    report.add("SET with a hung ldmd (setWait 400 ms): longest", max(took) * 1000, "ms", "P3", 500)


def sets_(report):
    """SETs one after another, in turn with those of an earlier agent; everything on one CPU."""
    with one_cpu(), two_agents(domains=64) as peers:
        runs = [[], []]
        for number in range(2 * ROUNDS + 1):
            for which in (0, 1) if number % 2 else (1, 0):
                runs[which].append(sets_in_a_row(*peers[which], number))
    # The first ones are not counted.
    now, before = ([statistics.median(figure) for figure in zip(*run[1:])] for run in runs)
    report.add("SETs one after another, one CPU: median", now[0] * 1000, "ms")
    report.add("  agent's CPU per SET", now[1] * 1000, "ms")
    if BEFORE != harness.AGENT:
        report.add("  median: earlier agent by this one", before[0] / now[0], "", "issue 12", least=1.3)
        report.add("  agent's CPU: earlier agent by this one", before[1] / now[1], "")


@contextlib.contextmanager
def two_agents(**more):
    """This one and the earlier one: bed, manager and guests of each."""
    with one_bed(**more) as bed, manager(bed, "private") as ours:
        other = harness.Bed(os.path.join(bed.directory, "before"), start=False, **more)
        other.agent.program = BEFORE
        try:
            other.start()
            read_all_again(other)
            with manager(other, "private") as theirs:
                yield [(bed, ours, active_guests(bed)), (other, theirs, active_guests(other))]
        finally:
            other.stop()


def sets_in_a_row(bed, m, guests, number):
    """Median time of a SET, and the agent's CPU time for one."""
    used, took = cpu_seconds(bed.agent), []
    for turn in range(100):
        answer = m.set((cell("NumVCPU", guests[turn % len(guests)]), "u", 1 + (turn + number) % 8))
        assert answer.error == "noError", answer
        took.append(answer.took)
    return statistics.median(took), (cpu_seconds(bed.agent) - used) / len(took)


def walk(report):
    """The whole of ldomTable at 128 domains, in three ways."""
    entry = harness.ENTRY
    with one_bed(domains=128) as bed:
        for how, name, per_exchange in (
                ("walk", "one by one (GETNEXT)", 1),
                ("column", "a column at a time (GETBULK 50)", 1),
                ("rows", "rows, as snmptable -CB (GETBULK 10)", COLUMNS - 1)):
            agent, master = cpu_seconds(bed.agent), cpu_seconds(bed.snmpd)
            varbinds, took = client(bed, how, 4, entry, COLUMNS)[0]
            agent, master = cpu_seconds(bed.agent) - agent, cpu_seconds(bed.snmpd) - master
            exchanges = varbinds / per_exchange
            report.add(f"128 domains, {name}", varbinds / took, "varbinds/s")
            report.add("  agent's CPU per AgentX exchange", agent / exchanges * 1e6, "µs")
            report.add("  snmpd's", master / exchanges * 1e6, "µs")


# How a table is read, what that is called, and how many columns are in an AgentX exchange.
WAYS = (("walk", "one by one (GETNEXT)", COLUMNS, 1), ("column", "a column at a time (GETBULK 50)", COLUMNS, 1),
        ("rows", "rows of 7 columns (GETBULK 10)", 8, 7), ("rows", f"rows of {COLUMNS - 1} columns (GETBULK 10)", COLUMNS,
         COLUMNS - 1))


class Subagent(harness.Process):
    """One that is measured beside ours, with an snmpd of its own and the cells that ours has."""

    def __init__(self, name, directory, cells):
        self.name = name
        super().__init__(directory)
        self.snmpd = harness.Snmpd(os.path.join(directory, "m"))
        self.cells = cells

    def start(self):
        self.snmpd.start()
        address = self.snmpd.agentx if self.name == "bare-codec" else self.snmpd.address
        self.launch([os.path.join(PROGRAMS, self.name), address, harness.ENTRY, self.cells])
        wait_for(lambda: serves_table(self.snmpd), 20, self.name)

    def stop(self, timeout=15.0):
        self.kill()
        self.snmpd.stop(timeout)


class StaticModule:
    """The same cells in a module of snmpd."""

    def __init__(self, directory, cells):
        self.directory = directory
        self.agent = self.snmpd = harness.Snmpd(
            os.path.join(directory, "m"), f"dlmod table {PROGRAMS}/static-module.so\n"
            f"staticTable {harness.ENTRY} {cells}\n")

    def start(self):
        self.snmpd.start()
        wait_for(lambda: serves_table(self.snmpd), 20, "the static module")

    def stop(self, timeout=15.0):
        self.snmpd.stop(timeout)


def serves_table(snmpd):
    return harness.snmp(snmpd, "getnext", [harness.ENTRY], ["-On"], check=False).stdout.startswith(
        harness.ENTRY)


def write_cells(bed, path):
    """ldomTable for Subagent and StaticModule: column, row, type, value."""
    with open(path, "w") as out:
        for column in range(2, COLUMNS + 1):
            for name, kind, value in bed.walk(f"{harness.ENTRY}.{column}", "bulkwalk"):
                number = {"INTEGER": 2, "Gauge32": 66, "Timeticks": 67, "Counter32": 65}.get(kind, 4)
                if number == 4:
                    value = value.hex() or "-"
                print(column, name[-1], number, value, file=out)


@contextlib.contextmanager
def one_cpu():
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cpus)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cpus)


@contextlib.contextmanager
def side_by_side_subagents(domains):
    """Ours, one on the library, one of nothing but a codec; everything on one CPU."""
    others = []
    try:
        with one_cpu(), one_bed(domains=domains, conf="refreshInterval 60\n") as bed:
            cells = os.path.join(bed.directory, "cells")
            write_cells(bed, cells)
            for name in ("library-table", "bare-codec"):
                others.append(Subagent(name, os.path.join(bed.directory, name), cells))
                others[-1].start()
            yield [bed] + others
    finally:
        for other in others:
            other.stop()


def client_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure_reads(peers, how, columns, rounds, *repetitions):
    """
    Of each peer, varbinds for a second of the one CPU that manager, snmpd and subagent share; and the
    CPU seconds of ours for a varbind. Medians of interleaved rounds. By the CPU's time and not by the
    clock, which on a busy machine also counts what others do.
    """
    speed, own = [[] for _ in peers], []
    for number in range(rounds):
        for turn in range(len(peers)):
            at = (number + turn) % len(peers)
            subagent, snmpd = getattr(peers[at], "agent", peers[at]), peers[at].snmpd
            # Inside snmpd the agent has no process of its own.
            apart = subagent.pid != snmpd.pid
            agent, master, manager = apart and cpu_seconds(subagent), cpu_seconds(snmpd), client_cpu()
            varbinds, _ = client(peers[at], how, 1, harness.ENTRY, columns, *repetitions)[0]
            agent, master, manager = (apart and cpu_seconds(subagent) - agent,
                                      cpu_seconds(snmpd) - master, client_cpu() - manager)
            speed[at].append(varbinds / (agent + master + manager))
            if at == 0:
                own.append(agent / varbinds)
    return [statistics.median(one) for one in speed], statistics.median(own)


def reads(report):
    """ldomTable beside the same cells in a subagent on the library, and in one that is a codec only."""
    for domains in (128, 1000):
        with side_by_side_subagents(domains) as peers:
            for number, (how, name, columns, per_exchange) in enumerate(WAYS):
                (ours, library, codec), cpu = measure_reads(peers, how, columns, ROUNDS)
                report.add(f"{domains} domains, {name}", ours, "varbinds/CPU s")
                report.add("  by a static table on the library", ours / library, "",
                           f"issue 12: at least {(1.25, 1.35, 1.45, 1.45)[number]}")
                report.add("  by a bare codec", ours / codec, "",
                           f"issue 12: at least {(0.95, 0.95, 0.95, 0.85)[number]}")
                report.add("  CPU of the agent per AgentX exchange", cpu * per_exchange * 1e6, "µs",
                           f"issue 12: at most {(12, 12, 18, 18)[number]}")


@contextlib.contextmanager
def module_and_others(domains):
    """The agent inside snmpd; a static table there; a subagent, maybe of an older release."""
    conf = "refreshInterval 60\n"
    with one_cpu(), one_bed(domains=domains, conf=conf, form="module") as bed:
        cells = os.path.join(bed.directory, "cells")
        write_cells(bed, cells)
        static = StaticModule(os.path.join(bed.directory, "static"), cells)
        front = harness.Bed(os.path.join(bed.directory, "front"), domains=domains, conf=conf, start=False)
        front.agent.program = BEFORE
        try:
            static.start()
            front.start()
            rows = len(bed.indexes())
            wait_for(lambda: len(front.indexes()) == rows, 60, "the subagent's rows")
            yield bed, static, front
        finally:
            static.stop()
            front.stop()


def module(report):
    """
    The agent inside snmpd beside what could be best there, and beside the AgentX front; and what a
    hung ldmd does to the other MIBs of the snmpd that has the agent in it.
    """
    with module_and_others(128) as peers:
        for how, name, columns, repetitions, static, front in (
                ("walk", "one by one (GETNEXT)", COLUMNS_BEFORE, (), 0.9, 1.9),
                ("column", "a column at a time (GETBULK 10)", COLUMNS_BEFORE, (10,), 0.9, 6),
                ("rows", "rows of 7 columns (GETBULK 10)", 8, (10,), 0.9, 3.5)):
            speed, _ = measure_reads(peers, how, columns, ROUNDS, *repetitions)
            report.add(f"in snmpd, 128 domains, {name}", speed[0], "varbinds/CPU s")
            report.add("  by a static table in snmpd", speed[0] / speed[1], "", "issue 15", least=static)
            report.add("  by the AgentX front", speed[0] / speed[2], "", "issue 15", least=front)
    runs = hung_and_healthy(SYS_UP_TIME, form="module")
    report.add("in snmpd, GET of sysUpTime, 99 %: ldmd hung by healthy, median of 12",
               hung_by_healthy(runs), "", "issue 15", 1.1)


def growth(report):
    """The same figures of ours by the number of domains; the agent takes 1,024 at most."""
    for domains in (8, 64, 256, 1000):
        with one_cpu(), one_bed(domains=domains, conf="refreshInterval 60\n") as bed:
            for how, name, columns, per_exchange in WAYS:
                (speed,), cpu = measure_reads([bed], how, columns, ROUNDS)
                report.add(f"{domains} domains, {name}", speed, "varbinds/CPU s")
                report.add("  CPU of the agent per AgentX exchange", cpu * per_exchange * 1e6, "µs")
            report.add("  memory of the agent (resident)", bed.agent.resident() / 1024, "MiB")


def change(report):
    """From a change at ldmd to the new value in a GET, with events."""
    with one_bed(conf="refreshInterval 60\n") as bed, manager(bed) as m:
        index = bed.indexes()["ldg1"]
        name, took = cell("NumVCPU", index), []
        for number in range(120):
            wanted = 4 + number % 4 * 2
            if m.get(name).values[0][1] == wanted:
                continue
            begun = time.monotonic()
            bed.sim.do(f"do set-vcpu ldg1 {wanted}")
            wait_for(lambda w=wanted: m.get(name).values[0][1] == w, 10, "the CPUs", interval=0)
            took.append((time.monotonic() - begun) * 1000)
    report.add(f"change to GET, {len(took)} changes: median", statistics.median(took), "ms",
               "issue 5", 200)
    report.add("change to GET: longest", max(took), "ms", "issue 5", 1000)


def restart(report):
    """P8: after snmpd, and after ldmd, was restarted; from its first answer on."""
    with one_bed() as bed, manager(bed) as m:
        name = cell("NumVCPU", 1)
        m.timeout, m.retries = 0.1, 300
        snmpd = [back(bed.snmpd, lambda: m.get(name).values[0][1]) for _ in range(5)]

        def fresh(begun):
            link, age = (m.get(harness.SCALARS[s]).values[0][1]
                         for s in ("ldomLinkState", "ldomDataAge"))
            return link == 1 and age / 100 < time.monotonic() - begun
        ldmd = [back(bed.sim, fresh) for _ in range(5)]
    report.add("served after a restart of snmpd: longest of 5", max(snmpd), "s", "P8", 2)
    report.add("fresh after a restart of ldmd: longest of 5", max(ldmd), "s", "P8", 2)


def back(process, condition):
    process.stop()
    process.start()
    begun = time.monotonic()
    needs_begun = condition.__code__.co_argcount
    wait_for((lambda: condition(begun)) if needs_begun else condition, 60, "the return",
             interval=0.005)
    return time.monotonic() - begun


def burst(report):
    """P9: 10,000 changes at once; somebody asks for sysUpTime all the time."""
    counters = [harness.SCALARS["ldomNotifications" + name]
                for name in ("Due", "Sent", "Dropped", "Suppressed")]
    with one_bed(domains=64, conf="refreshInterval 60\nnotificationRate 0\n") as bed, \
            manager(bed) as m:
        storm = threading.Thread(target=bed.sim.do, args=("random-storm 10000 7",))
        begun, slowest, told, last = time.monotonic(), 0.0, 0.0, [0, 0, 0, 0]
        storm.start()
        while last[0] == 0 or time.monotonic() - begun < told + 3:
            slowest = max(slowest, m.get(SYS_UP_TIME).took)
            now = [value for _, value in m.get(*counters).values]
            if now != last:
                last, told = now, time.monotonic() - begun
        storm.join()
        due, sent, dropped, suppressed = last
        assert due == sent + dropped + suppressed, last
    report.add("10,000 changes at once: slowest GET of sysUpTime", slowest * 1000, "ms", "P9", 1000)
    report.add("  all of them told after", told, "s")
    report.add("  differences found, each a notification", sent, "")
    report.add("  dropped or suppressed", dropped + suppressed, "")


def size(report):
    """Memory, and what a whole refresh costs, up to the largest host there is."""
    for domains, options, text in (
            (8, (), "8 domains"), (128, (), "128 domains"),
            (256, ("-D", "2000", "-N", "1000"), "256 domains, 2048 CPUs, 2000 disks, 1000 nets")):
        with one_bed(domains=domains, sim_options=options, conf="refreshInterval 60\n") as bed:
            if options:
                inventory.take_all_cpus(bed.sim)
                settle(bed)
                assert len(inventory.read_table(bed, "ldomVcpu")) == 2048
            cpu = cpu_seconds(bed.agent, "ldm")
            for _ in range(5):
                read_all_again(bed)
            cpu = cpu_seconds(bed.agent, "ldm") - cpu
            report.add(f"{text}: whole refresh, CPU", cpu / 5 * 1000, "ms")
            report.add("  memory of the agent (resident)", bed.agent.resident() / 1024, "MiB")


def read_all_again(bed):
    """A new connection reads everything; the list of devices is the last."""
    lists = stats(bed.sim)["requests"]["list-devices"]
    bed.sim.do("disconnect")
    wait_for(lambda: stats(bed.sim)["requests"]["list-devices"] > lists, 60, "the last list")
    wait_for(lambda: scalar(bed, "ldomLinkState") == 1, 10, "the link")


SECTIONS = {"get": get, "load": load, "set": set_, "sets": sets_, "walk": walk, "reads": reads, "module": module, "growth": growth, "change": change,
            "restart": restart, "burst": burst, "size": size}


def main(arguments):
    lines = "--lines" in arguments
    wanted = [name for name in arguments if name != "--lines"] or list(SECTIONS)
    if not all(name in SECTIONS for name in wanted):
        sys.exit("usage: bench.py [--lines] [" + "] [".join(SECTIONS) + "]")
    report = Report(lines)
    begun = time.monotonic()
    if not lines:
        print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}:", end=" ", file=sys.stderr)
    for name in wanted:
        if not lines:
            print(name, end=" ", file=sys.stderr, flush=True)
        SECTIONS[name](report)
    if not lines:
        print(f"({time.monotonic() - begun:.0f} s)", file=sys.stderr)
        report.print_table()


if __name__ == "__main__":
    main(sys.argv[1:])
