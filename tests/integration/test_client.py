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
COMPLETION = os.path.join(harness.SRC, "packaging", "ldom-snmp.bash")
DONE, USAGE, UNREACHABLE, NO_DOMAIN, REFUSED, FAILED, ROLLED_BACK, PARTIAL, UNKNOWN, RUNNING = range(10)
with open(os.path.join(harness.SRC, "clients", "ldom-snmp", "ldom-snmp.schema.json"), encoding="utf-8") as file:
    SCHEMA = json.load(file)
TYPES = {"array": list, "object": dict, "string": str, "integer": int, "number": (int, float), "null": type(None)}


def problems(schema, value, where="$"):
    """As much of JSON Schema as ours uses; a word that this does not know is a problem, too."""
    found = []
    for word, wants in schema.items():
        if word == "$ref":
            found += problems(SCHEMA["$defs"][wants.rpartition("/")[2]], value, where)
        elif word == "type":
            kinds = [wants] if isinstance(wants, str) else wants
            good = any(isinstance(value, TYPES[kind]) for kind in kinds) and not isinstance(value, bool)
            found += [] if good else [f"{where}: {value!r} is no {wants}"]
        elif word in ("enum", "const"):
            good = value in wants if word == "enum" else value == wants
            found += [] if good else [f"{where}: {value!r} is not {wants}"]
        elif word == "anyOf":
            each = [problems(one, value, where) for one in wants]
            found += [] if not all(each) else min(each, key=len)
        elif word in ("minimum", "maximum"):
            good = not isinstance(value, (int, float)) or (value >= wants if word == "minimum" else value <= wants)
            found += [] if good else [f"{where}: {value} is beyond {wants}"]
        elif word == "items":
            for i, item in enumerate(value if isinstance(value, list) else []):
                found += problems(wants, item, f"{where}[{i}]")
        elif word == "properties" and isinstance(value, dict):
            for key in value.keys() & wants.keys():
                found += problems(wants[key], value[key], f"{where}.{key}")
            found += [f"{where}: {key} is not of the schema" for key in value.keys() - wants.keys()]
        elif word == "required" and isinstance(value, dict):
            found += [f"{where}: {key} is missing" for key in wants if key not in value]
        elif word not in ("description", "title", "$schema", "$defs", "properties", "required", "additionalProperties"):
            found.append(f"{where}: {word} is not known here")
    return found


class Relay(threading.Thread):
    """UDP between the command and snmpd. on_set is called before a SET goes on. lose: its answer is
    not handed back; mute: nor is any later one. forge: a text in the answers, and what replaces it."""

    def __init__(self, port, on_set=None, lose=False, mute=False, forge=(b"", b"")):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        self.target, self.on_set, self.lose = ("127.0.0.1", port), on_set, lose or mute
        self.mute, self.forge = mute, forge
        self.sets, self.stopping = 0, False

    @staticmethod
    def parts(body):
        """The tags and contents of a sequence of BER."""
        found, at = [], 0
        while at < len(body):
            tag, length, at = body[at], body[at + 1], at + 2
            if length & 128:
                width = length & 127
                length, at = int.from_bytes(body[at:at + width], "big"), at + width
            found.append((tag, body[at:at + length]))
            at += length
        return found

    @classmethod
    def is_set(cls, datagram):
        """Version 2c: version, community and PDU. Version 3 in the clear has the PDU in its scopedPDU."""
        message = cls.parts(cls.parts(datagram)[0][1])
        if message[0][1] == b"\x03":
            message = cls.parts(message[3][1])
        return message[2][0] == 0xA3

    def run(self):
        client = lost = None
        while not self.stopping:
            try:
                datagram, sender = self.socket.recvfrom(65536)
            except socket.timeout:
                continue
            if sender == self.target:
                if not lost:
                    self.socket.sendto(datagram.replace(*self.forge), client)
                lost = lost and self.mute
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


