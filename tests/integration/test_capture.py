"""--capture and back: what ldmd answers is recorded without a name of the host, and a simulator that
answers with the record is served like the host itself, cell by cell."""
import os
import re

import harness
import inventory
from harness import Bed, dump, wait_for

# What changes by itself between the two readings.
MOVING = {("ldom", "Utilization"), ("ldom", "Uptime"), ("ldom", "LastChange"),
          ("ldomVcpu", "Utilization"), ("ldomVcpu", "NormUtilization"), ("ldomVcpu", "UtilPercent"),
          ("ldom", "NormUtilization")}
# Found by a name, so with other indexes when the names are others.
BY_NAME = {"ldomName"}


def secrets_of(state):
    """Every name and address that somebody gave to something of the host."""
    found = set()
    for domain in state["domains"]:
        found |= {domain[key] for key in ("name", "uuid", "mac", "hostid")}
        for kind in ("networks", "disks"):
            for device in domain[kind]:
                found |= {device[key] for key in ("mac", "volume", "service") if device.get(key)}
        found |= {policy["policy_name"] for policy in domain["policies"]}
    for kind, services in state["services"].items():
        for service in services:
            found |= {service["name"]}
            found |= {volume[key] for volume in service.get("volumes", [])
                      for key in ("name", "device") if volume.get(key)}
    # What every control domain is called, and names that are words, too.
    return {word for word in found if word and word != "primary"}


class Captures(harness.TestCase):

    def capture(self, bed, *options):
        path = os.path.join(self.directory, f"capture{len(self.beds)}")
        result = bed.agent.run("--capture", path, *options)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        return path

    def replayed(self, path):
        bed = Bed(os.path.join(self.directory, f"r{len(self.beds)}"), start=False)
        bed.sim.options = [word for word in bed.sim.options if word not in ("-T", "xmpp")] + [
            "-r", path]
        self.beds.append(bed)
        bed.start()
        return bed

    def tables(self, bed):
        """All of them, once nothing changes any more."""
        last = [None]

        def settled():
            found = inventory.read_all(bed)
            found["ldom"] = {(index,): row for index, row in bed.rows().items()}
            found = {table: {index: {column: value for column, value in row.items()
                                     if (table, column) not in MOVING}
                             for index, row in rows.items()}
                     for table, rows in found.items() if table not in BY_NAME}
            same, last[0] = last[0] == found, found
            return same and found["ldomVcpu"] and found["ldomVdisk"]
        wait_for(settled, 30, "the tables", interval=0.5)
        return last[0]

    def same(self, original, replayed):
        """Numbers are the same, and texts have the same difference everywhere."""
        there, back = {}, {}
        self.assertEqual(set(original), set(replayed))
        for table, rows in original.items():
            self.assertEqual(set(rows), set(replayed[table]), table)
            for index, row in rows.items():
                for column, value in row.items():
                    other = replayed[table][index][column]
                    if not isinstance(value, bytes):
                        self.assertEqual(other, value, (table, index, column))
                        continue
                    self.assertEqual(there.setdefault(value, other), other, (table, index, column))
                    self.assertEqual(back.setdefault(other, value), value, (table, index, column))

    def check(self, **more):
        bed = self.bed(**more)
        hidden = secrets_of(dump(bed.sim))
        self.assertGreater(len(hidden), 40)
        path = self.capture(bed)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        left = {word for word in hidden
                if re.search(r"(?<![\w-])" + re.escape(word) + r"(?![\w-])", text)}
        self.assertFalse(left)
        self.assertNotIn("/dev/", text)
        original = self.tables(bed)
        self.same(original, self.tables(self.replayed(path)))
        return text

    def test_version_3(self):
        text = self.check(sim_options=["-d", "3.0"])
        self.assertIn("\ntransport xmpp\ndata 3.0\n", text)

    def test_version_2(self):
        text = self.check(sim_options=["-d", "2.0"])
        self.assertIn("\ndata 2.0\n", text)
        self.assertIn("\nanswer failure\n", text)

    def test_undeclared_prefixes_and_odd_white_space(self):
        self.check(faults=["no-prefix", "child-props", "whitespace"])

    def test_as_is_shows_names_and_no_password(self):
        bed = self.bed()
        with open(self.capture(bed, "--as-is"), encoding="utf-8") as file:
            text = file.read()
        self.assertIn("\nnames as-is\n", text)
        self.assertIn("\ndomain web01\n", text)
        passwords = {var["value"] for domain in dump(bed.sim)["domains"] for var in domain["vars"]
                     if "password" in var["name"]}
        self.assertTrue(passwords)
        for password in passwords:
            self.assertNotIn(password, text)

    def test_an_answer_that_cannot_be_read(self):
        bed = self.bed()
        bed.sim.do("fault malformed@list-services")
        path = self.capture(bed)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        question = re.search(r"(?s)question \d+\naction list-services\n.*?\nend\n", text).group()
        self.assertIn("\nanswer unreadable\nerror the answer to list-services: ", question)
        self.assertIn("\n< ", question)

    def test_nobody_answers(self):
        agent = self.process(harness.Agent(os.path.join(self.directory, "a"), "xmpp:127.0.0.1:1",
                                           "unix:/nonexistent/agentx"))
        path = os.path.join(self.directory, "capture")
        result = agent.run("--capture", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot connect", result.stderr)
        self.assertFalse(os.path.exists(path))


