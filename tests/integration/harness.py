"""What the integration tests stand on: a simulator, a private snmpd and an agent, each with its own
directory and ports on loopback, and a few words for SNMP.

    class Walk(harness.TestCase):
        def test_something(self):
            bed = self.bed(domains=8)           # all three, connected
            self.assertEqual(bed.get("ldomName.1"), "primary")

Nothing here waits by sleeping: wait_for() polls a condition. Only processes that were started here
are ever signalled. They die with the test program, whatever happens to it.
"""
import collections
import ctypes
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SRC = os.environ.get("top_srcdir") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("top_builddir") or os.getcwd()
ROOT = "." + (os.environ.get("mib_root") or "1.3.6.1.4.1.8072.9999.9999.6482")
AGENT = os.path.join(BUILD, "ldoms-agentx")
SIM = os.path.join(BUILD, "ldmd-sim")
MODULE = os.path.join(BUILD, "ldoms.so")

# A loaded machine, sanitizers or valgrind make everything slower. Tests multiply their bounds on time
# by this; wait_for() and the methods that wait do so themselves.
SLOW = float(os.environ.get("LDOMS_TEST_SLOW", "1"))

ENTRY = ROOT + ".1.3.1"
COLUMNS = {name: number for number, name in enumerate(
    "Index Name AdminState OperState NumVCPU MemSize MemUnit NumCrypto NumIOBus UUID MacAddress "
    "HostID FailurePolicy Master ExtMapinSpace Threading WholeCore CpuArch ShutdownGroup Flags "
    "Roles Utilization Uptime ConsolePort Template OperationStatus OperationIndex LastChange "
    "RowStatus Pending Degraded NormUtilization MigrationProgress MigrationStatus MigrationSource "
    "MaxCores BootPolicy PerfCounters RcAddPolicy".split(), 1)}

_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def wait_for(condition, timeout=10.0, what="the condition", interval=0.02):
    """The first true value of condition(); fails after the timeout."""
    end = time.monotonic() + timeout * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"{what} did not come true in {timeout * SLOW:g} s")
        time.sleep(interval)


class Thread(threading.Thread):
    """A thread whose exception is raised by join(): a test must not pass because the work of its
    thread ended early. The work is the target; run() stays as it is."""

    problem = None

    def run(self):
        try:
            super().run()
        except BaseException as error:  # pylint: disable=broad-except
            self.problem = error

    def join(self, timeout=None):
        super().join(timeout)
        if self.problem is not None:
            problem, self.problem = self.problem, None
            raise problem


def run_all(threads):
    """Starts threads and waits for the end of all; raises what one of them raised."""
    for thread in threads:
        thread.start()
    problems = []
    for thread in threads:
        try:
            thread.join()
        except BaseException as error:  # pylint: disable=broad-except
            problems.append(error)
    if problems:
        raise problems[0]


_ports = collections.deque()
_owner = []


def free_port():
    """A port that nobody listens on now, for TCP and UDP. It is one of three hundred that belong to
    this process, so that no other test takes it before its program listens; they are given in turn.
    All are below those from which the kernel takes the ports of connections."""
    if not _ports:
        _take_ports()
    while True:
        port = _ports.popleft()
        _ports.append(port)
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def _take_ports():
    """A socket at the first of the three hundred says that they are taken, as long as we live."""
    while True:
        first = random.randrange(20000, 32000, 300)
        owner = socket.socket()
        try:
            owner.bind(("127.0.0.1", first))
        except OSError:
            owner.close()
            continue
        _ports.extend(range(first + 1, first + 300))
        _owner.append(owner)
        return


def find_program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


