"""ldom-snmp against a real snmpd: each verb, each exit status, each form of the output; and what may
go wrong between the look-up of a name and the answer to a SET.
"""
import csv
import io
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import harness
import sets
from harness import SLOW, scalar, wait_for
from sets import ask, holding

PROGRAM = os.path.join(harness.BUILD, "ldom-snmp")
DONE, USAGE, UNREACHABLE, NO_DOMAIN, REFUSED, FAILED, ROLLED_BACK, PARTIAL, UNKNOWN, RUNNING = range(10)
SCHEMA = {"list": {"index": int, "name": str, "state": str, "flags": str, "consolePort": (int, type(None)),
                   "vcpus": int, "memoryMB": int, "utilizationPercent": (int, float),
                   "uptimeSeconds": int, "operation": str},
          "operations": {"operation": int, "transaction": int, "domain": str, "status": str,
                         "stepsDone": int, "stepsPlanned": int, "seconds": (int, float),
                         "request": str, "oldValues": str, "newValues": str, "message": str},
          "topology": {"serviceDomain": str, "service": str, "kind": str, "client": str,
                       "device": str, "backend": str},
          "show": {"object": str, "value": str}}


class Relay(threading.Thread):
    """UDP between the command and snmpd. on_set is called before a SET goes on; lose: its answer is
    not handed back."""

    def __init__(self, port, on_set=None, lose=False):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        self.target, self.on_set, self.lose = ("127.0.0.1", port), on_set, lose
        self.sets, self.stopping = 0, False

    @staticmethod
    def is_set(datagram):
        """Version 2c: a sequence of version, community and PDU."""
        at = 2 if datagram[1] < 128 else 2 + (datagram[1] & 127)
        at += 2 + datagram[at + 1]
        at += 2 + datagram[at + 1]
        return datagram[at] == 0xA3

    def run(self):
        client = lost = None
        while not self.stopping:
            try:
                datagram, sender = self.socket.recvfrom(65536)
            except socket.timeout:
                continue
            if sender == self.target:
                if not lost:
                    self.socket.sendto(datagram, client)
                lost = False
                continue
            client = sender
            if self.is_set(datagram):
                self.sets += 1
                lost = self.lose
                if self.on_set:
                    self.on_set()
            self.socket.sendto(datagram, self.target)

    def stop(self):
        self.stopping = True
        self.join()
        self.socket.close()


