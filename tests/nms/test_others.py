"""docs/nms for LibreNMS, Telegraf, collectd and MRTG: each object and unit is the module's; collectd and
MRTG, where they are installed, read a running agent, and what they keep is what the agent has.

    PYTHONPATH=../tests/integration python3 ../tests/nms/test_others.py --record
                                        # docs/nms/librenms-ldoms.snmprec, of a running agent
"""
import glob
import os
import re
import subprocess
import sys
import tempfile
import unittest

import harness
from harness import ROOT, cell, find_program, scalar, wait_for
import test_nms
from test_nms import MULTIPLIERS, TREE, arcs_of, enumeration, object_at, units

try:
    import tomllib
except ImportError:
    tomllib = None

SECRETS = (("change-me-1", "auth-secret-1"), ("change-me-2", "priv-secret-1"))


def for_test(text, *more):
    """The file with the test's user and secrets; each is there once."""
    for mine, theirs in SECRETS + more:
        assert text.count(mine) >= 1, mine
        text = text.replace(mine, theirs)
    return text


class LibreNms(harness.TestCase):
    """LibreNMS itself is not run: it is in no distribution."""

    # type codes of a recording, for the SYNTAX of the module
    TYPES = {"Integer32": "2", "TruthValue": "2", "INTEGER": "2", "RowStatus": "2", "LdomState": "2",
             "LdomOutcome": "2", "LdomMemoryUnit": "2", "Unsigned32": "66", "Gauge32": "66",
             "Counter32": "65", "TimeTicks": "67", "TimeStamp": "67"}
    # What moves from one run to the next.
    MOVING = ("ldomDataAge", "ldomUptime", "ldomUtilization")

    @staticmethod
    def objects():
        """What the definitions read."""
        text = test_nms.text_of("librenms-os_discovery.yaml") + " ldomNumber"
        return sorted({word for word in re.findall(r"\bldom\w+", text)
                       if TREE.get(word, ((), ""))[1].startswith("read-")}, key=lambda name: TREE[name][0])

    @classmethod
    def recording(cls, bed):
        """What docs/nms/librenms-ldoms.snmprec has, of this agent."""
        lines = ["1.3.6.1.2.1.1.1.0|4|SunOS sparc1 5.11 11.4.60.155.2 sun4v",
                 f"1.3.6.1.2.1.1.2.0|6|{test_nms.NETSNMP_AGENTS}.3"]
        found = [walked for name in cls.objects()
                 for walked in bed.walk(".".join([ROOT, *map(str, TREE[name][0])]))]
        for name, kind, value in found:
            what = object_at(name[len(harness.oid(ROOT)):])
            if what == "ldomAgentVersion":
                value = b"0.1.0"
            code = cls.TYPES.get(TREE[what][1].split(" ", 1)[1].split()[0], "4")
            if isinstance(value, bytes):
                plain = value.isascii() and value.decode().isprintable()
                code, value = ("4", value.decode()) if plain else ("4x", value.hex())
            assert (code in ("4", "4x")) == (kind in ("OCTETS",)), (what, code, kind)
            lines.append(f"{'.'.join(map(str, name))}|{code}|{value}")
        return sorted(lines, key=lambda line: harness.oid(line.split("|")[0]))

    @staticmethod
    def shipped():
        return test_nms.text_of("librenms-ldoms.snmprec").splitlines()

    def values(self):
        """{object: {index: value}} of the recording."""
        found = {}
        for line in self.shipped():
            name, _, value = line.split("|", 2)
            if name.startswith(ROOT[1:]):
                arcs = arcs_of("." + name)
                found.setdefault(object_at(arcs), {})[arcs[-1]] = value
        return found

    def test_recording(self):
        """A host as the simulator makes it: the same instances of the same types."""
        bed = self.bed(conf="refreshInterval 60\n")
        wait_for(lambda: scalar(bed, "ldomMemRpFree"), 20, "the pools")

        def plain(lines):
            out = []
            for line in lines:
                name, code, value = line.split("|", 2)
                what = object_at(arcs_of("." + name)) if name.startswith(ROOT[1:]) else None
                out.append((name, code, "" if what in self.MOVING else value))
            return out

        self.assertEqual(plain(self.shipped()), plain(self.recording(bed)),
                         "make it anew: python3 test_others.py --record")

    def test_detection(self):
        definition = test_nms.load("librenms-os_detection.yaml")
        self.assertLessEqual(set(definition), {"os", "text", "type", "group", "icon", "mib_dir", "over", "discovery"})
        condition, = definition["discovery"]
        self.assertEqual(object_at(arcs_of(condition["snmpget"]["oid"])), "ldomNumber")
        identity = next(line for line in self.shipped() if line.startswith("1.3.6.1.2.1.1.2.0|")).split("|")[2]
        self.assertTrue(any(("." + identity).startswith(start) for start in condition["sysObjectID"]))
        self.assertIn("ldomNumber", self.values())

    def sensors(self):
        definition = test_nms.load("librenms-os_discovery.yaml")
        self.assertEqual(definition["mib"], "LDOMS-MIB")
        for kind, group in definition["modules"]["sensors"].items():
            for sensor in group["data"]:
                yield kind, sensor
        for processor in definition["modules"]["processors"]["data"]:
            yield "processor", processor

    def test_discovery(self):
        """Each has its object's place, unit and words, and finds something in the recording."""
        known = {"oid", "value", "num_oid", "descr", "index", "group", "state_name", "states", "divisor",
                 "warn_limit", "high_limit", "type", "precision"}
        factor = {("delay", "centiseconds"): 100, ("runtime", "seconds"): 60, ("processor", "0.1 %"): 10}
        values, seen = self.values(), set()
        for kind, sensor in self.sensors():
            name = sensor["value"]
            with self.subTest(kind, name=name):
                self.assertLessEqual(set(sensor), known)
                self.assertEqual(arcs_of(sensor["num_oid"].removesuffix(".{{ $index }}")), TREE[name][0])
                self.assertEqual(sensor["index"], name + ".{{ $index }}")
                column = len(TREE[name][0]) == 4
                self.assertEqual(sensor["oid"], "ldomTable" if column else name)
                self.assertEqual(sensor["descr"] == "{{ $ldomName }}", column)
                self.assertEqual({s["value"]: s["descr"] for s in sensor.get("states", ())},
                                 enumeration(name) if kind == "state" else {})
                self.assertTrue(all(s["generic"] in range(4) for s in sensor.get("states", ())))
                self.assertEqual(sensor.get("divisor") or sensor.get("precision"),
                                 factor.get((kind, units().get(name))))
                self.assertEqual(set(values[name]), set(values["ldomName"]) if column else {0})
                self.assertNotIn(name, seen)
                seen.add(name)
        # Each domain of the recording, and how it is.
        words = {value: word for value, word in enumeration("ldomOperState").items()}
        states = {values["ldomName"][index]: words[int(state)] for index, state in values["ldomOperState"].items()}
        self.assertEqual((states["web01"], states["test01"], states["dev01"]), ("active", "bound", "inactive"))

    def test_memory(self):
        modules = test_nms.load("librenms-os_discovery.yaml")["modules"]
        pool, = modules["mempools"]["data"]
        self.assertEqual((pool["total"], pool["free"]),
                         ("LDOMS-MIB::ldomMemRpCapacity.0", "LDOMS-MIB::ldomMemRpFree.0"))
        for name in ("ldomMemRpCapacity", "ldomMemRpFree"):
            self.assertEqual(str(pool["precision"]), MULTIPLIERS[units()[name]])
            self.assertIn(name, self.values())
        self.assertEqual(modules["os"], {"version": "LDOMS-MIB::ldomAgentVersion.0"})
        self.assertIn("ldomAgentVersion", self.values())