class Process:
    """A program with a log, in a directory of its own."""

    name = "process"

    def __init__(self, directory):
        os.makedirs(directory, exist_ok=True)
        self.directory = directory
        self.log_path = os.path.join(directory, self.name + ".log")
        self.process = None

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def launch(self, command, env=None):
        assert not self.running(), f"{self.name} runs already"
        full = dict(os.environ)
        full.update(env or {})
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=full,
                cwd=self.directory, preexec_fn=_die_with_parent)

    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self):
        return self.process.pid

    def send(self, signo):
        os.kill(self.process.pid, signo)

    def wait(self, timeout=15.0):
        return self.process.wait(timeout * SLOW)

    def kill(self):
        """At once, as a crash would."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def stop(self, timeout=15.0):
        """As an administrator would; the exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            # A process that a test stopped by SIGSTOP cannot end. SIGCONT must come before SIGTERM: at
            # the end LeakSanitizer stops its own process, and would wait for ever if that is undone.
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)
        try:
            # A sanitizer looks for leaks at the end.
            return self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} did not end in {timeout} s") from None

    def log(self):
        try:
            with open(self.log_path, errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, pattern, timeout=10.0, start=0):
        return wait_for(lambda: re.search(pattern, self.log()[start:]), timeout,
                        f"{self.name}'s log line /{pattern}/")