class Client(sets.TestCase):
    pool = {"active": 28, "bound": 1}
    conf = "setAllow save\nsetWait 400\nrefreshInterval 0.5\ncommandTimeout 5\n"
    host = {"cores": 64, "memory_gb": 256}

    def command(self, *arguments, options=(), auth=("-v2c", "-c", "private"), port=None):
        return [PROGRAM, *auth, "-t", "5", "-r", "1", *options,
                f"udp:127.0.0.1:{port or self.rig.snmpd.port}", *arguments]

    def environment(self):
        return dict(os.environ, MIBS="", SNMPCONFPATH=self.rig.snmpd.directory,
                    SNMP_PERSISTENT_DIR=self.rig.snmpd.path("client"))

    def run_client(self, *arguments, **more):
        return subprocess.run(self.command(*arguments, **more), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.environment(), timeout=60 * SLOW, check=False)

    def expect_status(self, status, *arguments, **more):
        result = self.run_client(*arguments, **more)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result

    def relay(self, **more):
        relay = Relay(self.rig.snmpd.port, **more)
        relay.start()
        self.addCleanup(relay.stop)
        return relay

    # -- reading

    def test_list(self):
        guest = self.take("active")
        for auth in (("-v1", "-c", "private"), ("-v2c", "-c", "private"), *self.rig.snmpd.users.values()):
            text = self.expect_status(DONE, "list", auth=auth).stdout
            lines = text.splitlines()
            self.assertRegex(lines[0], r"^NAME +STATE +FLAGS +CONS +VCPU +MEMORY +UTIL +UPTIME$")
            row = [line for line in lines if line.split()[0] == guest.name]
            self.assertRegex(row[0], rf"^{guest.name} +active +\S+ +\d+ +4 +1024M +\d+\.\d%")
            self.assertLessEqual(max(map(len, lines)), 80, text)
        names = {domain["name"] for domain in sets.dump(self.sim)["domains"]}
        self.assertEqual({line.split()[0] for line in lines[1:]}, names)

    def test_forms(self):
        self.expect_status(DONE, "set", self.take("active").name, "vcpu=5")
        guest = self.take("active")
        self.attach(guest, "forms")
        for words in (["list"], ["operations"], ["topology"], ["show", guest.name]):
            text = self.expect_status(DONE, *words, options=["-o", "json"]).stdout
            for row in json.loads(text):
                self.assertEqual(row.keys(), SCHEMA[words[0]].keys())
                for key, value in row.items():
                    self.assertIsInstance(value, SCHEMA[words[0]][key], (words, key))
            found = json.loads(text, parse_float=str)
            self.assertTrue(found, words)
            text = self.expect_status(DONE, *words, options=["-o", "csv"]).stdout
            again = list(csv.DictReader(io.StringIO(text)))
            self.assertEqual([{key: "" if value is None else str(value) for key, value in row.items()}
                              for row in found], again)
        self.expect_status(USAGE, "list", options=["-o", "xml"])

    def test_show(self):
        guest = self.take("active")
        text = self.expect_status(DONE, "show", guest.name).stdout
        facts = dict(re.split(r" +", line, maxsplit=1) for line in text.splitlines()[1:]
                     if " " in line.strip())
        self.assertEqual(facts["index"], str(guest.index))
        self.assertEqual(facts["operState"], "active")
        self.assertEqual(facts["numVCPU"], "4")
        self.assertIn('there is no domain "nobody"',
                      self.expect_status(NO_DOMAIN, "show", "nobody").stderr)

    def attach(self, guest, name):
        """A disk and a network device from the control domain."""
        for line in (f"add-vdiskserver primary {name}-vds",
                     f"add-vdiskserverdevice primary volume@{name}-vds /dev/dsk/{name}",
                     f"add-vdisk {guest.name} disk0 volume@{name}-vds",
                     f"add-vswitch primary {name}-vsw dev_path=net4",
                     f"add-vnet {guest.name} net0 {name}-vsw"):
            ask(self.sim, f"do {line}")
        wait_for(lambda: self.expect_status(DONE, "topology").stdout.count(f" {guest.name} ") == 2, 20,
                 "the devices")

    def test_topology(self):
        guest = self.take("active")
        self.attach(guest, "topology")
        rows = [line.split() for line in self.expect_status(DONE, "topology").stdout.splitlines()
                if guest.name in line]
        self.assertEqual(rows[0][:6], ["primary", "topology-vds", "disk", guest.name, "disk0", "volume"])
        self.assertEqual(rows[1][:5], ["primary", "topology-vsw", "network", guest.name, "net0"])
        found = json.loads(self.expect_status(DONE, "topology", options=["-o", "json"]).stdout)
        domains = {domain["name"] for domain in sets.dump(self.sim)["domains"]}
        self.assertEqual({row["kind"] for row in found}, {"disk", "network"})
        for row in found:
            self.assertIn(row["serviceDomain"], domains, row)
            self.assertIn(row["client"], domains, row)
            self.assertTrue(row["service"] and row["device"], row)

    def test_watch(self):
        with subprocess.Popen(self.command("watch", "1"), stdout=subprocess.PIPE, text=True,
                              env=self.environment()) as process:
            heads = 0
            while heads < 3:
                line = process.stdout.readline()
                self.assertTrue(line, "watch ended")
                heads += line.startswith("NAME")
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            self.assertEqual(process.wait(20), DONE)

    def test_nobody_there(self):
        result = self.expect_status(UNREACHABLE, "list", options=["-t", "0.2", "-r", "0"],
                                    port=harness.free_port())
        self.assertTrue(result.stderr)
        self.expect_status(UNREACHABLE, "list", options=["-t", "0.2", "-r", "0"],
                           auth=("-v2c", "-c", "wrong"))
        self.expect_status(UNREACHABLE, "list", auth=("-v3", "-u", "stranger", "-l", "noAuthNoPriv"))

    # -- changing

    def test_set(self):
        for auth in (("-v2c", "-c", "private"), self.rig.snmpd.users["sha256"]):
            guest = self.take("active")
            result = self.expect_status(DONE, "set", guest.name, "vcpu=6", "memory=1536M", auth=auth)
            self.assertRegex(result.stdout, rf"^{guest.name}: succeeded \(vcpus=6 memory=1536M\)$")
            self.assertEqual(holding(self.sim, guest.name)["vcpus"], 6)
            self.assertEqual(holding(self.sim, guest.name)["memory"], 1536 << 20)
            # Again: nothing is left to do.
            self.forget()
            self.expect_status(DONE, "set", guest.name, "vcpu=6", auth=auth)
            self.assertEqual(self.commands(), [])

    def test_units(self):
        guest = self.take("active")
        self.expect_status(DONE, "set", guest.name, "memory=2G")
        self.assertEqual(holding(self.sim, guest.name)["memory"], 2 << 30)
        self.expect_status(DONE, "set", guest.name, "memory=1048576kb")
        self.assertEqual(holding(self.sim, guest.name)["memory"], 1 << 30)
        self.forget()
        for value in ("16", "16g16", "G", "1000K", "0G", "-1G", "99999999T", "16GG", ""):
            self.assertIn("memory=", self.expect_status(
                USAGE, "set", guest.name, f"memory={value}").stderr)
        for words in (["vcpu=x"], ["vcpu=65536"], ["vcpu="], ["color=red"], ["state=up"], [],
                      ["template=t"]):
            self.expect_status(USAGE, "set", guest.name, *words)
        self.expect_status(USAGE, "set", "vcpu=4")
        self.expect_status(USAGE, "frobnicate")
        self.expect_status(USAGE)
        self.assertEqual(self.commands(), [])

    def test_several_domains_are_one_transaction(self):
        one, two = self.take_many(2)
        self.expect_status(DONE, "set", one.name, "vcpu=5", two.name, "vcpu=6", "memory=2G")
        rows = [self.operation(guest) for guest in (one, two)]
        self.assertEqual(rows[0]["Transaction"], rows[1]["Transaction"])

    def test_state_create_destroy(self):
        guest = self.take("bound")
        self.expect_status(DONE, "set", guest.name, "state=active")
        self.assertEqual(holding(self.sim, guest.name)["state"], "active")
        result = self.expect_status(DONE, "create", "made", "vcpu=2", "memory=1G", "state=bound")
        self.assertRegex(result.stdout, "^made: succeeded")
        self.assertEqual(holding(self.sim, "made")["state"], "bound")
        self.assertEqual(holding(self.sim, "made")["vcpus"], 2)
        self.assertEqual(self.expect_status(REFUSED, "create", "made", "vcpu=2", "memory=1G").stdout, "")
        self.expect_status(DONE, "set", "made", "state=inactive")
        result = self.expect_status(DONE, "destroy", "made")
        self.assertRegex(result.stdout, "^made: succeeded")
        self.assertNotIn("made", {domain["name"] for domain in sets.dump(self.sim)["domains"]})
        self.expect_status(NO_DOMAIN, "destroy", "made")

    def test_save(self):
        result = self.expect_status(DONE, "save", "spring", options=["--dry-run"])
        self.assertIn('ldomSaveConfig.0 = "spring"\n', result.stdout)
        result = self.expect_status(DONE, "save", "spring")
        self.assertEqual(result.stdout, "spring: succeeded (save=spring)\n")
        self.assertIn("spring", {config["name"] for config in sets.dump(self.sim)["spconfigs"]})
        self.expect_status(DONE, "save", "summer")
        result = self.expect_status(REFUSED, "save", "spring")
        self.assertIn("never overwritten", result.stderr)
        self.fault("refuse:no such luck@add-spconfig#1")
        self.assertIn("no such luck", self.expect_status(FAILED, "save", "autumn").stderr)
        for words in ([], ["two", "names"]):
            self.expect_status(USAGE, "save", *words)
        self.expect_status(REFUSED, "save", "a b")

    def test_refused(self):
        guest = self.take("active")
        result = self.expect_status(REFUSED, "set", guest.name, "vcpu=60000")
        self.assertRegex(result.stderr, rf"^{guest.name}: refused \(resourceUnavailable\): .*60000")
        self.assertEqual(self.commands(), [])

    def test_read_only_community(self):
        guest = self.take("active")
        result = self.expect_status(REFUSED, "set", guest.name, "vcpu=5", auth=("-v2c", "-c", "public"))
        self.assertIn("refused", result.stderr)
        self.assertEqual(self.commands(), [])

    def test_failed(self):
        guest = self.take("active")
        self.fault(f"refuse:no such luck@set-vcpu/{guest.name}")
        result = self.expect_status(FAILED, "set", guest.name, "vcpu=6")
        self.assertRegex(result.stderr, rf"{guest.name}: failed \(vcpus=6\): no such luck")

    def test_rolled_back(self):
        one, two = self.take_many(2)
        self.fault(f"refuse:not this one@set-memory/{two.name}")
        result = self.expect_status(ROLLED_BACK, "set", one.name, "vcpu=3", two.name, "memory=2G")
        self.assertIn(f"{one.name}: rolledBack", result.stderr)
        self.assertIn(f"{two.name}: failed (memory=2048M): not this one", result.stderr)
        self.assertEqual(holding(self.sim, one.name)["vcpus"], 4)

    def test_partial(self):
        guest = self.take("active")
        self.fault(f"partial:256M@set-memory/{guest.name}")
        self.assertIn("partial", self.expect_status(PARTIAL, "set", guest.name, "memory=512M").stderr)

    def test_unknown(self):
        guest = self.take("active")
        self.fault(f"hang@stop-domain/{guest.name}")
        self.assertIn("unknown", self.expect_status(UNKNOWN, "set", guest.name, "state=bound").stderr)

    def test_dry_run(self):
        guest = self.take("active")
        done = scalar(self.rig, "ldomSets")
        result = self.expect_status(DONE, "set", guest.name, "vcpu=9", "memory=3G", options=["--dry-run"])
        self.assertIn(f"ldomNumVCPU.{guest.index} = 9\n", result.stdout)
        self.assertIn(f"ldomMemSize.{guest.index} = 3072\n", result.stdout)
        self.assertEqual(scalar(self.rig, "ldomSets"), done)
        self.assertEqual(self.commands(), [])

    def test_running(self):
        guest = self.take("active")
        self.fault(f"delay:3@set-vcpu/{guest.name}")
        begun = time.monotonic()
        result = self.expect_status(RUNNING, "set", guest.name, "vcpu=6", options=["--wait=1"])
        self.assertLess(time.monotonic() - begun, 2.9)
        self.assertIn(f"operations {guest.name}", result.stderr)
        # Who asks for the same joins it; and another may wait for it.
        result = self.expect_status(DONE, "set", guest.name, "vcpu=6", options=["--no-wait"])
        self.assertRegex(result.stdout, rf"^{guest.name}: operation \d+$")
        self.assertRegex(self.expect_status(DONE, "wait", guest.name).stdout, "succeeded")
        self.assertEqual(len(self.commands(guest)), 1)

    def test_interrupted(self):
        guest = self.take("active")
        self.fault(f"delay:3@set-vcpu/{guest.name}")
        with subprocess.Popen(self.command("set", guest.name, "vcpu=6"), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env=self.environment()) as process:
            wait_for(lambda: self.get(guest, "OperationStatus") == 2, 10, "the operation")
            time.sleep(0.6)
            process.send_signal(signal.SIGINT)
            text = process.communicate(timeout=30)[1]
            self.assertEqual(process.returncode, RUNNING, text)
        self.assertRegex(text, rf"interrupted; operation \d+ on \"{guest.name}\" goes on")
        self.assertEqual(self.wait_ended(guest), "succeeded")

    # -- between look-up and answer

    def test_renamed_meanwhile(self):
        guest = self.take("active")

        def rename():
            ask(self.sim, f"rename {guest.name} other")
            wait_for(lambda: self.get(guest, "Name") == b"other", 10, "the new name")

        relay = self.relay(on_set=rename)
        result = self.expect_status(REFUSED, "set", guest.name, "vcpu=9", port=relay.port,
                                    options=["-t", "20"])
        self.assertIn("refused (inconsistentValue)", result.stderr)
        self.assertEqual(relay.sets, 1)
        self.assertEqual(self.commands(), [])

    def test_answer_lost(self):
        guest = self.take("active")
        relay = self.relay(lose=True)
        result = self.expect_status(DONE, "set", guest.name, "vcpu=7", port=relay.port,
                                    options=["-t", "1", "-r", "3"])
        self.assertIn("not sent again", result.stderr)
        self.assertIn("succeeded", result.stdout)
        self.assertEqual(relay.sets, 1)
        self.assertEqual(len(self.commands(guest)), 1)

    def test_help_and_version(self):
        for option, words in (("--help", "usage: ldom-snmp"), ("--version", "ldom-snmp ")):
            result = subprocess.run([PROGRAM, option], stdout=subprocess.PIPE, text=True, check=True)
            self.assertTrue(result.stdout.startswith(words), result.stdout)