class Telegraf(unittest.TestCase):
    """Telegraf itself is not run: Debian does not have it."""

    # How a field's name tells the unit.
    ENDINGS = {"megabytes": "_megabytes", "centiseconds": "_centiseconds", "seconds": "_seconds",
               "0.1 %": "_permille"}

    def test_fields(self):
        if tomllib is None:
            self.skipTest("this Python has no tomllib (3.11)")
        plugin, = tomllib.loads(test_nms.text_of("telegraf.conf"))["inputs"]["snmp"]
        self.assertEqual(plugin["version"], 3)
        names = set()
        for field in plugin["field"]:
            name = object_at(arcs_of(field["oid"]))
            self.check(field, name)
            names.add(name)
        table, = plugin["table"]
        for field in table["field"]:
            name = test_nms.OBJECTS[arcs_of(field["oid"])][0]
            self.assertEqual(arcs_of(field["oid"])[:3], (1, 3, 1))
            self.assertEqual(bool(field.get("is_tag")), name == "ldomName")
            self.check(field, name)
            names.add(name)
        self.assertLessEqual({"ldomLinkState", "ldomDataAge", "ldomMemRpFree", "ldomOperState", "ldomDegraded",
                              "ldomOperationStatus", "ldomConfigUnsaved"}, names)

    def check(self, field, name):
        self.assertTrue(name, field)
        ending = self.ENDINGS.get(units().get(name))
        self.assertEqual(next((e for e in self.ENDINGS.values() if field["name"].endswith(e)), None), ending, field)
        self.assertTrue({"name", "oid"} <= set(field) <= {"name", "oid", "is_tag"})


