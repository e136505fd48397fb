"""What happens around the agent in a soak: an administrator at the host, guests with a will of
their own, an ldmd that misbehaves and restarts, an snmpd that does so too, and a log that is not
always read."""
import os
import select
import signal
import subprocess

import failures
import harness
from actors import Actor

# Faults that want an argument; the others are taken as `ldmd-sim -h` lists them.
ARGUMENTS = {
    "delay": ["0.3", "2"], "refuse": ["not today"], "refuse-late": ["0.5:not today"],
    "fail-but-do": ["odd"], "partial": ["256M"], "stop-timeout": ["1"], "split": ["7", "1000"],
    "drip": ["1", "1000"], "oversize": ["1M", "40M"], "attr-bomb": ["5000"], "deep": ["1000"],
    "missing": ["uuid", "ldom_info", "cpu", "mau"], "late": ["0.5"], "event-storm": ["500"],
    "work-late": ["0.5", "3"], "lost-then-done": ["1", "4"], "state-word": ["suspended"],
    "option-form": ["option", "options", "both"],
}
WHERE = ["", "@list-domain", "@list-*", "@set-*", "@*-domain", "@set-vcpu", "@reg-*", "@connect",
         "@stream", "@tls", "@idle", "@event"]


class Hand(Actor):
    """One whose deeds can be looked up."""

    def note(self, what):
        self.stage.tell(what)
        self.count(what)


class World(Hand):
    """All that is done to the simulator, one thing after the other."""

    def __init__(self, stage, name, guests):
        super().__init__(stage, name)
        self.guests = [guest.name for guest in guests]
        self.faults = sorted({fault for some in failures.known().values() for fault in some
                              if fault != "insert"})

    def act(self):
        what = self.dice.random()
        if what < 0.90:
            self.change()
        elif what < 0.98:
            self.misbehave()
        else:
            self.calamity()
        self.pause(0.0, 0.25)

    def tell(self, line):
        """What the rules of the host refuse is refused."""
        self.stage.tell(line)
        self.bed.sim.command(line)
        self.count(line.split()[0])

    # -- changes

    def change(self):
        d, guest = self.dice, self.dice.choice(self.guests)
        number = d.randrange(4)
        # The same ones again and again, or the registry would remember ever more of them.
        visitor, uuid = f"y{number}", f"00000000-0000-4000-8000-00000000000{number}"
        self.tell(d.choice([
            f"do set-vcpu {guest} {d.choice([1, 2, 4, 6])}",
            f"do set-memory {guest} {256 * d.randint(2, 8)}M",
            f"begin stop-domain {guest}", f"begin stop-domain {guest} -f",
            f"begin start-domain {guest}", f"begin bind-domain {guest}",
            f"begin unbind-domain {guest}",
            f"guest {guest} {d.choice(['halt', 'reset', 'panic', 'obp', 'os', 'os'])}",
            f"drm {guest} {d.choice([2, 3, 5])}", f"util {guest} {d.randrange(1001)}",
            f"do add-vnet {guest} net{number} primary-vsw0", f"do remove-vnet {guest} net{number}",
            f"do set-variable {guest} note{number}={d.randrange(10 ** 6)}",
            f"do add-vdiskserverdevice primary vol{number}@primary-vds0 /dev/dsk/c{number}",
            f"do remove-vdiskserverdevice primary vol{number}@primary-vds0",
            f"do add-domain {visitor} cpu=2 memory=512M uuid={uuid}", f"do remove-domain {visitor}",
            f"migrate-out {visitor} 0.2", f"do add-spconfig - config{number}",
            f"do remove-spconfig - config{number}"]))

    # -- faults

    def misbehave(self):
        fault = self.dice.choice(self.faults)
        argument = self.dice.choice(ARGUMENTS.get(fault, [""]))
        spec = fault + (":" + argument if argument else "") + self.dice.choice(WHERE)
        if self.dice.random() < 0.5:
            self.tell(f"fault {spec}#{self.dice.randint(1, 3)}")
        else:
            self.tell(f"fault {spec}")
            for _ in range(self.dice.randrange(12)):
                self.change()
                self.pause(0.0, 0.5)
        if self.dice.random() < 0.3:
            self.tell(self.dice.choice(["disconnect", "disconnect", "poke"]))
            self.pause(0.0, 3.0)
        self.tell("clear")

    # -- the end of ldmd

    def calamity(self):
        self.dice.choice([self.crash, self.stop, self.freeze, self.refuse_connections,
                          self.delayed_reconfiguration])()

    def crash(self):
        self.note("ldmd crashed")
        self.bed.sim.kill()
        self.pause(0.0, 3.0)
        self.bed.sim.start()

    def stop(self):
        self.note("ldmd stopped")
        self.bed.sim.stop()
        self.pause(0.0, 3.0)
        self.bed.sim.start()

    def freeze(self):
        self.tell("freeze on")
        self.pause(0.5, 8.0)
        self.tell("freeze off")

    def refuse_connections(self):
        self.tell("listen off")
        self.tell("disconnect")
        self.pause(0.5, 3.0)
        self.tell("listen on")

    def delayed_reconfiguration(self):
        self.tell("reconf on")
        self.pause(0.5, 3.0)
        self.tell("reboot-control")

    def settle(self):
        """An ldmd in good health, with nothing on its way."""
        if not self.bed.sim.running():
            self.bed.sim.start()
        for line in ("freeze off", "listen on", "clear", "reboot-control"):
            self.bed.sim.command(line)


