"""Texts of others: names and messages of ldmd, names of templates. None forges a line of the log,
steers a terminal, or leaves the folder it belongs to."""
import os
import re
import shutil

import harness
from harness import Agent, Simulator, cell, wait_for

import attack

# A line that looks like one of ours, the end of a line in other words, an escape sequence in the
# one form that XML lets pass, and what turns around the text behind it.
FORGED = "ldoms-agentx: error: main: forged"
EVIL = f"x\n{FORGED}\r\n\u2028{FORGED}\u009b31m\u202eevil"
AS_XML = "".join(f"&#{ord(c)};" for c in EVIL)
# What a log or a terminal must never get.
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def content(name):
    return f"<data><Envelope><Content id='{name}'/></Envelope></data>"


class Texts(harness.TestCase):

    def harmless(self, text, *, lines=True):
        self.assertIsNone(HARMFUL.search(text), repr(text))
        if lines:
            self.assertNotIn(FORGED, [line[:len(FORGED)] for line in text.splitlines()])

    def pair(self, **more):
        sim = self.process(Simulator(os.path.join(self.directory, "s"), **more)).start()
        return sim, Agent(os.path.join(self.directory, "a"), sim.address, "unix:/nonexistent/x")

    def insert(self, sim, xml):
        path = attack.write_file(os.path.join(self.directory, "insert"), xml)
        sim.do(f"fault insert:{path}")

    def test_names_on_a_terminal(self):
        sim, agent = self.pair()
        self.insert(sim, content(AS_XML))
        result = agent.run("-l")
        self.assertEqual(result.returncode, 0)
        self.assertIn("forged", result.stdout)
        self.harmless(result.stdout)
        self.assertEqual(len(result.stdout.splitlines()), 2 + len(harness.dump(sim)["domains"]))

    def test_messages_on_a_terminal(self):
        _, agent = self.pair(faults=[f"refuse:{EVIL}"])
        for options in (["-l"], ["-t"], ["-X", "ldg1"]):
            result = agent.run(*options)
            self.assertEqual(result.returncode, 1)
            self.assertIn("forged", result.stdout + result.stderr)
            self.harmless(result.stdout)
            self.harmless(result.stderr)

    def test_constraints_on_a_terminal(self):
        sim, agent = self.pair()
        sim.do("do set-variable ldg1 'boot-device=a\u009b31m\u202eb\u00e4'")
        result = agent.run("-X", "ldg1")
        self.assertEqual(result.returncode, 0, result)
        self.harmless(result.stdout)
        # The same text all the same.
        self.assertIn("a&#155;31m&#8238;b&#228;", result.stdout)

    def test_log_of_a_running_agent(self):
        bed = self.bed(conf="refreshInterval 0.5\n", faults=[f"refuse:{EVIL}@set-vcpu"],
                       agent_options=["-D", "all"])
        bed.snmp("set", [cell("NumVCPU", 2), "u", "5"], auth=("-v2c", "-c", "private"),
                 check=False)
        bed.agent.wait_log("operation 1: .*forged")
        # A domain with such a name, and a document that is refused for it.
        self.insert(bed.sim, content(AS_XML))
        wait_for(lambda: any(row.get("Name") == EVIL.encode() for row in bed.rows().values()), 20,
                 "the domain")
        self.insert(bed.sim, content(AS_XML) * 2)
        bed.agent.wait_log(r"two domains have the name .*forged")
        bed.sim.do("clear")
        self.harmless(bed.agent.log())

    def test_what_managers_write(self):
        """Names are refused before they reach a log or ldmd."""
        bed = self.bed()
        new = str(harness.scalar(bed, "ldomNextIndex"))
        for column, value in (("Name", EVIL), ("Name", "a b"), ("Name", "-rf"), ("Name", "a/b"),
                              ("Name", "a\x00b"), ("Name", "<x/>"), ("Template", EVIL[:40])):
            result = bed.snmp("set", [cell(column, new), "x", value.encode().hex()],
                              auth=("-v2c", "-c", "private"), check=False)
            self.assertIn("wrongValue", result.stderr + result.stdout, repr(value))
        self.harmless(bed.agent.log())


