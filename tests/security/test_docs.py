"""What the manuals say is what the program does, and what docs/security.md promises is tested."""
import os
import re
import subprocess
import unittest

import attack
import harness
from harness import Agent

DOCS = os.path.join(harness.SRC, "docs")


def read(*names):
    with open(os.path.join(harness.SRC, *names)) as f:
        return f.read()


def paragraphs(text, macro):
    """{first word behind the macro: text up to the next one} of a manual."""
    found = {}
    for part in re.split(rf"(?m)^\.It {macro} ", text)[1:]:
        part = re.split(r"(?m)^\.El", part)[0]
        found[part.split()[0]] = part
    return found


class Options(unittest.TestCase):

    def setUp(self):
        self.manual = read("docs", "ldoms-agentx.8")
        source = read("agent", "daemon", "options.c")
        table = source.partition("entries[] = {")[2].partition("\n};")[0]
        # By its letter, or where it has none by "-" and its name, as mdoc(7) writes a long option.
        self.options = {letter or "-" + name: takes != "NULL" for letter, name, takes in re.findall(
            r"""\{(?:'(\w)'|OPTION_\w+),\s"([a-z-]+)",\s(NULL|"[A-Z]+")""", table)}
        self.assertGreater(len(self.options), 10)

    def test_each_is_explained(self):
        explained = paragraphs(self.manual, "Fl")
        self.assertEqual(set(explained), set(self.options))
        for letter, takes in self.options.items():
            self.assertEqual(" Ar " in explained[letter].splitlines()[0], takes, letter)

    def test_each_is_in_the_synopsis(self):
        synopsis = self.manual.partition(".Sh SYNOPSIS")[2].partition(".Sh DESCRIPTION")[0]
        named = set(re.findall(r"(?:Fl|\|) (\w\b|-[a-z-]+)", synopsis))
        self.assertEqual(named, set(self.options))

    def test_each_is_in_the_help(self):
        text = subprocess.run([harness.AGENT, "-h"], stdout=subprocess.PIPE, text=True,
                              check=True).stdout
        self.assertEqual({letter or long for letter, long in re.findall(
            r"(?m)^  (?:-(\w), |    -(-[a-z-]+))", text)}, set(self.options))