class Simulator(Process):
    """ldmd-sim, with its control socket."""

    name = "ldmd-sim"

    def __init__(self, directory, domains=None, transport="xmpp", options=(), faults=(), wait=0.05,
                 port=None):
        super().__init__(directory)
        self.transport = transport
        self.port = port or free_port()
        self.control = self.path("control")
        self.options = ["-p", str(self.port), "-T", transport, "-C", self.control, "-w", str(wait)]
        if domains:
            self.options += ["-n", str(domains)]
        for fault in faults:
            self.options += ["-F", fault]
        self.options += list(options)

    @property
    def address(self):
        return f"{self.transport}:127.0.0.1:{self.port}"

    def start(self):
        if os.path.exists(self.control):
            os.unlink(self.control)
        self.launch([SIM] + self.options)
        wait_for(self._answers, 20, "ldmd-sim")
        return self

    def _answers(self):
        assert self.running(), f"ldmd-sim ended: {self.log()}"
        try:
            self.command("stats")
        except OSError:
            return False
        return True

    def command(self, line):
        """One line to the control socket; the answer as it comes."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(self.control)
            connection.sendall(line.encode() + b"\n")
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while True:
                piece = connection.recv(65536)
                if not piece:
                    return answer.decode(errors="replace")
                answer += piece

    def do(self, line):
        answer = self.command(line)
        assert answer.splitlines()[-1:] == ["ok"], f"{line}: {answer}"
        return answer


class Snmpd(Process):
    """A master agent that shares nothing with the system's one."""

    name = "snmpd"
    # Another master in place of snmpd: a program that is started with "-c FILE" and knows these lines of
    # an snmpd.conf: agentAddress, agentXSocket (with tcp:), rocommunity, rwcommunity, trapsess -v2c.
    other = os.environ.get("LDOMS_TEST_MASTER")
    users = {
        "sha": ["-v3", "-u", "sha", "-l", "authPriv", "-a", "SHA", "-A", "auth-secret-1",
                "-x", "AES", "-X", "priv-secret-1"],
        "sha256": ["-v3", "-u", "sha256", "-l", "authPriv", "-a", "SHA-256", "-A",
                   "auth-secret-2", "-x", "AES", "-X", "priv-secret-2"],
    }

    def __init__(self, directory, extra="", other=None):
        super().__init__(directory)
        if other is not None:
            self.other = other
        self.port = free_port()
        self.agentx = self.path("agentx")
        self.address = f"tcp:127.0.0.1:{free_port()}" if self.other else "unix:" + self.agentx
        # What runs it, and what it finds in its environment beside the usual.
        self.wrapper, self.environment = [], {}
        with open(self.path("snmpd.conf"), "w") as conf:
            conf.write(f"""
agentAddress udp:127.0.0.1:{self.port},tcp:127.0.0.1:{self.port}
master agentx
agentXSocket {self.address}
agentXPerms 0660 0755
dontLogTCPWrappersConnects yes
rocommunity public 127.0.0.1
rwcommunity private 127.0.0.1
createUser sha SHA "auth-secret-1" AES "priv-secret-1"
createUser sha256 SHA-256 "auth-secret-2" AES "priv-secret-2"
rwuser sha authpriv
rwuser sha256 authpriv
{extra}
""")

    def start(self):
        if self.other:
            self.launch([self.other, "-c", self.path("snmpd.conf")])
            wait_for(self._answers, 20, self.other)
            return self
        program = find_program("snmpd")
        if not program:
            raise unittest.SkipTest("there is no snmpd")
        self.launch([*self.wrapper, program, "-f", "-C", "-c", self.path("snmpd.conf"), "-A",
                     "-Lf", self.path("messages"), "-p", self.path("pid"), "-I", "-smux"],
                    {"SNMP_PERSISTENT_DIR": self.path("persistent"),
                     "SNMPCONFPATH": self.directory, "MIBS": "", **self.environment})
        wait_for(self._answers, 20, "snmpd")
        return self

    def messages(self):
        try:
            with open(self.path("messages"), errors="replace", encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def _answers(self):
        assert self.running(), f"snmpd ended: {self.log()}"
        return (self.other or os.path.exists(self.agentx)) and snmp(
            self, "get", [".1.3.6.1.2.1.1.3.0"], options=["-t", "0.3", "-r", "0"],
            check=False).returncode == 0


class Agent(Process):
    """ldoms-agentx in the foreground."""

    name = "agent"
    program = AGENT

    def __init__(self, directory, ldm, agentx, conf="", options=()):
        super().__init__(directory)
        self.ldm = ldm
        self.agentx = agentx
        self.state = self.path("state")
        self.options = list(options)
        os.makedirs(self.state, mode=0o700, exist_ok=True)
        self.configure(conf)

    def configure(self, conf):
        text = f"ldm {self.ldm}\nagentXSocket {self.agentx}\nstateDirectory {self.state}\n"
        with open(self.path("agent.conf.new"), "w") as f:
            f.write(text + conf)
        os.rename(self.path("agent.conf.new"), self.path("agent.conf"))

    def command(self, *more):
        wrapper = os.environ.get("AGENT_WRAPPER", "").split()
        return wrapper + [self.program, "-c", self.path("agent.conf")] + self.options + list(more)

    def start(self):
        self.launch(self.command("-f"))
        return self

    def run(self, *options, timeout=60):
        """Runs the program to its end, for -l, -t, -X. Its output goes to files: a child in the
        background, or memcheck, may keep a pipe open."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            result = subprocess.run(self.command(*options), stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=err, timeout=timeout * SLOW, check=False)
            out.seek(0)
            err.seek(0)
            result.stdout, result.stderr = out.read(), err.read()
        return result

    def reload(self):
        """Reads its configuration again."""
        start = len(self.log())
        self.send(signal.SIGHUP)
        self.wait_log("config: reloaded", start=start)

    def resident(self):
        """Resident memory in KiB."""
        with open(f"/proc/{self.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))

    def address_space(self):
        """In bytes."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[0]) * resource.getpagesize()

    def is_watched(self):
        """By a sanitizer or memcheck, which take memory of their own."""
        return self.address_space() > 1 << 40 or "AGENT_WRAPPER" in os.environ

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def findings(self):
        """What a sanitizer or memcheck complained about."""
        return re.findall(r"^.*(?:ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|"
                          r"==\d+== (?:Invalid|Mismatched|Conditional|Use of|Syscall param)|"
                          r"==\d+== .* definitely lost).*$", self.log(), re.M)


class InMaster:
    """The agent as a module of snmpd: what tests ask of an Agent, asked of the snmpd that has it."""

    name = "module"

    def __init__(self, directory, ldm, snmpd, conf="", library=None, host=None):
        """host: the name of one of several hosts in that snmpd."""
        self.directory = directory
        self.ldm = ldm
        self.snmpd = snmpd
        self.state = os.path.join(directory, "state")
        os.makedirs(self.state, mode=0o700, exist_ok=True)
        self.configure(conf)
        with open(snmpd.path("snmpd.conf"), "r+b") as conf_file:
            if b"\ndlmod ldoms " not in conf_file.read():
                conf_file.write(f"\ndlmod ldoms {library or MODULE}\n".encode())
            conf_file.write(f"ldomsConfig {host + ' ' if host else ''}{self.path('agent.conf')}\n".encode())

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def configure(self, conf):
        with open(self.path("agent.conf"), "w", encoding="utf-8") as out:
            out.write(f"ldm {self.ldm}\nstateDirectory {self.state}\n{conf}")

    def start(self):
        """snmpd starts the module; after stop() or kill() it is started again."""
        if not self.snmpd.running():
            self.snmpd.start()
        return self

    def command(self, *more):
        """Questions that are asked once are the program's in every form."""
        return [AGENT, "-c", self.path("agent.conf"), *more]

    def run(self, *options, timeout=60):
        return Agent.run(self, *options, timeout=timeout)

    def running(self):
        return self.snmpd.running()

    @property
    def pid(self):
        return self.snmpd.pid

    def send(self, signo):
        self.snmpd.send(signo)

    def reload(self):
        """snmpd reads its own configuration and loads the module again."""
        start = len(self.log())
        self.send(signal.SIGHUP)
        self.wait_log(r"ldoms-snmp [\d.]+ in the master", 20, start)
        column = cell("Name", 0)
        wait_for(lambda: snmp(self.snmpd, "getnext", [column], ["-On"], check=False).stdout.startswith(
            column[:-1]), 20, "the table")

    def kill(self):
        self.snmpd.kill()

    def stop(self, timeout=15.0):
        return self.snmpd.stop(timeout)

    resident = Agent.resident
    address_space = Agent.address_space
    is_watched = Agent.is_watched

    def log(self):
        return self.snmpd.messages() + self.snmpd.log()

    def wait_log(self, pattern, timeout=10.0, start=0):
        return wait_for(lambda: re.search(pattern, self.log()[start:]), timeout,
                        f"the module's log line /{pattern}/")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def findings(self):
        return Agent.findings(self)


def snmp(snmpd, verb, arguments, options=(), auth=("-v2c", "-c", "public"), check=True,
         timeout=60, env=None):
    """A net-snmp tool against the private snmpd."""
    program = find_program("snmp" + verb)
    if not program:
        raise unittest.SkipTest(f"there is no snmp{verb}")
    full = dict(os.environ, MIBS="", SNMPCONFPATH=snmpd.directory,
                SNMP_PERSISTENT_DIR=snmpd.path("client"))
    full.update(env or {})
    result = subprocess.run(
        [program, "-t", "5", "-r", "1"] + list(auth) + list(options) +
        [f"udp:127.0.0.1:{snmpd.port}"] + list(arguments),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        errors="surrogateescape", env=full, timeout=timeout * SLOW, check=False)
    if check and result.returncode != 0:
        raise AssertionError(f"snmp{verb} {' '.join(arguments)}: {result.stderr or result.stdout}")
    return result


_LINE = re.compile(r"^(\.[\d.]+) = (.*?)(?=^\.[\d.]+ = |\Z)", re.M | re.S)


def parse_value(text):
    """What a net-snmp tool prints with -Oe: (type, value)."""
    text = text.rstrip("\n")
    if text == '""':
        return "OCTETS", b""
    kind, _, rest = text.partition(": ")
    if kind in ("INTEGER", "Gauge32", "Counter32", "Counter64"):
        return kind, int(rest)
    if kind == "Timeticks":
        return kind, int(re.match(r"\((\d+)\)", rest).group(1))
    if kind == "STRING":
        if rest.startswith('"'):
            rest = re.sub(r"\\(.)", r"\1", rest[1:-1], flags=re.S)
        return "OCTETS", rest.encode("utf-8", "surrogateescape")
    if kind == "Hex-STRING":
        return "OCTETS", bytes.fromhex(rest.replace("\n", " "))
    return kind, rest  # an exception, or a type that our MIB does not have


def parse_varbinds(text):
    """[(name, type, value)]; the name is a tuple of sub-identifiers."""
    return [(tuple(int(arc) for arc in name[1:].split(".")), *parse_value(value))
            for name, value in _LINE.findall(text)]


def oid(text):
    return tuple(int(arc) for arc in text.strip(".").split("."))


def cell(column, index):
    return f"{ENTRY}.{COLUMNS[column]}.{index}"


def _read_scalars():
    """{name: oid} of the scalars, from the MIB itself."""
    with open(os.path.join(SRC, "mibs", "LDOMS-MIB.txt")) as mib:
        text = mib.read()
    groups = {"ldomManager": ".1.1.", "ldomResourcePools": ".1.2."}
    return {name: ROOT + groups[group] + number + ".0"
            for name, group, number in re.findall(
                r"^(\w+) +OBJECT-TYPE\n(?:(?!::=).)*::= \{ (\w+) (\d+) \}", text, re.M | re.S)
            if group in groups}


SCALARS = _read_scalars()


def scalar(bed, name, **more):
    return bed.get(SCALARS[name], **more)


def dump(sim):
    """What the simulator holds."""
    return json.loads(sim.command("dump").splitlines()[0])


def stats(sim):
    """What it was asked, and how often."""
    return json.loads(sim.command("stats").splitlines()[0])


OPER_STATES = {"active": 1, "stopping": 2, "inactive": 3, "binding": 4, "unbinding": 5,
               "bound": 6, "starting": 7}
LINK_UP, LINK_CONNECTING, LINK_DOWN, LINK_UNAUTHORISED, LINK_SLOW = range(1, 6)  # ldomLinkState
LINK_LOST = (LINK_CONNECTING, LINK_DOWN)
ADMIN_STATES = {"active": 1, "starting": 1, "bound": 2, "stopping": 2, "binding": 2,
                "inactive": 3, "unbinding": 3}
ROLES = ["control", "service", "io", "root", "guest"]


def migration_cells(migration):
    """What a migration that goes on shows; the simulator has its own names for the two hosts."""
    if not migration:
        return {"MigrationProgress": 0, "MigrationStatus": 1, "MigrationSource": b""}
    return {"MigrationProgress": migration["progress"], "MigrationStatus": 2,
            "MigrationSource": b"other-host" if migration["incoming"] else b"this-host"}


def expected_row(domain):
    """The cells that a domain of the dump must have; without those that only the agent knows."""
    bits = 0
    for role in domain["roles"]:
        bits |= 0x80 >> ROLES.index(role)
    text = {"Name": "name", "UUID": "uuid", "MacAddress": "mac", "HostID": "hostid",
            "FailurePolicy": "failure_policy", "Master": "master",
            "ExtMapinSpace": "extended_mapin_space", "Threading": "threading",
            "CpuArch": "cpu_arch", "Flags": "flags", "BootPolicy": "boot_policy",
            "PerfCounters": "perf_counters", "RcAddPolicy": "rc_add_policy"}
    row = {column: (domain[key] or "").encode() for column, key in text.items()}
    if row["HostID"] and not row["HostID"].startswith(b"0x"):
        row["HostID"] = b"0x" + row["HostID"]
    running = domain["state"] in ("active", "stopping")
    row.update({
        "AdminState": ADMIN_STATES[domain["state"]], "OperState": OPER_STATES[domain["state"]],
        "NumVCPU": domain["vcpus"], "MemSize": domain["memory"] // 1048576, "MemUnit": 2,
        "NumCrypto": domain["mau"], "NumIOBus": len(domain["iobus"]),
        "WholeCore": domain["whole_core"], "ShutdownGroup": domain["shutdown_group"],
        "Roles": bytes([bits]),
        # ldmd tells these two of running domains only.
        "Utilization": domain["utilization_permille"] * running,
        "Uptime": domain["uptime"] * running, "ConsolePort": domain["console_port"], "Template": b"",
        "OperationStatus": 1, "OperationIndex": 0, "RowStatus": 1,
        "Pending": 1 if domain["delayed_reconf"] else 2,
        "Degraded": 1 if domain["flags"][1] == "d" else 2,
        "NormUtilization": domain["normalized_permille"] * running,
        "MaxCores": int((domain["max_cores"] or "0").replace("unlimited", "0")),
        **migration_cells(domain["migration"])})
    return row


def told_uptimes(seconds, slack):
    """What ldmd says of an uptime, now or a little earlier: above a minute in whole minutes."""
    return {value if value < 60 else value - value % 60
            for value in range(max(0, seconds - slack), seconds + 2)}


def differences(rows, domains, uptime_slack=7):
    """In which cells ldomTable (Bed.rows()) and the simulator's dump differ; empty: they agree."""
    found = []
    by_name = {row.get("Name", b"").decode(): row for row in rows.values()}
    wanted = {domain["name"]: expected_row(domain) for domain in domains}
    if set(by_name) != set(wanted):
        return [f"rows {sorted(by_name)} instead of {sorted(wanted)}"]
    for name, row in wanted.items():
        have = dict(by_name[name])
        if len(have) != len(COLUMNS) - 1:
            found.append(f"{name}: {len(have)} columns")
        if not isinstance(have.pop("LastChange", None), int):
            found.append(f"{name}: LastChange")
        if have.pop("Uptime", None) not in told_uptimes(row.pop("Uptime"), uptime_slack):
            found.append(f"{name}: Uptime")
        for column, value in row.items():
            if have.get(column) != value:
                found.append(f"{name}: {column} is {have.get(column)!r}, not {value!r}")
    return found


POOLS = {"Cpu": "vcpus", "Mem": "memory", "Crypto": "mau", "IOBus": "buses", "Core": "cores"}


def pool_differences(bed, state, **more):
    """In which cells the host's resource pools and the simulator's dump differ."""
    found = []
    for pool, key in POOLS.items():
        capacity, free = state["capacity"][key], state["free"][key]
        if pool == "Mem":
            capacity, free = capacity // 1048576, free // 1048576
        for what, value in (("Capacity", capacity), ("Free", free),
                            ("Reserved", capacity - free)):
            have = scalar(bed, f"ldom{pool}Rp{what}", **more)
            if have != value:
                found.append(f"ldom{pool}Rp{what} is {have}, not {value}")
    return found


def base_mibs():
    """A folder with SNMPv2-TC and its like, for the tools; None where there is none."""
    import glob
    for folder in glob.glob("/usr/lib/erlang/lib/snmp-*/mibs") + ["/usr/share/snmp/mibs/ietf",
                                                                 "/usr/share/snmp/mibs"]:
        if glob.glob(os.path.join(folder, "SNMPv2-TC*")):
            return folder
    return None


def mib_environment():
    """What makes net-snmp's tools know our names."""
    folder = base_mibs()
    if not folder:
        raise unittest.SkipTest("there are no base MIB modules")
    built = os.path.join(BUILD, "mibs", "moved")
    ours = built if os.path.exists(os.path.join(built, "LDOMS-MIB.txt")) else \
        os.path.join(SRC, "mibs")
    return {"MIBDIRS": f"{ours}:{folder}", "MIBS": "LDOMS-MIB"}


class Bed:
    """Simulator, snmpd and agent that know each other."""

    def __init__(self, directory, domains=None, transport="xmpp", sim_options=(), faults=(),
                 conf="", snmpd_conf="", agent_options=(), wait=0.05, start=True, form="agentx"):
        self.directory = directory
        self.sim = Simulator(os.path.join(directory, "s"), domains, transport, sim_options, faults,
                             wait)
        self.snmpd = Snmpd(os.path.join(directory, "m"), snmpd_conf)
        if form == "module":
            self.agent = InMaster(os.path.join(directory, "a"), self.sim.address, self.snmpd, conf)
        else:
            self.agent = Agent(os.path.join(directory, "a"), self.sim.address, self.snmpd.address,
                               conf, agent_options)
        if start:
            self.start()

    def start(self):
        self.sim.start()
        self.snmpd.start()
        self.agent.start()
        self.wait_serving()

    def wait_serving(self, timeout=20.0):
        """The table is there."""
        wait_for(self.serving, timeout, "the table")

    def serving(self):
        assert self.agent.running(), f"the agent ended: {self.agent.log()}"
        result = self.snmp("getnext", [cell("Name", 0)], ["-t", "1", "-r", "0", "-On", "-Oe"],
                           check=False)
        found = parse_varbinds(result.stdout)
        return bool(found) and found[0][1] == "OCTETS" and \
            found[0][0][:-1] == oid(cell("Name", 0))[:-1]

    def snmp(self, verb, arguments, options=(), **more):
        return snmp(self.snmpd, verb, arguments, options, **more)

    def is_served(self):
        """Whether any agent serves the root. The master may answer genErr while a second agent takes
        over from the first."""
        result = self.snmp("getnext", [ROOT], ["-On"], check=False)
        return result.stdout.startswith(ROOT)

    def walk(self, where=ENTRY, verb="walk", auth=("-v2c", "-c", "public"), options=()):
        result = self.snmp(verb, [where], ["-On", "-Oe", *options], auth=auth)
        assert "not increasing" not in result.stdout + result.stderr, result.stdout
        # A walk of nothing ends with a GET, which says that there is nothing.
        return [found for found in parse_varbinds(result.stdout)
                if not found[1].startswith(("No Such", "No more")) and found[0][:len(oid(where))] == oid(where)]

    def get(self, *names, auth=("-v2c", "-c", "public"), options=()):
        """Values of names (dotted), one or a list."""
        found = self.snmp("get", names, ["-On", "-Oe", *options], auth=auth).stdout
        values = [value for _, _, value in parse_varbinds(found)]
        return values[0] if len(names) == 1 else values

    def rows(self, **more):
        """{index: {column: value}} of ldomTable."""
        by_number = {number: name for name, number in COLUMNS.items()}
        rows = {}
        for name, _, value in self.walk(**more):
            column, index = name[-2:]
            rows.setdefault(index, {})[by_number[column]] = value
        return rows

    def indexes(self):
        """{name: ldomIndex}."""
        return {value.decode(): name[-1] for name, _, value in self.walk(cell("Name", 0)[:-2])}

    def stop(self):
        problems = []
        for process in (self.agent, self.snmpd, self.sim):
            try:
                alive = process.running()
                status = process.stop()
                if process is self.agent and alive and status != 0:
                    problems.append(f"the agent ended with {status}")
            except AssertionError as error:
                problems.append(str(error))
        problems += self.agent.findings()
        return problems


class TestCase(unittest.TestCase):
    """Gives each test a directory, takes everything down, and shows the logs when it failed."""

    maxDiff = None

    def setUp(self):
        # Short: the path of a unix socket has 107 bytes.
        self.directory = tempfile.mkdtemp(prefix="ldoms-")
        self.addCleanup(self._remove)
        self.beds = []
        self.processes = []
        self.addCleanup(self._take_down)

    def _remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)

    def _failed(self):
        result = self._outcome.result
        return any(test is self for test, _ in result.errors + result.failures)

    def _take_down(self):
        problems = []
        for bed in self.beds:
            problems += bed.stop()
        for process in self.processes:
            if process.running():
                process.kill()
        if problems or self._failed():
            self.show_logs()
        if problems:
            self.fail("; ".join(problems))

    def show_logs(self):
        for folder, _, files in os.walk(self.directory):
            for name in sorted(files):
                if name.endswith(".log") or name == "messages":
                    with open(os.path.join(folder, name), errors="replace") as log:
                        lines = log.read().splitlines()
                    # A report of memcheck may stand further up than the last 60 lines.
                    reports = [line for line in lines[:-60] if re.match(r"==\d+==", line)]
                    for line in reports[:100] + lines[-60:]:
                        print(f"# {name}: {line}")

    # "module": the agent is loaded into snmpd.
    form = "agentx"

    def bed(self, **more):
        more.setdefault("form", self.form)
        bed = Bed(os.path.join(self.directory, str(len(self.beds))), start=False, **more)
        self.beds.append(bed)
        bed.start()
        return bed

    def process(self, process):
        """Remember a process that belongs to no bed, to end it."""
        self.processes.append(process)
        return process


__all__ = [name for name in dir() if not name.startswith("_")]