class Collectd(harness.TestCase):

    def data(self):
        """{name: {option: value}}"""
        text = test_nms.text_of("collectd.conf")
        return {name: dict(re.findall(r'^ +(\w+) "?([^"\n]*)"?$', body, re.M))
                for name, body in re.findall(r'<Data "(\w+)">(.*?)</Data>', text, re.S)}

    def test_units(self):
        data = self.data()
        for name, options in data.items():
            arcs = arcs_of("." + options["Values"])
            what = test_nms.OBJECTS[arcs][0] if options.get("Table") else object_at(arcs)
            with self.subTest(name, what=what):
                self.assertEqual(options.get("Scale"), MULTIPLIERS.get(units().get(what)))
                self.assertEqual(options["Type"] == "gauge", bool(enumeration(what)))
                if options.get("Table"):
                    self.assertEqual(arcs_of("." + options["PluginInstanceOID"]), TREE["ldomName"][0])
        collected = re.search(r"Collect (.*?)\n    </Host>", test_nms.text_of("collectd.conf"), re.S).group(1)
        self.assertEqual(re.findall(r'"(\w+)"', collected), list(data))

    def test_runs(self):
        program = find_program("collectd")
        types = "/usr/share/collectd/types.db"
        if not program or not os.path.exists(types):
            self.skipTest("there is no collectd (Debian: collectd-core)")
        bed = self.bed(conf="refreshInterval 1\n")
        wait_for(lambda: scalar(bed, "ldomMemRpFree"), 20, "the pools")
        home = os.path.join(self.directory, "c")
        collectd = self.process(harness.Process(home))
        with open(collectd.path("collectd.conf"), "w", encoding="utf-8") as out:
            out.write(f'BaseDir "{home}"\nPIDFile "{home}/pid"\nTypesDB "{types}"\nFQDNLookup false\n'
                      f'Interval 1\nLoadPlugin csv\n<Plugin csv>\n  DataDir "{home}/csv"\n</Plugin>\n')
            out.write(for_test(test_nms.text_of("collectd.conf"), ('"collectd"', '"sha"'), ("Interval 60", "Interval 1"),
                               ("sparc1.example.com", f"127.0.0.1:{bed.snmpd.port}")))
        collectd.launch([program, "-f", "-C", collectd.path("collectd.conf")],
                        {"MIBS": "", "SNMPCONFPATH": home, "SNMP_PERSISTENT_DIR": home})

        def value(instance, kind):
            """The last one that it wrote."""
            for path in glob.glob(os.path.join(home, "csv", "sparc1", "snmp-" + instance, kind + "-2*")):
                with open(path, encoding="ascii") as file:
                    lines = file.read().split("\n")
                if len(lines) > 2:
                    return float(lines[-2].split(",")[1])
            return None

        rows = bed.rows()
        wanted = {("ldoms", "gauge-link_state"): 1, ("ldoms", "count-domains"): len(rows),
                  ("ldoms", "memory-memory_free"): scalar(bed, "ldomMemRpFree") * 1048576,
                  ("ldoms", "count-cpus_free"): scalar(bed, "ldomCpuRpFree"),
                  ("ldoms", "count-cores_free"): scalar(bed, "ldomCoreRpFree"),
                  ("ldoms", "gauge-config_unsaved"): 2}
        for row in rows.values():
            name = row["Name"].decode()
            wanted.update({(name, "gauge-state"): row["OperState"], (name, "count-vcpus"): row["NumVCPU"],
                           (name, "memory-memory"): row["MemSize"] * 1048576,
                           (name, "gauge-operation_status"): row["OperationStatus"],
                           (name, "gauge-degraded"): row["Degraded"]})
        for where, number in wanted.items():
            wait_for(lambda w=where, n=number: value(*w) == n, 30, f"{where} {number} in {collectd.log()}", 0.1)
        age = wait_for(lambda: value("ldoms", "duration-data_age"), 30, "the age")
        self.assertLess(age, 60 * harness.SLOW)
        bed.sim.do("util web01 777")
        wait_for(lambda: value("web01", "percent-utilization") == 77.7, 30, "the utilization", 0.1)
        wait_for(lambda: value("web01", "uptime-uptime"), 30, "the uptime", 0.1)
        self.assertEqual(collectd.stop(), 0)