class Directives(harness.TestCase):
    """The table of agent/common/settings.c and ldoms-agentx.conf(5)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        source = read("agent", "common", "settings.c")
        table = source.partition("directives[] = {")[2].partition("\n};")[0]
        cls.entries = {}
        for entry in re.split(r"(?m)^\t\{", table)[1:]:
            cls.entries[re.match(r'"(\w+)"', entry).group(1)] = entry
        cls.words = {name: dict(re.findall(r'\{"([^"]+)", (\w+)\}', body)) for name, body in
                     re.findall(r"struct word (\w+)\[\] = \{(.*?)\};", source, re.S)}
        cls.explained = paragraphs(read("docs", "ldoms-agentx.conf.5"), "Ic")

    def default(self, entry):
        """As the manual should say it; None: there is none."""
        value = re.search(r"\.value = ([\w()]+)", entry)
        value = value.group(1) if value else "0"
        words = re.search(r"\.words = (\w+)", entry)
        text = re.search(r"\.text = (\w+)", entry)
        if text:
            return {"DEFAULT_LDM_ADDRESS": "this host's", "DEFAULT_AGENTX_SOCKET":
                    "unix:/var/agentx/master", "DEFAULT_TEMPLATE_DIR": "templates",
                    "DEFAULT_STATE_DIR": "/var/lib/ldoms-snmp"}[text.group(1)]
        if words:
            zero = {"0", "LDM_VERIFY_AUTO", "LDM_DATA_AUTO", "LDM_FORM_AUTO"}
            return next(word for word, symbol in self.words[words.group(1)].items()
                        if symbol == value or (value == "0" and symbol in zero))
        if "KIND_ENCODED" in entry:
            return "the default context"
        if "KIND_TEXT" in entry or "KIND_PATH" in entry:
            return None
        if "KIND_LIST" in entry:
            return "neither" if "AT(views)" in entry else "everything on guests"
        return re.search(r"\d+", value).group(0)

    def test_each_is_explained(self):
        self.assertEqual(set(self.explained), set(self.entries))

    def test_what_is_live(self):
        for name, entry in self.entries.items():
            self.assertEqual(".Em Live" in self.explained[name], ".live = true" in entry, name)

    def test_defaults(self):
        for name, entry in self.entries.items():
            default = self.default(entry)
            text = " ".join(self.explained[name].split())
            if default is None:
                self.assertNotIn("efault", text, name)
            else:
                self.assertRegex(text, rf"efault\b.*{re.escape(default)}", name)

    def test_ranges(self):
        for name, entry in self.entries.items():
            text = " ".join(self.explained[name].split())
            for bound in re.findall(r"\.(?:low|high) = ((?:MS\()?\d+)", entry):
                milliseconds = int(re.search(r"\d+", bound).group(0)) * (1000 if "MS" in bound else 1)
                wanted = [str(milliseconds)]
                if "KIND_SECONDS" in entry:
                    wanted = [f"{milliseconds // unit} {word}" for word, unit in (
                        ("ms", 1), ("s", 1000), ("h", 3600000), ("d", 86400000)) if milliseconds % unit == 0]
                self.assertTrue(any(re.search(rf"\b{one}\b", text) for one in wanted), f"{name}: {wanted}")

    def test_words(self):
        """Each word of a directive is in its line, on and off apart."""
        for name, entry in self.entries.items():
            words = re.search(r"\.words = (\w+)", entry)
            if words:
                line = self.explained[name].splitlines()[0].split()
                have = {word for word in line[2:] if word != "|"}
                self.assertEqual(have, set(self.words[words.group(1)]) - {"on", "off"}, name)

    def test_sample_configuration(self):
        """It is taken as it is, and with all that is commented out."""
        agent = Agent(os.path.join(self.directory, "a"), "xmpp:127.0.0.1:1", "unix:/nonexistent")
        sample = read("docs", "examples", "ldoms-agentx.conf")
        whole = re.sub(r"(?m)^#(?=\w)", "", sample).replace("/etc/ldoms-snmp/password",
                                                            "/nonexistent/password")
        self.assertNotEqual(sample, whole)
        for text in (sample, whole):
            attack.write_file(agent.path("agent.conf"), text)
            self.assertEqual(agent.run("-s", agent.state, "-t").returncode, 1)
        named = set(re.findall(r"(?m)^#?(\w+)\s", whole)) - {""}
        self.assertLessEqual(named, set(self.entries))


class Promises(unittest.TestCase):
    """docs/security.md: what it says an attacker gets."""

    def named_in(self, name):
        path = name if "/" in name else os.path.join("tests", "security", name)
        text = read(path)
        if path.endswith(".c"):
            return set(re.findall(r"(?:unit_test|TEST)\((\w+)\)", text))
        found, case = set(), None
        for kind, word in re.findall(r"(?m)^(class|    def) (\w+)", text):
            case = word if kind == "class" else case
            found.add(f"{case}.{word}")
        return found

    def test_each_line_has_tests_that_exist(self):
        rows = read("docs", "security.md").partition("## As an attacker")[2].splitlines()
        rows = [row for row in rows if row.startswith("| ")][1:]
        self.assertGreater(len(rows), 20)
        for row in rows:
            named = re.findall(r"`([\w/-]+\.(?:py|c))` ([\w.]+)", row.split("|")[3])
            self.assertTrue(named, row)
            for name, test in named:
                self.assertIn(test, self.named_in(name), row)

    def test_all_files_are_named(self):
        text = read("docs", "security.md")
        for name in os.listdir(os.path.join(harness.SRC, "tests", "security")):
            if name.startswith("test_") and name not in ("test_docs.py", "test_hardening.py"):
                self.assertIn(f"`{name}`", text)

    def test_figures(self):
        """Limits are those of the code."""
        source = read("agent", "ldm", "frame.c") + read("agent", "inventory", "listing.c")
        text = " ".join(read("docs", "security.md").split())
        for code, words in ((".bytes = (size_t)64 << 20", "bytes (64 MiB)"),
                            (".depth = 64", "depth (64)"), (".attributes = 64", "attributes (64)"),
                            (".tag = (size_t)64 << 10", "tags (64 KiB)"),
                            (".value = (size_t)256 << 10", "texts (256 KiB)"),
                            (".properties = 256", "properties (256)"),
                            (".resources = 65536", "resources (65,536)"),
                            (".domains = 1024", "domains (1,024)")):
            self.assertIn(code, source)
            self.assertIn(words, text)


class Versions(unittest.TestCase):
    """docs/ldm-xml.md: for each key that is read, from which version on, and how well it is known."""

    def table(self, head):
        """The rows of the table that begins so, as cells."""
        text = read("docs", "ldm-xml.md").partition(head)[2].partition("\n\n")[0]
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]

    def test_each_key_has_a_row(self):
        rows = self.table("| element, attribute or key | from | known |")
        self.assertGreater(len(rows), 30)
        missing, number = [], 0
        for resource, *texts in self.table("| resource | properties that are read (unit) |"):
            # Of several spellings the first; what has no name of its own stands for all resources.
            keys = re.findall(r"(?:^|[;,] |: )`([^`]+)`", " ".join(texts))
            for key in set(keys) - {"AllocationUnits", "Address"}:
                number += 1
                if not any(resource in row[0] and (f"`{key}`" in row[0] + row[2] or
                                                   "and its keys" in row[0]) for row in rows):
                    missing.append(f"{resource} {key}")
        self.assertEqual(missing, [])
        self.assertGreater(number, 60)

    def test_each_row_says_how_well(self):
        for what, since, known in self.table("| element, attribute or key | from | known |"):
            self.assertRegex(since, r"\d\.\d|not seen|later", what)
            self.assertRegex(known, r"\b[DCLA]\b", what)
