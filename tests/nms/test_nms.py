"""docs/nms: what monitoring systems are given has the module's names, places and enumerations, and
where such a system is installed, it is run against the agent."""
import os
import re
import subprocess
import sys
import unittest
import urllib.request

import harness
from harness import ROOT, find_program, scalar, wait_for

sys.path.insert(0, os.path.join(harness.SRC, "tests", "mib"))
import mib_tree  # noqa: E402  pylint: disable=wrong-import-position

try:
    import yaml
except ImportError:
    yaml = None

DEFAULT_ROOT = "1.3.6.1.4.1.8072.9999.9999.6482"
SHIPPED = os.path.join(harness.SRC, "docs", "nms")
# With another root, the makefile moved them.
FOLDER = SHIPPED if ROOT == "." + DEFAULT_ROOT else os.path.join(harness.BUILD, "docs", "nms", "moved")
TREE = mib_tree.read(os.path.join(harness.SRC, "mibs", "LDOMS-MIB.txt"))
OBJECTS = {arcs: (name, what) for name, (arcs, what) in TREE.items()
           if what.startswith(("read-", "not-acc", "accessible"))}
NETSNMP_AGENTS = "1.3.6.1.4.1.8072.3.2"
NODES = {arcs for arcs, _ in TREE.values()}


def path_of(name):
    return os.path.join(FOLDER, name)


def text_of(name):
    with open(path_of(name), encoding="utf-8") as file:
        return file.read()


def load(name):
    if yaml is None:
        raise unittest.SkipTest("there is no PyYAML (Debian: python3-yaml)")
    return yaml.safe_load(text_of(name))


def files():
    return sorted(name for name in os.listdir(FOLDER)
                  if not name.startswith((".", "Makefile")) and not name.endswith(".png"))


def units():
    """{object: UNITS}"""
    with open(os.path.join(harness.SRC, "mibs", "LDOMS-MIB.txt"), encoding="utf-8") as file:
        return dict(re.findall(r'^(\w+) OBJECT-TYPE\n(?:(?!::=).)*?UNITS +"([^"]*)"', file.read(), re.M | re.S))


def object_at(arcs):
    """The readable object of an instance, a scalar's or a column's; None: there is none."""
    name, what = OBJECTS.get(tuple(arcs[:-1]), (None, ""))
    scalar = len(arcs) == 4
    return name if what.startswith("read-") and scalar == (arcs[-1] == 0) else None


def arcs_of(oid):
    return tuple(int(arc) for arc in oid[len(ROOT):].split(".") if arc)


def enumeration(name):
    """{number: word} of an object of the module, from its own SYNTAX or its textual convention's."""
    with open(os.path.join(harness.SRC, "mibs", "LDOMS-MIB.txt"), encoding="utf-8") as file:
        module = file.read()
    syntax = TREE[name][1].split(" ", 1)[1]
    if syntax == "TruthValue":
        return {1: "true", 2: "false"}
    if re.fullmatch(r"\w+", syntax):
        body = re.search(rf"^{syntax} ::= TEXTUAL-CONVENTION(.*?)^$", module, re.M | re.S)
        syntax = body.group(1) if body else ""
    return {int(number): word for word, number in re.findall(r"(\w+)\((\d+)\)", syntax)} \
        if "INTEGER {" in re.sub(r"\s+", " ", syntax) else {}


class Places(unittest.TestCase):

    def test_oids(self):
        """Each is a readable object, whole or with an instance, or a node above some."""
        for name in files():
            for oid, rest in re.findall(
                    rf"(?<!\d)(?<!\d\.){re.escape(ROOT[1:])}((?:\.\d+)*)((?:\.[{{$])?)", text_of(name)):
                arcs = tuple(int(arc) for arc in oid.split(".")[1:])
                with self.subTest(name, oid=oid):
                    if rest:  # an index follows; that of a scalar is 0
                        self.assertTrue(self.readable(arcs))
                    elif arcs not in NODES:
                        self.assertTrue(object_at(arcs))

    def readable(self, arcs):
        return OBJECTS.get(arcs, ("", ""))[1].startswith("read-")

    def test_names(self):
        for name in files():
            for word in set(re.findall(r"\bldom[A-Z]\w*", text_of(name))):
                self.assertIn(word, TREE, name)

    def test_other_roots(self):
        """All that has to be moved is found by its text, so no part of the root stands alone."""
        for name in files():
            text = text_of(name).replace(ROOT[1:], "")
            # What net-snmp's own agents are.
            text = text.replace(NETSNMP_AGENTS, "")
            self.assertNotRegex(text, r"8072|6482|9999", name)