class Mrtg(harness.TestCase):

    def test_runs(self):
        program = find_program("mrtg")
        if not program:
            self.skipTest("there is no mrtg")
        if subprocess.run(["perl", "-MNet::SNMP", "-MCrypt::DES", "-MCrypt::Rijndael", "-MDigest::HMAC", "-e", "1"],
                          stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("Perl has no Net::SNMP that encrypts (Debian: libnet-snmp-perl libcrypt-des-perl "
                          "libcrypt-rijndael-perl libdigest-hmac-perl)")
        bed = self.bed(conf="refreshInterval 1\n")
        wait_for(lambda: scalar(bed, "ldomMemRpFree"), 20, "the pools")
        bed.sim.do("util web01 770")
        wait_for(lambda: bed.get(cell("Utilization", bed.indexes()["web01"])) == 770, 10, "the utilization")
        self.assertEqual(bed.indexes()["web01"], 3)
        text = test_nms.text_of("mrtg.cfg")
        # The port is the first of the fields behind the host.
        text = for_test(text, ("'monitor'", "'sha'"), ("/var/lib/mrtg", self.directory),
                        ("sparc1.example.com:", f"127.0.0.1:{bed.snmpd.port}"))
        path = os.path.join(self.directory, "mrtg.cfg")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        wanted = {"memory": (scalar(bed, "ldomMemRpReserved"), scalar(bed, "ldomMemRpFree")),
                  "cpus": (scalar(bed, "ldomCpuRpReserved"), scalar(bed, "ldomCpuRpFree")), "web01": (77, 77)}

        def kept(name):
            """The last two values in the log of a target."""
            try:
                with open(os.path.join(self.directory, f"sparc1-{name}.log"), encoding="ascii") as file:
                    return tuple(int(n) for n in file.readline().split()[1:])
            except (OSError, ValueError):
                return None

        def run():
            said = subprocess.run([program, path], env=dict(os.environ, LANG="C", LC_ALL="C"), timeout=120,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
            print("#", {name: kept(name) for name in wanted}, said.replace("\n", "\n# "))
            return all(kept(name) == values for name, values in wanted.items())

        # A second run, where the first one's exchange timed out on a busy machine.
        wait_for(run, 60, "what MRTG keeps", 1)
        self.assertTrue(all(os.path.exists(os.path.join(self.directory, f"sparc1-{name}-day.png")) for name in wanted))


def record():
    with tempfile.TemporaryDirectory(prefix="ldoms-") as directory:
        bed = harness.Bed(directory, conf="refreshInterval 60\n")
        wait_for(lambda: scalar(bed, "ldomMemRpFree"), 20, "the pools")
        print("\n".join(LibreNms.recording(bed)))
        bed.stop()


if __name__ == "__main__":
    if sys.argv[1:] == ["--record"]:
        record()
    else:
        unittest.main()