class Runs:
    """Runs the command against self.rig."""
    auth = clear = ("-v2c", "-c", "private")  # clear: what a relay can read

    def command(self, *arguments, options=(), auth=None, port=None):
        return [PROGRAM, *(auth or self.auth), "-t", "5", "-r", "1", *options,
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

    def read_json(self, kind, text):
        """What json.tool takes, and the schema: one kind of answer."""
        subprocess.run(["python3", "-m", "json.tool"], input=text, text=True, stdout=subprocess.DEVNULL, check=True)
        found = json.loads(text)
        self.assertEqual(problems({"$ref": f"#/$defs/{kind}"}, found), [], text)
        try:
            import jsonschema
        except ImportError:
            return found
        jsonschema.Draft7Validator({"$defs": SCHEMA["$defs"], **SCHEMA["$defs"][kind]}).validate(found)
        return found

    def expect_json(self, status, kind, *arguments, options=(), **more):
        result = self.expect_status(status, *arguments, options=["-o", "json", *options], **more)
        return self.read_json(kind, result.stdout)


class Client(Runs, sets.TestCase):
    pool = {"active": 40, "bound": 1}
    conf = "setAllow save\nsetWait 400\nrefreshInterval 0.5\ncommandTimeout 5\n"
    host = {"cores": 64, "memory_gb": 256}

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
            self.assertTrue(self.expect_json(DONE, words[0], *words), words)
            # Uptimes move on between the two.
            wait_for(lambda: self.as_csv(words) == self.as_json(words), 20, f"the same of {words} in both forms")
        self.expect_status(USAGE, "list", options=["-o", "xml"])

    def as_json(self, words):
        text = self.expect_status(DONE, *words, options=["-o", "json"]).stdout
        return [{key: "" if value is None else str(value) for key, value in row.items()}
                for row in json.loads(text, parse_float=str)]

    def as_csv(self, words):
        return list(csv.DictReader(io.StringIO(self.expect_status(DONE, *words, options=["-o", "csv"]).stdout)))

    def test_schema_is_exact(self):
        """What is missing, of another type or not known is a problem."""
        row = self.expect_json(DONE, "list", "list")[0]
        for change in ({"index": "1"}, {"vcpus": -1}, {"state": "odd"}, {"operation": None}, {"more": 1}):
            self.assertTrue(problems(SCHEMA["$defs"]["list"], [{**row, **change}]), change)
        self.assertTrue(problems(SCHEMA["$defs"]["list"], [{k: v for k, v in row.items() if k != "uuid"}]))
        self.assertEqual(problems(SCHEMA, [row]), [])

    def test_same_fields_as_the_agent_itself(self):
        own = {row["name"]: row for row in json.loads(self.agent.run("-l", "-o", "json").stdout)}
        ours = {row["name"]: row for row in self.expect_json(DONE, "list", "list")}
        self.assertEqual(own.keys(), ours.keys())
        common = ("name", "uuid", "state", "flags", "consolePort", "vcpus", "memoryBytes")
        for name, row in ours.items():
            self.assertEqual({key: own[name][key] for key in common}, {key: row[key] for key in common})
            for key in ("utilizationPermille", "uptimeSeconds"):
                self.assertEqual(own[name][key] is None, row[key] is None, (name, key))

    def test_outcome_for_programs(self):
        one, two = self.take_many(2)
        rows = self.expect_json(DONE, "outcome", "set", one.name, "vcpu=5", two.name, "vcpu=6")
        self.assertEqual([(row["domain"], row["status"], row["request"]) for row in rows],
                         [(one.name, "succeeded", "vcpus=5"), (two.name, "succeeded", "vcpus=6")])
        self.assertEqual(self.expect_json(DONE, "outcome", "wait", one.name)[0]["operation"], rows[0]["operation"])
        row = self.expect_json(REFUSED, "outcome", "set", one.name, "vcpu=60000")[0]
        self.assertEqual((row["domain"], row["status"], row["operation"]), (one.name, "refused", None))
        self.assertIn("CPUs wanted", row["message"])
        self.fault(f"refuse:no such luck@set-vcpu/{one.name}#1")
        row = self.expect_json(FAILED, "outcome", "set", one.name, "vcpu=7")[0]
        self.assertEqual((row["status"], row["message"]), ("failed", "no such luck"))
        self.fault(f"delay:3@set-vcpu/{two.name}#1")
        row = self.expect_json(RUNNING, "outcome", "set", two.name, "vcpu=7", options=["--wait=1"])[0]
        self.assertEqual(row["status"], "running")
        self.expect_json(DONE, "outcome", "wait", two.name)
        row = self.expect_json(DONE, "outcome", "set", two.name, "vcpu=8", options=["--no-wait"])[0]
        self.assertIn(row["status"], ("running", "queued", "succeeded"))
        rows = self.expect_json(DONE, "show", "set", one.name, "vcpu=9", options=["--dry-run"])
        self.assertIn({"object": f"ldomNumVCPU.{one.index}", "value": "9"}, rows)

    def test_eighty_columns(self):
        guest = self.take("active")
        why = "the operation cannot be done because of a reason that takes many words to be told " * 3
        self.fault(f"refuse:{why.strip()}@set-vcpu/{guest.name}#1")
        self.expect_status(FAILED, "set", guest.name, "vcpu=7")
        self.attach(self.take("active"), "wide")
        for words in (["list"], ["operations", guest.name], ["topology"]):
            text = self.expect_status(DONE, *words).stdout
            self.assertLessEqual(max(map(len, text.splitlines())), 80, text)
        text = " ".join(self.expect_status(DONE, "operations", guest.name).stdout.split())
        self.assertIn(why.strip(), text)

    def test_show(self):
        guest = self.take("active")
        text = self.expect_status(DONE, "show", guest.name).stdout
        facts = dict(re.split(r" +", line, maxsplit=1) for line in text.splitlines()[1:]
                     if " " in line.strip())
        self.assertEqual(facts["index"], str(guest.index))
        self.assertEqual(facts["operState"], "active")
        self.assertEqual(facts["numVCPU"], "4")
        self.assertEqual((facts["roles"], facts["rowStatus"], facts["pending"]), ("guest", "active", "false"))
        facts = {row["object"]: row["value"] for row in self.expect_json(DONE, "show", "show", "primary")}
        self.assertIn("control", facts["roles"].split(","))
        self.assertEqual((facts["degraded"], facts["migrationStatus"]), ("false", "none"))
        self.assertEqual({name.lower() for name in facts}, {name.lower() for name in harness.COLUMNS})
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
        # The services are read apart from the devices.
        wanted = {("primary", f"{name}-vds", guest.name), ("primary", f"{name}-vsw", guest.name)}
        wait_for(lambda: wanted <= {(row["serviceDomain"], row["service"], row["client"])
                                    for row in self.expect_json(DONE, "topology", "topology")}, 20, "the devices")

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
        self.expect_status(REFUSED, "set", guest.name, "vcpu=60000")
        result = self.expect_status(REFUSED, "set", guest.name, "vcpu=5", auth=("-v2c", "-c", "public"))
        # snmpd refuses; what the agent said of another SET is not the reason.
        self.assertRegex(result.stderr, rf"^{guest.name}: refused \(noAccess\): snmpd does not let this user write ldomName$")
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
        self.fault(f"delay:6@set-vcpu/{guest.name}")
        begun = time.monotonic()
        result = self.expect_status(RUNNING, "set", guest.name, "vcpu=6", options=["--wait=1"])
        self.assertLess(time.monotonic() - begun, 5.9)
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
                                    options=["-t", "20"], auth=self.clear)
        self.assertIn("refused (inconsistentValue)", result.stderr)
        self.assertEqual(relay.sets, 1)
        self.assertEqual(self.commands(), [])

    def test_answer_lost(self):
        guest = self.take("active")
        relay = self.relay(lose=True)
        result = self.expect_status(DONE, "set", guest.name, "vcpu=7", port=relay.port,
                                    options=["-t", "1", "-r", "3"], auth=self.clear)
        self.assertIn("not sent again", result.stderr)
        self.assertIn("succeeded", result.stdout)
        self.assertEqual(relay.sets, 1)
        self.assertEqual(len(self.commands(guest)), 1)

    def test_host_lost(self):
        """Nobody answers after the SET, so nobody can tell whether it arrived."""
        guest = self.take("active")
        result = self.expect_status(UNREACHABLE, "set", guest.name, "vcpu=7", auth=self.clear,
                                    port=self.relay(mute=True).port)
        self.assertIn("nothing is known of the SET", result.stderr)

    def test_control_characters(self):
        """Of a host, they do not reach the terminal. Version 2c, as a relay cannot sign what it forges."""
        guest = self.take("active")
        self.fault(f"refuse:no such luck@set-vcpu/{guest.name}")
        for forged, shown in ((b"no\x1b[31m luck", "no?[31m luck"), (b"no\xc2\x9b31m luck", "no?31m luck"),
                              ("n\u00f6 such lu\n".encode(), "n\u00f6 such lu ")):
            port = self.relay(forge=(b"no such luck", forged)).port
            more = {"port": port, "auth": ("-v2c", "-c", "private")}
            result = self.expect_status(FAILED, "set", guest.name, "vcpu=6", **more)
            self.assertIn(f"failed (vcpus=6): {shown}\n", result.stderr)
            table = self.expect_status(DONE, "operations", guest.name, **more).stdout
            self.assertIn(shown.rstrip(), table)
            self.assertIn(json.dumps(forged.decode(), ensure_ascii=False)[1:-1], json.dumps(json.loads(
                self.expect_status(DONE, "operations", guest.name, options=["-o", "json"], **more).stdout),
                ensure_ascii=False))

    def test_a_long_name(self):
        """Longer than the name of an instance can be: found by a walk."""
        name = "n" * 200
        ask(self.sim, f"do add-domain {name} cpu=1 memory=1G")
        wait_for(lambda: name in self.rig.indexes(), 10, "the domain")
        self.expect_status(DONE, "set", name, "vcpu=2")
        self.assertEqual(holding(self.sim, name)["vcpus"], 2)
        ask(self.sim, f"do remove-domain {name}")

    def test_help_and_version(self):
        for option, words in (("--help", "usage: ldom-snmp"), ("--version", "ldom-snmp ")):
            result = subprocess.run([PROGRAM, option], stdout=subprocess.PIPE, text=True, check=True)
            self.assertTrue(result.stdout.startswith(words), result.stdout)

    # -- completion for bash

    def completions(self, line, program=PROGRAM):
        """What Tab offers at the end of the line. Bash hands it over in words, without spaces, and
        takes them apart at = and : as well."""
        if not harness.find_program("bash"):
            self.skipTest("there is no bash")
        words = re.findall(r"""[=:]+|"[^"]*"|'[^']*'|[^\s=:]+""", line) + [""] * line.endswith(" ")
        script = ('. "$0"; COMP_LINE=$1; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ldom_snmp; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        result = subprocess.run(["bash", "-c", script, COMPLETION, f"{program} {line}", program, *words],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=self.environment(), timeout=60 * SLOW, check=True)
        self.assertEqual(result.stderr, "")
        return set(result.stdout.split())

    def test_completion_has_what_help_names(self):
        usage = subprocess.run([PROGRAM, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertEqual(self.completions("t5-1 "), set(re.findall(r"HOST ([a-z]+)", usage)))
        self.assertEqual(self.completions("t5-1 --"), set(re.findall(r"--[a-z-]+=?", usage)))
        self.assertEqual(self.completions("-o "), set(re.search(r"-o (\S+)", usage).group(1).split("|")))
        for verb in ("set", "create"):
            synopsis = re.search(rf"HOST {verb} NAME (.*)", usage).group(1)
            self.assertEqual(self.completions(f"t5-1 {verb} x ", "/bin/false"), set(re.findall(r"[a-z]+=", synopsis)))
            self.assertEqual(self.completions(f"t5-1 {verb} x state="),
                             set(re.search(r"^STATE: (.*)", usage, re.M).group(1).split(", ")))
        self.assertEqual(self.completions("t5-1 s"), {"show", "set", "save"})
        self.assertEqual(self.completions("t5-1 set x state=bo"), {"bound"})

    def test_completion_asks_the_host_for_names(self):
        """The host with its port, and secrets in quotes, are words for bash to take apart."""
        names = {domain["name"] for domain in sets.dump(self.sim)["domains"]}
        asked = " ".join(f'"{word}"' if word.count("-") > 1 else word for word in self.command()[1:])
        wanted = {verb: names for verb in ("show ", "destroy ", "wait ", "operations ")}
        wanted.update({"set ": names | {"vcpu=", "memory=", "crypto=", "state="}, "show prim": {"primary"}})
        for words, offered in wanted.items():
            # Completion gives the host a second, which a busy one may not keep to.
            wait_for(lambda: self.completions(f"{asked} {words}") == offered, 20, f"what Tab offers after {words}")

    def test_completion_runs_no_name(self):
        """A name from a host is no command: not when Tab offers it, and not in the line."""
        mark = os.path.join(self.rig.snmpd.directory, "mark")
        host = os.path.join(self.rig.snmpd.directory, "host")
        with open(host, "w", encoding="utf-8") as script:
            script.write(f"#!/bin/sh\ncat <<'END'\nindex,name\n1,web01\n2,$(>{mark})\n3,a;b\nEND\n")
        os.chmod(host, 0o755)
        for verb, more in (("show", set()), ("set", {"vcpu=", "memory=", "crypto=", "state="})):
            self.assertEqual(self.completions(f"t5-1 {verb} ", host),
                             {"web01", rf"\$\(\>{mark}\)", r"a\;b"} | more)
        self.assertEqual(self.completions("t5-1 show w", host), {"web01"})
        self.assertFalse(os.path.exists(mark))


class ClientV3(Client):
    """All of it again with a user in the place of a community."""
    auth = tuple(harness.Snmpd.users["sha256"])
    clear = ("-v3", "-u", "clear", "-l", "authNoPriv", "-a", "SHA-256", "-A", "auth-secret-3")
    bed_options = {"snmpd_conf": 'createUser clear SHA-256 "auth-secret-3"\nrwuser clear auth'}


class InContext(Runs, harness.TestCase):
    """-n NAME reaches the agent of that context, and nobody does without it."""
    auth = (*harness.Snmpd.users["sha256"], "-n", "blue")
    snmpd_conf = ("com2sec -Cn blue blue 127.0.0.1 blue\ngroup blue v2c blue\nview whole included .1\n"
                  'access blue "" any noauth prefix whole whole none\n'
                  'group users usm sha256\naccess users "" usm priv prefix whole whole none')

    def setUp(self):
        super().setUp()
        self.rig = harness.Bed(os.path.join(self.directory, "b"), conf="context blue\nsetAllow save\n",
                               snmpd_conf=self.snmpd_conf, start=False)
        self.beds.append(self.rig)
        for process in (self.rig.sim, self.rig.snmpd, self.rig.agent):
            process.start()

    def test_in_a_context(self):
        wait_for(lambda: "ldg1" in self.run_client("list").stdout, 30, "the table")
        for number, auth in enumerate((self.auth, ("-v2c", "-c", "blue")), 5):
            self.assertIn("ldg1", self.expect_status(DONE, "show", "ldg1", auth=auth).stdout)
            self.expect_status(DONE, "set", "ldg1", f"vcpu={number}", auth=auth)
            self.assertEqual(holding(self.rig.sim, "ldg1")["vcpus"], number)
        self.expect_status(DONE, "save", "blue")
        result = self.expect_status(UNREACHABLE, "show", "ldg1", auth=self.auth[:-2])
        self.assertIn("serves no domains", result.stderr)


if __name__ == "__main__":
    harness.unittest.main()
