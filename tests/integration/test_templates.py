"""A domain saved with -X and made anew under another name is the same domain, but for what makes it
that one: name, UUID, MAC addresses, host id, console port."""
import os

import harness
import sets
from harness import scalar, wait_for
from sets import ask, holding, varbind

# Where it lies, and how it is at the moment. A port is anybody's once it is free.
MOVING = ("threads", "memory_blocks", "mau_bindings", "uptime", "utilization_permille",
          "normalized_permille", "flags", "state", "console_port", "console_service")
OWN = ("name", "uuid", "mac", "hostid")
# What -X leaves out: a secret, and what is worth nothing without it.
SECRET = ("security-password", "security-mode")


def essence(domain):
    """What has to be alike."""
    kept = {key: value for key, value in domain.items() if key not in MOVING + OWN}
    # Unless somebody gave it another one, it is the domain's name.
    if kept["console_group"] == domain["name"]:
        kept["console_group"] = "the name"
    kept["vars"] = [var for var in domain["vars"] if var["name"] not in SECRET]
    kept["networks"] = [{key: value for key, value in network.items() if key != "mac"}
                        for network in domain["networks"]]
    # What guards OpenBoot is not copied.
    kept["vars"] = [var for var in domain["vars"] if not var["name"].startswith("security-")]
    return kept


def identity(domain):
    """What has to be another."""
    return [domain[key] for key in OWN] + [network["mac"] for network in domain["networks"]]


class Copies(harness.TestCase):
    """Every guest of the simulator's own host: whole cores, crypto units, policies, masters, VLANs."""

    guests = "ldg1 web01 db01 app01 stage01 test01 dev01".split()

    def host(self, version, templates):
        bed = self.bed(sim_options=["-d", version], conf=f"templateDirectory {templates}\n")
        ask(bed.sim, "do set-vconsole dev01 5050 group=team")
        bed.manager = sets.Manager(bed.snmpd)
        self.addCleanup(bed.manager.close)
        return bed

    def save(self, bed, templates):
        """As an administrator does: ldoms-agentx -X NAME > FILE."""
        for name in self.guests:
            done = bed.agent.run("-X", name)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(name, done.stdout)
            with open(os.path.join(templates, f"{name}.xml"), "w", encoding="utf-8") as file:
                file.write(done.stdout)

    def set(self, bed, *varbinds):
        answer = bed.manager.set(*(varbind(*v) for v in varbinds))
        self.assertEqual(answer.error, "noError", f"{varbinds}: {bed.agent.log()[-600:]}")
        row = harness.cell("OperationStatus", varbinds[0][0])
        # The row of a new domain is there once ldmd was asked, which may be after the answer.
        wait_for(lambda: bed.get(row) in sets.ENDED_NUMBERS, 20, "the end of the operation")
        self.assertEqual(sets.STATUS[bed.get(row)], "succeeded", bed.agent.log()[-600:])

    def make_room(self, bed, name):
        """A volume is one domain's only, and there is not memory for two of each."""
        if holding(bed.sim, name)["state"] == "active":
            ask(bed.sim, f"do stop-domain {name} -f")
        if holding(bed.sim, name)["state"] == "bound":
            ask(bed.sim, f"do unbind-domain {name}")
        for disk in holding(bed.sim, name)["disks"]:
            ask(bed.sim, f"do remove-vdisk {name} {disk['name']}")

    def copy(self, bed, name):
        copy = f"{name}-2"
        original = holding(bed.sim, name)
        index = scalar(bed, "ldomNextIndex")
        self.set(bed, (index, "RowStatus", "createAndGo"), (index, "Name", copy),
                 (index, "Template", name))
        self.assertEqual(holding(bed.sim, copy)["state"], "inactive")
        self.make_room(bed, name)
        self.set(bed, (index, "AdminState", "active"))
        made = holding(bed.sim, copy)
        self.assertEqual(made["state"], "active")
        self.assertEqual(essence(made), essence(original))
        for mine, its in zip(identity(made), identity(original)):
            self.assertTrue(mine)
            self.assertNotEqual(mine, its)
        # The only port that somebody chose, for the original.
        self.assertNotIn(made["console_port"], (0, 5050))
        self.make_room(bed, copy)

    def copies(self, saved_by, used_by):
        templates = os.path.join(self.directory, "t")
        os.makedirs(templates)
        bed = self.host(saved_by, templates)
        self.save(bed, templates)
        if used_by != saved_by:
            bed = self.host(used_by, templates)
        for name in self.guests:
            with self.subTest(name):
                self.copy(bed, name)
        print(f"# {len(self.guests)} copies, saved in {saved_by}, made in {used_by}", flush=True)

    def test_broken_template(self):
        """The row says what the log says: which file, line and column, and which rule."""
        templates = os.path.join(self.directory, "t")
        os.makedirs(templates)
        bed = self.host("3.0", templates)
        with open(os.path.join(templates, "broken.xml"), "w", encoding="utf-8") as file:
            file.write("<LDM_interface version='1.3'>\n  <cmd>\n    <data></cmd>\n</LDM_interface>\n")
        index = scalar(bed, "ldomNextIndex")
        answer = bed.manager.set(*(varbind(index, column, value) for column, value in (
            ("RowStatus", "createAndGo"), ("Name", "new"), ("Template", "broken"))))
        self.assertIn(answer.error, ("commitFailed", "noError"))
        messages = [f"{sets.OPERATION}.{sets.OPERATION_COLUMNS.index('Message') + 1}.1"]
        wait_for(lambda: bed.get(*messages), 20, "the row's message")
        told = bed.get(*messages).decode()
        self.assertRegex(told, r"broken\.xml: .*, line \d+, column \d+")
        self.assertIn(told, bed.agent.log())

    def test_3(self):
        self.copies("3.0", "3.0")

    def test_2(self):
        self.copies("2.0", "2.0")

    def test_2_at_an_ldmd_of_3(self):
        self.copies("2.0", "3.0")