class Prometheus(harness.TestCase):

    def module(self):
        return load("prometheus-snmp.yml")["modules"]["ldoms"]

    def test_metrics(self):
        module = self.module()
        walked = [arcs_of("." + oid) for oid in module["walk"]]
        for metric in module["metrics"]:
            arcs, what = TREE[metric["name"]]
            self.assertEqual(arcs_of("." + metric["oid"]), arcs)
            self.assertTrue(any(arcs[:len(above)] == above for above in walked), metric["name"])
            self.assertEqual(metric["type"] == "counter", "Counter32" in what, metric["name"])
            self.assertEqual(metric.get("enum_values", {}), enumeration(metric["name"]))
            for lookup in metric.get("lookups", ()):
                self.assertEqual(arcs_of("." + lookup["oid"]), TREE[lookup["labelname"]][0])

    def test_is_what_the_generator_makes(self):
        generator = find_program("prometheus-snmp-generator")
        if not generator or ROOT != "." + DEFAULT_ROOT:
            self.skipTest("there is no prometheus-snmp-generator, or the root has been moved")
        with open(os.path.join(self.directory, "generator.yml"), "w", encoding="utf-8") as out:
            out.write(text_of("prometheus-generator.yml"))
        made = os.path.join(self.directory, "snmp.yml")
        subprocess.run([generator, "generate", "-o", made], cwd=self.directory, check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env=dict(os.environ, **harness.mib_environment()), timeout=60)
        module = self.module()
        with open(made, encoding="utf-8") as file:
            found = yaml.safe_load(file)
        found = found.get("modules", found)["ldoms"]
        again = "put what the generator makes below `modules:`, two columns to the right"
        self.assertEqual(found["walk"], module["walk"], again)
        self.assertEqual(found["metrics"], module["metrics"], again)

    def test_rules_use_what_is_measured(self):
        names = {metric["name"] for metric in self.module()["metrics"]}
        for rule in load("prometheus-rules.yml")["groups"][0]["rules"]:
            used = set(re.findall(r"\bldom[A-Z]\w*", rule["expr"])) - {"ldomIndex"}
            self.assertLessEqual(used, names, rule.get("alert"))
        promtool = find_program("promtool")
        if promtool:
            subprocess.run([promtool, "check", "rules", path_of("prometheus-rules.yml")], check=True,
                           stdout=subprocess.DEVNULL, timeout=60)

    def configuration(self, snmpd):
        """For the exporter that is here: before 0.23 it knew no `auths`."""
        module = self.module()
        sha = dict(zip(("-u", "-l", "-A", "-X"), ("sha", "authPriv", "auth-secret-1", "priv-secret-1")))
        self.assertIn(sha["-A"], snmpd.users["sha"])
        auth = {"security_level": sha["-l"], "username": sha["-u"], "auth_protocol": "SHA",
                "password": sha["-A"], "priv_protocol": "AES", "priv_password": sha["-X"]}
        said = subprocess.run(["prometheus-snmp-exporter", "--version"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False).stdout
        version = tuple(int(n) for n in re.search(r"version (\d+)\.(\d+)", said).groups())
        if version < (0, 23):
            return {"ldoms": dict(module, version=3, auth=auth)}
        return {"auths": {"test": dict(auth, version=3)}, "modules": {"ldoms": module}}

    def test_exporter(self):
        """Run for real: what it says is what the table has."""
        if not find_program("prometheus-snmp-exporter"):
            self.skipTest("there is no prometheus-snmp-exporter")
        bed = self.bed(conf="refreshInterval 60\n")
        wait_for(lambda: scalar(bed, "ldomCpuRpFree"), 20, "the pools")
        with open(os.path.join(self.directory, "snmp.yml"), "w", encoding="utf-8") as out:
            yaml.safe_dump(self.configuration(bed.snmpd), out)
        port = harness.free_port()
        exporter = self.process(harness.Process(os.path.join(self.directory, "e")))
        exporter.launch([find_program("prometheus-snmp-exporter"), "--config.file",
                         os.path.join(self.directory, "snmp.yml"),
                         f"--web.listen-address=127.0.0.1:{port}"])
        said = wait_for(lambda: self.scrape(port, bed.snmpd.port), 15, "the exporter")
        samples = re.findall(r"^(ldom\w+)(?:\{(.*)\})? (\S+)$", said, re.M)
        rows = bed.rows()
        found = {}
        for name, labels, value in samples:
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels))
            if set(labels) == {"ldomIndex", "ldomName"}:
                row = rows[int(labels["ldomIndex"])]
                self.assertEqual(labels["ldomName"], row["Name"].decode())
                column = name[4:]
                if column not in ("Uptime", "Utilization"):
                    self.assertEqual(float(value), row[column], name)
                found.setdefault(column, set()).add(int(labels["ldomIndex"]))
        self.assertEqual(set(found), {"AdminState", "OperState", "NumVCPU", "MemSize", "NumCrypto",
                                      "Utilization", "Uptime", "OperationStatus",
                                      "OperationIndex", "Pending", "Degraded"})
        self.assertTrue(all(indexes == set(rows) for indexes in found.values()))
        plain = {name: float(value) for name, labels, value in samples if not labels}
        self.assertEqual(plain["ldomNumber"], len(rows))
        self.assertEqual(plain["ldomCpuRpFree"], scalar(bed, "ldomCpuRpFree"))
        busy = [labels for name, labels, _ in samples if name == "ldomVcpuUtilization"]
        self.assertTrue(busy and all("ldomName=" in labels for labels in busy))
        print("# " + ", ".join(re.findall(r"^snmp_scrape_(?:pdus|walk|packets)\S* \S+$", said, re.M)),
              f"{len(rows)} domains, {len(busy)} CPUs", flush=True)

    @staticmethod
    def scrape(port, agent):
        url = f"http://127.0.0.1:{port}/snmp?module=ldoms&auth=test&target=127.0.0.1:{agent}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            return None