class Master(Hand):
    """All that is done to snmpd, and SIGHUPs to the agent."""

    def act(self):
        self.pause(3.0, 30.0)
        if self.stage.over.is_set():
            return
        if self.dice.random() < 0.3:
            self.reconfigure()
            return
        with self.stage.storm():
            self.dice.choice([self.restart, self.crash, self.freeze, self.unlink, self.reload])()

    def restart(self):
        self.note("snmpd stopped")
        self.bed.snmpd.stop()
        self.pause(0.0, 3.0)
        self.bed.snmpd.start()

    def crash(self):
        self.note("snmpd crashed")
        self.bed.snmpd.kill()
        self.bed.snmpd.start()

    def unlink(self):
        self.note("socket removed")
        os.unlink(self.bed.snmpd.agentx)
        self.crash()

    def freeze(self):
        self.note("snmpd frozen")
        self.bed.snmpd.send(signal.SIGSTOP)
        self.pause(0.5, 8.0)
        self.bed.snmpd.send(signal.SIGCONT)

    def reload(self):
        self.note("snmpd reloaded")
        self.bed.snmpd.send(signal.SIGHUP)

    def reconfigure(self):
        self.note("agent reloaded")
        self.bed.agent.configure(configuration(self.dice.choice(["0.3", "1", "2"]),
                                               self.dice.choice([0, 40, 400]),
                                               self.dice.choice(["notice", "debug"])))
        self.bed.agent.send(signal.SIGHUP)


class PipedAgent(harness.Agent):
    """One whose log is a pipe that a Log reads, or does not."""

    def launch(self, command, env=None):
        self.pipe, theirs = os.pipe()
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs,
            cwd=self.directory, preexec_fn=harness._die_with_parent)
        os.close(theirs)


class Log(Hand):
    """Reads the agent's log until the agent has ended, with rests in which nobody reads it."""

    def run(self):
        agent = self.bed.agent
        with os.fdopen(agent.pipe, "rb", buffering=0) as pipe, open(agent.log_path, "ab") as log:
            data = b" "
            while data:
                if self.stage.over.is_set():
                    self.done.set()
                if select.select([pipe], [], [], 0.5)[0]:
                    data = pipe.read(65536)
                    log.write(data)
                    log.flush()
                if self.dice.random() < 0.002 and not self.stage.over.is_set():
                    self.note("log not read")
                    self.pause(0.5, 8.0)
        self.done.set()


def configuration(interval="1", wait=400, level="debug"):
    return (f"refreshInterval {interval}\nsetWait {wait}\nrequestTimeout 3\ncommandTimeout 5\n"
            f"staleAfter 6\nnotificationRate 0\nlogLevel {level}\n")
