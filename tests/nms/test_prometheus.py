"""Prometheus itself, with its exporter, watches an agent: each alert fires when what it warns of
happens, and clears afterwards; each expression of the dashboard returns data."""
import json
import os
import re
import signal
import subprocess
import unittest
import urllib.parse
import urllib.request

import harness
from harness import cell, find_program, scalar, wait_for
import test_nms

try:
    import yaml
except ImportError:
    yaml = None

NEW = "private"  # the community that may write


def exporter_version():
    said = subprocess.run([find_program("prometheus-snmp-exporter"), "--version"], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    return tuple(int(n) for n in re.search(r"version (\d+)\.(\d+)", said).groups())


class Rules(harness.TestCase):
    """What can be said of the rules without a host."""

    def test_each_alert_fires_and_clears(self):
        if not find_program("promtool"):
            self.skipTest("there is no promtool (Debian: prometheus)")
        for name, where in (("prometheus-rules.yml", test_nms.FOLDER),
                            ("prometheus-rules-test.yml", os.path.dirname(__file__))):
            with open(os.path.join(where, name), encoding="utf-8") as file:
                text = file.read()
            with open(os.path.join(self.directory, name), "w", encoding="utf-8") as file:
                file.write(text)
        result = subprocess.run(["promtool", "test", "rules", "prometheus-rules-test.yml"], text=True,
                                cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                check=False, timeout=120)
        self.assertEqual(result.returncode, 0, result.stdout)
        # None is left out: each alert is expected to be silent at some time, and to fire at another.
        tests = yaml.safe_load(text)["tests"]
        for alert in self.alerts():
            seen = {bool(check.get("exp_alerts")) for test in tests
                    for check in test["alert_rule_test"] if check["alertname"] == alert["alert"]}
            self.assertEqual(seen, {True, False}, alert["alert"])

    def alerts(self):
        return [rule for rule in test_nms.load("prometheus-rules.yml")["groups"][0]["rules"]
                if "alert" in rule]

    def test_runbooks_are_there(self):
        with open(os.path.join(harness.SRC, "docs", "operations.md"), encoding="utf-8") as file:
            headings = re.findall(r"^#+ (.*)$", file.read(), re.M)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        for alert in self.alerts():
            self.assertIn(alert["labels"]["severity"], ("critical", "warning", "info"))
            self.assertIn(alert["annotations"]["runbook_url"].partition("#")[2], anchors)


class Dashboard(harness.TestCase):

    def test_types(self):
        """Every panel, option and variable is one that Grafana's own types know."""
        modules = os.environ.get("NODE_PATH", "")
        compiler = os.path.join(modules, "typescript", "bin", "tsc")
        if not os.path.exists(compiler) or not os.path.exists(os.path.join(modules, "@grafana", "schema")):
            self.skipTest("there is no TypeScript compiler with @grafana/schema (npm)")
        os.symlink(modules, os.path.join(self.directory, "node_modules"))
        with open(os.path.join(os.path.dirname(__file__), "grafana-types.ts"), encoding="utf-8") as file:
            types = file.read()
        good = test_nms.text_of("grafana-dashboard.json")
        # A checker that finds nothing wrong with a misspelt option would be of no use.
        for text, fine in ((good, True), (good.replace('"rowHeight"', '"rowheight"'), False),
                           (good.replace('"state-timeline"', '"state-time"'), False)):
            with open(os.path.join(self.directory, "dashboard.ts"), "w", encoding="utf-8") as out:
                out.write(types.replace("= DASHBOARD", "= " + text))
            result = subprocess.run(["node", compiler, "--noEmit", "--strict", "--skipLibCheck",
                                     "--moduleResolution", "node", "--preserveSymlinks", "dashboard.ts"],
                                    cwd=self.directory, text=True, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, check=False, timeout=120)
            self.assertEqual(result.returncode == 0, fine, result.stdout[:2000])


class Live(harness.TestCase):

    def setUp(self):
        super().setUp()
        for name in ("prometheus", "prometheus-snmp-exporter"):
            if not find_program(name):
                self.skipTest(f"there is no {name}")
        if yaml is None:
            self.skipTest("there is no PyYAML (Debian: python3-yaml)")

    def configuration(self, context=None):
        """The bytes that are shipped, but for the user's name and secrets."""
        if exporter_version() >= (0, 23):
            text = test_nms.text_of("prometheus-snmp.yml")
        elif context:
            text = subprocess.run(
                ["awk", "-v", "context=" + context, "-f", test_nms.path_of("exporter-0.22.awk"),
                 test_nms.path_of("prometheus-snmp.yml")], stdout=subprocess.PIPE, text=True, check=True).stdout
        else:
            path = os.path.join(harness.BUILD, "docs", "nms", "old", "prometheus-snmp-0.22.yml")
            with open(path, encoding="utf-8") as file:
                text = file.read()
        for mine, theirs in (("monitor", "sha"), ("SHA256", "SHA"), ("change-me-1", "auth-secret-1"),
                             ("change-me-2", "priv-secret-1")):
            self.assertEqual(text.count(": " + mine), 1, mine)
            text = text.replace(": " + mine, ": " + theirs)
        return text

    def exporter(self, context=None):
        """Its port, and the parameters of a scrape."""
        old = exporter_version() < (0, 23)
        text = self.configuration()
        if old and context:
            text += self.configuration(context)
        path = os.path.join(self.directory, "snmp.yml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        port = harness.free_port()
        exporter = self.process(harness.Process(os.path.join(self.directory, "e")))
        exporter.launch([find_program("prometheus-snmp-exporter"), "--config.file", path,
                         f"--web.listen-address=127.0.0.1:{port}"])
        return port, {"module": ["ldoms"], **({} if old else {"auth": ["ldoms_v3"]})}

    def prometheus(self, bed, context=None):
        """context: a second target is that context of the same snmpd."""
        port, parameters = self.exporter(context)
        # What is waited for to be sure is waited for in seconds here; the rest is as it is shipped.
        rules = re.sub(r"for: \w+", "for: 2s", test_nms.text_of("prometheus-rules.yml"))
        self.assertIn("data_age:seconds > 120", rules)
        rules = rules.replace("data_age:seconds > 120", "data_age:seconds > 3")
        with open(os.path.join(self.directory, "rules.yml"), "w", encoding="utf-8") as out:
            out.write(rules)
        target = f"127.0.0.1:{bed.snmpd.port}"
        targets = [{"targets": [target], "labels": {"instance": "sparc1"}}]
        if context:
            targets.append({"targets": [target], "labels": {"instance": "sparc2"}})
            if exporter_version() < (0, 23):
                targets[0]["labels"]["__param_module"], = parameters.pop("module")
                targets[1]["labels"]["__param_module"] = "ldoms_" + context
            else:
                targets[1]["labels"]["__param_snmp_context"] = context
        with open(os.path.join(self.directory, "prometheus.yml"), "w", encoding="utf-8") as out:
            yaml.safe_dump({
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s", "scrape_timeout": "1s"},
                "rule_files": ["rules.yml"],
                "scrape_configs": [{
                    "job_name": "ldoms", "metrics_path": "/snmp", "params": parameters,
                    "static_configs": targets,
                    "relabel_configs": [
                        {"source_labels": ["__address__"], "target_label": "__param_target"},
                        {"target_label": "__address__", "replacement": f"127.0.0.1:{port}"}]}]}, out)
        self.port = harness.free_port()
        prometheus = self.process(harness.Process(os.path.join(self.directory, "p")))
        prometheus.launch([find_program("prometheus"),
                           "--config.file=" + os.path.join(self.directory, "prometheus.yml"),
                           "--storage.tsdb.path=" + os.path.join(self.directory, "tsdb"),
                           f"--web.listen-address=127.0.0.1:{self.port}"])
        wait_for(lambda: self.query("ldomLinkState == 1"), 60, "a first sample")

    def ask(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except (OSError, ValueError):
            return None

    def query(self, expression):
        found = self.ask("query", query=expression)
        return found["result"] if found else []

    def firing(self):
        """{(alert, domain or "")} of the alerts that fire."""
        found = self.ask("alerts")
        return {(alert["labels"]["alertname"], alert["labels"].get("ldomName", ""))
                for alert in found["alerts"] if alert["state"] == "firing"} if found else set()

    def expect(self, name, domain=""):
        wait_for(lambda: (name, domain) in self.firing(), 40, f"{name} {domain}", 0.2)

    def expect_clear(self, name, domain=""):
        wait_for(lambda: (name, domain) not in self.firing(), 40, f"the end of {name} {domain}", 0.2)

    def test_alerts(self):
        bed = self.bed(conf="refreshInterval 1\nstaleAfter 300\n")
        self.prometheus(bed)
        index = bed.indexes()["ldg1"]
        wait_for(lambda: self.query("ldom:running:bool == 1"), 30, "the recorded series")
        self.assertEqual({name for name, _ in self.firing()} - {"LdomsCpusShort", "LdomsCoresShort"}, set())
        # A domain that is stopped at the host, and one by SET.
        bed.sim.do("do stop-domain ldg1")
        self.expect("LdomNotActive", "ldg1")
        bed.sim.do("do start-domain ldg1")
        self.expect_clear("LdomNotActive", "ldg1")
        write = ("-v2c", "-c", NEW)
        bed.snmp("set", [cell("AdminState", index), "i", "2"], auth=write)
        self.expect("LdomNotActive", "ldg1")
        self.expect("LdomsConfigUnsaved")
        bed.snmp("set", [cell("AdminState", index), "i", "1"], auth=write)
        self.expect_clear("LdomNotActive", "ldg1")
        # A change that ldmd refuses, and one that succeeds.
        cpus = bed.get(cell("NumVCPU", index))
        bed.sim.do("fault refuse:no@set-vcpu/ldg1")
        bed.snmp("set", [cell("NumVCPU", index), "u", str(cpus + 1)], auth=write, check=False)
        self.expect("LdomOperationFailed", "ldg1")
        bed.sim.do("clear")
        bed.snmp("set", [cell("NumVCPU", index), "u", str(cpus + 1)], auth=write)
        self.expect_clear("LdomOperationFailed", "ldg1")
        bed.sim.do("do add-spconfig - kept")
        self.expect_clear("LdomsConfigUnsaved")
        # Nearly all of the memory is given away.
        before, left = bed.get(cell("MemSize", index)), scalar(bed, "ldomMemRpFree")
        bed.sim.do(f"do set-memory ldg1 {before + left - left % 256}M")
        self.expect("LdomsMemoryShort")
        bed.sim.do(f"do set-memory ldg1 {before}M")
        self.expect_clear("LdomsMemoryShort")
        # ldmd stops answering.
        bed.sim.send(signal.SIGSTOP)
        self.expect("LdomsDataOld")
        bed.sim.send(signal.SIGCONT)
        self.expect_clear("LdomsDataOld")
        # No agent behind a live snmpd; then no snmpd.
        bed.agent.stop()
        self.expect("LdomsAgentGone")
        self.assertNotIn(("LdomsHostSilent", ""), self.firing())
        bed.agent.start()
        self.expect_clear("LdomsAgentGone")
        bed.snmpd.send(signal.SIGSTOP)
        self.expect("LdomsHostSilent")
        bed.snmpd.send(signal.SIGCONT)
        self.expect_clear("LdomsHostSilent")
        # No ldmd at all.
        bed.sim.kill()
        self.expect("LdomsLinkDown")

    def test_contexts(self):
        """A second host behind the same snmpd: the context is a parameter of the scrape."""
        if (0, 23) <= exporter_version() < (0, 26):
            self.skipTest("this exporter takes a context among the credentials only")
        bed = self.bed(conf="refreshInterval 1\nstaleAfter 300\n")
        other = self.process(harness.Simulator(os.path.join(self.directory, "s2"), 3)).start()
        agent = self.process(harness.Agent(os.path.join(self.directory, "a2"), other.address, bed.snmpd.address,
                                           "context second\nrefreshInterval 1\n")).start()
        agent.wait_log('in context "second"')
        self.prometheus(bed, "second")

        def domains():
            return {sample["metric"]["instance"]: sample["value"][1] for sample in self.query("ldomNumber")}

        wait_for(lambda: domains() == {"sparc1": "8", "sparc2": "3"}, 60, "the domains of both hosts", 0.2)
        self.assertEqual(agent.stop(), 0)
        wait_for(lambda: any(alert["labels"]["alertname"] == "LdomsAgentGone" and
                             alert["labels"]["instance"] == "sparc2" and alert["state"] == "firing"
                             for alert in self.ask("alerts")["alerts"]), 40, "the alert of the second host", 0.2)
        self.assertEqual(domains()["sparc1"], "8")

    def test_dashboard(self):
        """Each expression of each panel, with the variables filled in as Grafana does."""
        bed = self.bed(conf="refreshInterval 1\n")
        self.prometheus(bed)
        wait_for(lambda: self.query("ldom:running:bool"), 30, "the recorded series")
        dashboard = json.loads(test_nms.text_of("grafana-dashboard.json"))
        asked = 0
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                expression = target["expr"].replace("$host", ".*").replace("$domain", ".*")
                expression = expression.replace("$__rate_interval", "10s")
                self.assertNotIn("$", expression)
                wait_for(lambda e=expression: self.query(e), 20,
                         f"data for {panel['title']}: {expression}", 0.2)
                asked += 1
        self.assertGreater(asked, 20)
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)",
                                             variable["query"]["query"]).groups()
                series = self.query(metric.replace("$host", ".*"))
                self.assertTrue(series and all(label in s["metric"] for s in series), variable["name"])
        maps = {json.dumps(sorted(m["options"])): {int(k): v["text"] for k, v in m["options"].items()}
                for panel in dashboard["panels"]
                for m in panel.get("fieldConfig", {}).get("defaults", {}).get("mappings", ())}
        for name in ("ldomOperState", "ldomLinkState", "ldomOperationStatus"):
            self.assertIn(test_nms.enumeration(name), maps.values(), name)


if __name__ == "__main__":
    unittest.main()
