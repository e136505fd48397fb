"""Every documented form of a document is read alike."""
import harness
import inventory
from harness import differences, dump, wait_for

FORMS = ["no-prefix", "child-props", "plain-id", "no-references", "type-lower", "whitespace",
         "xml-decl", "shuffle", "unknown-elements", "upper-status", "split:1", "split:7", "join",
         "event-between"]


class Forms(harness.TestCase):

    def read(self, bed):
        found = [None]

        def agree():
            state = dump(bed.sim)
            found[0] = differences(bed.rows(), state["domains"]) + \
                harness.pool_differences(bed, state) + \
                inventory.differences(inventory.read_all(bed), state, bed.indexes())
            return not found[0]
        try:
            wait_for(agree, 20, "the table", interval=0.2)
        except AssertionError:
            self.fail("\n".join(found[0][:20]))
        self.assertEqual(harness.scalar(bed, "ldomDocumentsRefused"), 0)
        self.assertEqual(harness.scalar(bed, "ldomDisconnects"), 0)

    def test_all_at_once(self):
        self.read(self.bed(faults=FORMS[:-4] + ["split:3", "join", "event-between"]))


def _add(form):
    def test(self):
        self.read(self.bed(faults=[form]))
    setattr(Forms, "test_" + form.replace("-", "_").replace(":", "_"), test)


for _form in FORMS:
    _add(_form)