# What makes a value of the module's unit one of Zabbix' own.
MULTIPLIERS = {"megabytes": "1048576", "centiseconds": "0.01", "milliseconds": "0.001", "0.1 %": "0.1"}


class Zabbix(unittest.TestCase):

    def setUp(self):
        self.text = text_of("zabbix-template.yaml")
        self.export = load("zabbix-template.yaml")["zabbix_export"]
        self.template, = self.export["templates"]
        self.rule, = self.template["discovery_rules"]
        self.items = self.template["items"] + self.rule["item_prototypes"]

    def object_of(self, item):
        """The name of what an item polls: a scalar, or a column of ldomTable by its index."""
        arcs = arcs_of("." + item["snmp_oid"].replace(".{#SNMPINDEX}", ""))
        if item in self.rule["item_prototypes"]:
            self.assertTrue(item["snmp_oid"].endswith(".{#SNMPINDEX}"))
            self.assertTrue(item["key"].endswith("[{#SNMPINDEX}]"))
            self.assertEqual(arcs[:3], (1, 3, 1))
        else:
            self.assertEqual(arcs[-1], 0)
            arcs = arcs[:-1]
        return OBJECTS[arcs][0]

    def test_items(self):
        maps = {m["name"]: {int(v["value"]): v["newvalue"] for v in m["mappings"]}
                for m in self.template["valuemaps"]}
        for item in self.items:
            if item["type"] != "SNMP_AGENT":
                continue
            name = self.object_of(item)
            with self.subTest(item["key"], name=name):
                self.assertEqual(maps.get(item.get("valuemap", {}).get("name"), {}), enumeration(name))
                steps = {step["type"]: step["parameters"][0] for step in item.get("preprocessing", ())}
                self.assertEqual("CHANGE_PER_SECOND" in steps, "Counter32" in TREE[name][1])
                self.assertEqual(steps.get("MULTIPLIER"), MULTIPLIERS.get(units().get(name)))
                self.assertEqual(item.get("value_type") == "CHAR", "SnmpAdminString" in TREE[name][1])
        self.assertEqual(arcs_of("." + re.search(r",([\d.]+)\]", self.rule["snmp_oid"]).group(1)),
                         TREE["ldomName"][0])

    def test_references(self):
        keys = [item["key"] for item in self.items]
        self.assertEqual(len(keys), len(set(keys)))
        macros = {macro["macro"] for macro in self.template["macros"]}
        triggers = [trigger for item in self.items for kind in ("triggers", "trigger_prototypes")
                    for trigger in item.get(kind, ())] + self.export["triggers"]
        self.assertEqual(len(triggers), 14)
        for trigger in triggers:
            for text in (trigger["expression"], trigger.get("recovery_expression", "")):
                for host, key in re.findall(r"\w+\(/([^/]+)/([\w.]+(?:\[[^\]]*\])?)[,)]", text):
                    self.assertEqual(host, self.template["template"])
                    self.assertIn(key, keys)
                self.assertLessEqual(set(re.findall(r"\{\$[\w.]+\}", text)), macros)
        graphs = {graph["name"]: graph for graph in self.export["graphs"] + self.rule["graph_prototypes"]}
        for graph in graphs.values():
            for part in graph["graph_items"]:
                self.assertIn(part["item"]["key"], keys)
        for dashboard in self.template["dashboards"]:
            shown = re.findall(r"'name': '([^']*)'", str([
                field["value"] for page in dashboard["pages"] for widget in page["widgets"]
                for field in widget["fields"] if "GRAPH" in field["type"]]))
            self.assertEqual(len(shown), 4)
            self.assertLessEqual(set(shown), set(graphs))
        uuids = re.findall(r"uuid: (\w+)", self.text)
        self.assertEqual(len(uuids), len(set(uuids)))
        for uuid in uuids:
            self.assertRegex(uuid, r"^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$")


    def test_notifications(self):
        """The trap item takes each notification of the module, and nothing else."""
        key, = [item["key"] for item in self.items if item["type"] == "SNMP_TRAP"]
        pattern = re.compile(re.fullmatch(r'snmptrap\["(.*)"\]', key).group(1))
        for name, (_, what) in TREE.items():
            if what == "notification-type":
                self.assertTrue(pattern.fullmatch(name), name)
