"""A malicious ldmd: each rule that a document can break, through the whole agent. The document is
refused whole, the log says which rule and where, and the last good picture stays."""
import os

import harness
from harness import cell, dump, scalar, wait_for

import attack

LINE = r", line \d+ of the document"
BYTE = r", at byte \d+ of the document, depth \d+ "


def content(inner):
    return f"<data><Envelope>{inner}</Envelope></data>"


def item(inner):
    return f"<Section><Item>{inner}</Item></Section>"


# What is slipped into an otherwise good answer: by a fault of the simulator, or as text. And what
# the log says.
CASES = {
    "document type": ("dtd", "a document type declaration" + BYTE),
    "entities": ("entities", "a document type declaration" + BYTE),
    "an entity nobody declared": ("<a>&b;</a>", "Entity 'b' not defined" + LINE),
    "depth": ("deep:100", "elements nested too deep" + BYTE),
    "size": ("oversize:65M", "document too large" + BYTE),
    "attributes": ("attr-bomb:65", "too many attributes" + BYTE),
    "a long attribute": (f"<a b='{'x' * 65536}'/>", "tag or comment too long" + BYTE),
    "a long comment": (f"<!--{'x' * 65536}-->", "tag or comment too long" + BYTE),
    "text": (f"<a>{'x' * 262145}</a>", "value too long" + BYTE),
    "text in pieces": (content("<Content id='x'>" + item("<a>" + "xx<!-- -->" * 131073 + "</a>") +
                               "</Content>"), "value too long" + BYTE),
    "properties": (content("<Content id='x'>" +
                           item("".join(f"<k{n}>v</k{n}>" for n in range(257))) + "</Content>"),
                   "too many properties" + LINE),
    "resources": (content("<Content id='x'>" + item("") * 65536 + "</Content>"),
                  "too many resources" + LINE),
    "domains": (content("".join(f"<Content id='x{n}'/>" for n in range(1025))),
                "more than 1024 domains"),
    "a name": (content(f"<Content id='{'x' * 257}'/>"), "the name of domain .* has 257 octets"),
    "names": (content("<Content id='ldg1'/>"), 'two domains have the name "ldg1"'),
    "UUIDs": (content("<Content id='x'>" +
                      item("<OtherResourceType>ldom_info</OtherResourceType><uuid>UUID</uuid>") +
                      "</Content>"), r'domains ".*" and ".*" have the same UUID'),
    "not well-formed": ("malformed", "Opening and ending tag mismatch.*" + LINE),
    "end tags": ("</a></b></c></d></e></f>", "(stray|Opening and ending tag|text outside)"),
}


class Limits(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.one = self.bed(conf="refreshInterval 0.5\n")
        self.index = self.one.indexes()["ldg1"]

    def fault(self, what):
        """The specification, for all answers about all domains."""
        if not what.startswith("<"):
            return what
        uuid = self.one.get(cell("UUID", self.index)).decode()
        path = attack.write_file(os.path.join(self.directory, "insert"),
                                 what.replace("UUID", uuid))
        return "insert:" + path

    def refused(self, what, pattern):
        bed = self.one
        before, shown = bed.rows(), bed.get(cell("NumVCPU", self.index))
        start, count = len(bed.agent.log()), scalar(bed, "ldomDocumentsRefused")
        bed.sim.do(f"fault {self.fault(what)}")
        # Something that the hostile answers tell as well, in their good part.
        bed.sim.do("do add-vcpu ldg1 1")
        bed.agent.wait_log(r"(warning|error): [\w:]+: .*" + pattern, 30, start)
        wait_for(lambda: scalar(bed, "ldomDocumentsRefused") >= count + 2, 30, "two refusals")
        self.assertEqual(bed.get(cell("NumVCPU", self.index)), shown)
        self.assertEqual({i: row["Name"] for i, row in bed.rows().items()},
                         {i: row["Name"] for i, row in before.items()})
        bed.sim.do("clear")
        vcpus = {d["name"]: d["vcpus"] for d in dump(bed.sim)["domains"]}["ldg1"]
        self.assertNotEqual(vcpus, shown)
        wait_for(lambda: bed.get(cell("NumVCPU", self.index)) == vcpus, 30, "the new value")
        wait_for(lambda: scalar(bed, "ldomLinkState") == 1, 30, "the link")

    def test_each_rule(self):
        bed = self.one
        for name, (what, pattern) in CASES.items():
            with self.subTest(name):
                try:
                    self.refused(what, pattern)
                finally:
                    bed.sim.do("clear")
        # The largest document was kept for a moment, and not for longer.
        self.assertLess(bed.agent.resident(), 300 * 1024)
        wait_for(lambda: not harness.differences(bed.rows(), dump(bed.sim)["domains"]), 30, "the table")

    def test_a_domain_without_a_name_is_left_out(self):
        """The others are taken, one line tells, and nothing is removed."""
        bed = self.one
        rows, refused = set(bed.rows()), scalar(bed, "ldomDocumentsRefused")
        start = len(bed.agent.log())
        bed.sim.do("fault " + self.fault(content("<Content/>")))
        bed.sim.do("do add-vcpu ldg1 1")
        vcpus = {d["name"]: d["vcpus"] for d in dump(bed.sim)["domains"]}["ldg1"]
        wait_for(lambda: bed.get(cell("NumVCPU", self.index)) == vcpus, 30, "the new value")
        bed.agent.wait_log(r"error: inventory:refresh: ldmd lists 1 domains without a name: they are left out", 30, start)
        self.assertEqual(set(bed.rows()), rows)
        self.assertEqual(scalar(bed, "ldomDocumentsRefused"), refused)

    def test_what_is_odd_but_legal_is_taken(self):
        """Just below the limits, and all that ldmd may do."""
        bed = self.one
        for what in ("deep:50", "attr-bomb:60", "oversize:8M", "non-utf8",
                     f"<a>{'x' * 262000}</a>", f"<!--{'x' * 65000}-->"):
            with self.subTest(what[:20]):
                fault = self.fault(what)
                bed.sim.do(f"fault {fault}")
                start, count = len(bed.agent.log()), scalar(bed, "ldomDocumentsRefused")
                bed.sim.do("do add-vcpu ldg1 1")
                vcpus = {d["name"]: d["vcpus"] for d in dump(bed.sim)["domains"]}["ldg1"]
                wait_for(lambda: bed.get(cell("NumVCPU", self.index)) == vcpus, 30,
                         "the new value")
                self.assertEqual(scalar(bed, "ldomDocumentsRefused"), count,
                                 bed.agent.log()[start:])
                bed.sim.do(f"clear {fault}")