class Templates(harness.TestCase):
    """What a manager can make the agent read, and what a local user can make it send."""

    def setUp(self):
        super().setUp()
        self.templates = os.path.join(self.directory, "templates")
        os.mkdir(self.templates, 0o700)
        self.one = self.bed(conf=f"templateDirectory {self.templates}\n")
        result = self.one.agent.run("-X", "ldg1")
        self.document = result.stdout
        # Outside, and a good one: it is not its content that it is refused for.
        attack.write_file(os.path.join(self.directory, "outside"), self.document)

    def make(self, template, name="made1"):
        """createAndGo with this template; what the manager is told."""
        bed = self.one
        new = str(harness.scalar(bed, "ldomNextIndex"))
        result = bed.snmp("set", [cell("Name", new), "s", name, cell("Template", new), "x",
                                  template.encode().hex(), cell("RowStatus", new), "i", "4"],
                          auth=("-v2c", "-c", "private"), check=False)
        return result.stdout + result.stderr

    def names(self):
        return {domain["name"] for domain in harness.dump(self.one.sim)["domains"]}

    def refused(self, template, error, why=None):
        start = len(self.one.agent.log())
        told = self.make(template)
        if error == "commitFailed" and "Error" not in told:
            # The machine is so busy that the answer came before the end: the operation tells.
            self.one.agent.wait_log(
                rf"template={re.escape(template)} row=createAndGo: failed \(0 of 1 steps",
                start=start)
        else:
            self.assertIn(error, told, template)
        if why:
            self.one.agent.wait_log(why, start=start)
        self.assertNotIn("made1", self.names())

    def test_names_that_lead_elsewhere(self):
        outside = os.path.join(self.directory, "outside")
        for name in ("../outside", "..", ".", outside, "sub/x", "./web", "web\0", "\0", ".hidden",
                     "web/../../outside", "web\n", "w\u00e4b"):
            self.refused(name, "wrongValue")
        self.refused("x" * 65, "wrongLength")

    def test_files_that_lead_elsewhere(self):
        os.symlink("../outside", os.path.join(self.templates, "link"))
        os.symlink(self.directory, os.path.join(self.templates, "folder"))
        os.mkdir(os.path.join(self.templates, "sub"))
        os.mkfifo(os.path.join(self.templates, "fifo"))
        self.refused("link", "commitFailed", "it is a symbolic link")
        self.refused("folder", "commitFailed", "it is a symbolic link")
        self.refused("sub", "commitFailed", "it is no regular file")
        self.refused("fifo", "commitFailed", "it is no regular file")
        self.refused("none", "commitFailed", "there is no such file")
        self.refused("x" * 64, "commitFailed", "there is no such file")

    def test_files_that_others_can_change(self):
        path = attack.write_file(os.path.join(self.templates, "web"), self.document)
        for mode, why in ((0o666, "everybody can change it"), (0o660, "its group can change it")):
            os.chmod(path, mode)
            self.refused("web", "commitFailed", why)
        os.chmod(path, 0o644)
        if os.geteuid() == 0:
            os.chown(path, 12345, -1)
            self.refused("web", "commitFailed", "it belongs to another user")
            os.chown(path, 0, -1)
        for mode in (0o777, 0o770):
            os.chmod(self.templates, mode)
            self.refused("web", "commitFailed", "can change its folder")
        os.chmod(self.templates, 0o755)
        self.assertNotIn("Error", self.make("web"))
        wait_for(lambda: "made1" in self.names(), what="the domain")

    def test_documents_that_are_none(self):
        cases = {"large": (self.document + "<!-- " + "x" * (4 << 20) + " -->", "too large"),
                 "dtd": ("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" +
                         self.document.partition("?>")[2],
                         "dtd: a document type declaration, .* line 1, column 3"),
                 "deep": ("<a>" * 100 + "</a>" * 100,
                          "deep: elements nested too deep, .* line 1, column 195"),
                 "text": ("no document", "text: text outside of a document, .* line 1, column 1"),
                 "empty": ("", "empty: no end of the document"),
                 "two": (self.document.replace("</Envelope>", "<Content id='x'/></Envelope>"),
                         "not about exactly one domain")}
        for name, (text, why) in cases.items():
            attack.write_file(os.path.join(self.templates, name), text)
            self.refused(name, "commitFailed", why)

    def test_the_folder_is_read_anew(self):
        """templateDirectory applies on SIGHUP."""
        attack.write_file(os.path.join(self.templates, "web"), self.document)
        other = os.path.join(self.directory, "other")
        shutil.move(self.templates, other)
        self.refused("web", "commitFailed", "there is no such folder")
        self.one.agent.configure(f"templateDirectory {other}\n")
        start = len(self.one.agent.log())
        self.one.agent.send(1)
        self.one.agent.wait_log("templateDirectory applies from now on", start=start)
        self.assertNotIn("Error", self.make("web"))
        wait_for(lambda: "made1" in self.names(), what="the domain")
