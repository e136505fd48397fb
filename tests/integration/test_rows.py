"""Creation and removal by ldomRowStatus (RFC 2579), and PDUs over many domains, through a real snmpd."""
import os
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree

import harness
import sets
from harness import scalar, wait_for
from sets import ROW, ask, holding


class RowTestCase(sets.TestCase):
    patient = True

    def next_index(self):
        return scalar(self.rig, "ldomNextIndex")

    def row(self, index):
        return self.get(index, "RowStatus")

    def create(self, name, how="createAndGo", index=None, **values):
        index = index or self.next_index()
        varbinds = [(index, column, value) for column, value in values.items()]
        self.expect("noError", (index, "Name", name), (index, "RowStatus", ROW[how]), *varbinds)
        return index


class Create(RowTestCase):
    pool = {"inactive": 6, "bound": 2, "active": 2}

    def test_create_and_go(self):
        index = self.create("new1", NumVCPU=3, MemSize=1024, NumCrypto=1)
        self.assertEqual(self.commands(), ["add-domain new1"])
        self.assertEqual(self.get(index, "Name", "RowStatus", "OperState", "NumVCPU", "MemSize",
                                  "NumCrypto"), [b"new1", 1, 3, 3, 1024, 1])
        self.assertGreater(self.next_index(), index)

    def test_again_is_the_same(self):
        index = self.create("new2", NumVCPU=3, MemSize=1024)
        self.create("new2", index=index, NumVCPU=3, MemSize=1024)
        self.assertEqual(self.commands(), ["add-domain new2"])
        self.expect("inconsistentValue", (index, "RowStatus", ROW["createAndGo"]),
                    (index, "Name", "new2"), (index, "NumVCPU", 4), (index, "MemSize", 1024))

    def test_and_started(self):
        index = self.create("new3", NumVCPU=3, MemSize=1024, AdminState="active")
        self.assertEqual(self.wait_ended(index), "succeeded")
        self.assertEqual(self.commands(), ["add-domain new3", "bind-domain new3",
                                           "start-domain new3"])

    def test_rolled_back(self):
        before = self.next_index()
        self.fault("refuse:no luck@bind-domain/new4")
        self.expect("commitFailed", (before, "Name", "new4"), (before, "AdminState", "bound"),
                    (before, "NumVCPU", 2), (before, "MemSize", 512),
                    (before, "RowStatus", ROW["createAndGo"]), index=2)
        self.assertEqual(self.commands(), ["add-domain new4", "bind-domain new4",
                                           "remove-domain new4"])
        self.assertIsNone(self.row(before))
        self.assertIsNone(holding(self.sim, "new4"))
        # The number is not used a second time.
        self.assertGreater(self.next_index(), before)
        self.create("new4", NumVCPU=2, MemSize=512)

    def test_step_by_step(self):
        index = self.next_index() + 7
        count = scalar(self.rig, "ldomNumber")
        self.expect("noError", (index, "RowStatus", ROW["createAndWait"]))
        self.assertEqual(self.get(index, "Name", "RowStatus", "OperState"),
                         [b"", ROW["notReady"], 3])
        self.assertEqual(self.next_index(), index + 1)
        self.expect("inconsistentValue", (index, "RowStatus", ROW["active"]))
        self.expect("inconsistentValue", (index, "RowStatus", ROW["notInService"]))
        self.expect("inconsistentValue", (index, "RowStatus", ROW["createAndWait"]))
        self.expect("noError", (index, "Name", "step"))
        self.expect("noError", (index, "MemSize", 768))
        self.assertEqual(self.row(index), ROW["notReady"])
        self.expect("noError", (index, "NumVCPU", 2))
        self.assertEqual(self.row(index), ROW["notInService"])
        self.expect("noError", (index, "AdminState", "bound"))
        self.assertEqual(self.commands(), [])
        self.assertEqual(scalar(self.rig, "ldomNumber"), count)
        self.expect("noError", (index, "RowStatus", ROW["active"]))
        self.assertEqual(self.wait_ended(index), "succeeded")
        self.assertEqual(self.commands(), ["add-domain step", "bind-domain step"])
        self.assertEqual(self.get(index, "RowStatus", "OperState", "NumVCPU", "MemSize"),
                         [ROW["active"], 6, 2, 768])

    def test_unfinished_and_gone(self):
        index = self.create("never", "createAndWait")
        self.expect("noError", (index, "RowStatus", ROW["destroy"]))
        self.assertIsNone(self.row(index))
        self.assertEqual(self.commands(), [])
        # Its name is free, its number is not.
        again = self.create("never", "createAndWait")
        self.assertGreater(again, index)
        self.expect("noError", (again, "RowStatus", ROW["destroy"]))

    def test_names(self):
        index = self.next_index()
        size = ((index, "NumVCPU", 1), (index, "MemSize", 512))
        go = (index, "RowStatus", ROW["createAndGo"])
        self.expect("inconsistentValue", go, *size)
        self.expect("inconsistentValue", go, (index, "Name", "primary"), *size)
        for bad in ("", "-x", "a b", "a/b", "x" * 257, "\u00e4"):
            self.expect("wrongLength" if len(bad) > 256 else "wrongValue", go,
                        (index, "Name", bad), *size)
        self.expect("inconsistentName", (index + 1024, "RowStatus", ROW["createAndGo"]),
                    (index + 1024, "Name", "x"), (index + 1024, "NumVCPU", 1),
                    (index + 1024, "MemSize", 512))
        self.assertEqual(self.commands(), [])

    def test_an_operator_takes_the_name(self):
        index = self.create("taken", "createAndWait", NumVCPU=1, MemSize=512)
        ask(self.sim, "do add-domain taken")
        # The domain gets the row's number: it has the name that was reserved for it.
        wait_for(lambda: self.row(index) == ROW["active"], 10, "the operator's domain")
        self.assertEqual(self.commands(), [])


class Destroy(RowTestCase):
    pool = {"inactive": 4, "bound": 1, "active": 1}

    def test_inactive(self):
        guest = self.take("inactive")
        self.expect("noError", (guest, "RowStatus", ROW["destroy"]))
        self.assertIsNone(self.row(guest))
        self.expect("noError", (guest, "RowStatus", ROW["destroy"]))
        self.assertEqual(self.commands(), [f"remove-domain {guest.name}"])

    def test_bound_and_active(self):
        for state in ("bound", "active"):
            guest = self.take(state)
            self.expect("inconsistentValue", (guest, "RowStatus", ROW["destroy"]))
            self.expect("inconsistentValue", (guest, "RowStatus", ROW["notInService"]))
            self.expect("noError", (guest, "RowStatus", ROW["active"]))
            self.expect("inconsistentValue", (guest, "RowStatus", ROW["createAndGo"]))
            self.expect("inconsistentValue", (guest, "RowStatus", ROW["createAndWait"]))
            self.expect("wrongValue", (guest, "RowStatus", ROW["notReady"]))
        self.assertEqual(self.commands(), [])

    def test_refused(self):
        guest = self.take("inactive")
        self.fault(f"refuse:not this one@remove-domain/{guest.name}")
        self.expect("commitFailed", (guest, "RowStatus", ROW["destroy"]))
        self.assertEqual(self.operation(guest)["Message"], "not this one")
        self.agree(guest)

    def test_a_new_one_of_that_name(self):
        guest = self.take("inactive")
        self.expect("noError", (guest, "RowStatus", ROW["destroy"]))
        index = self.create(guest.name, NumVCPU=1, MemSize=512)
        self.assertNotEqual(index, guest.index)


class Template(RowTestCase):
    """A copy of a domain by its own constraints: the same but for what makes it another one."""
    pool = {"inactive": 1}

    @classmethod
    def setUpClass(cls):
        cls.templates = tempfile.mkdtemp(prefix="ldoms-")
        cls.conf = f"templateDirectory {cls.templates}\n"
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.templates)

    def constraints(self, name):
        done = subprocess.run([harness.AGENT, "-c", self.agent.path("agent.conf"), "-X", name],
                              capture_output=True, check=True)
        return done.stdout

    def plain(self, document):
        """Element by element, without what is the domain's own."""
        own = ("uuid", "Address", "hostid", "port", "mac_address")
        found = []

        def visit(element):
            tag = element.tag.rsplit("}", 1)[-1].rsplit(":", 1)[-1]
            key = element.get("key", tag)
            if key in own:
                return
            found.append((key, (element.text or "").strip()))
            for child in element:
                visit(child)
        visit(ElementTree.fromstring(document))
        return found

    def test_copy(self):
        saved = self.constraints("i0")
        with open(os.path.join(self.templates, "web.xml"), "wb") as file:
            file.write(saved)
        index = self.create("copy", Template="web")
        self.assertEqual(self.plain(self.constraints("copy")), self.plain(saved))
        first, second = holding(self.sim, "i0"), holding(self.sim, "copy")
        self.assertNotEqual(first["uuid"], second["uuid"])
        self.expect("noError", (index, "AdminState", "active"))
        self.assertEqual(self.wait_ended(index), "succeeded")
        # With another size, which wins over the template's.
        other = self.create("bigger", Template="web", NumVCPU=7)
        self.assertEqual(self.wait_ended(other), "succeeded")
        self.assertEqual(self.get(other, "NumVCPU"), 7)

    def test_no_such_template(self):
        index = self.next_index()
        self.expect("commitFailed", (index, "Name", "x"), (index, "Template", "nosuch"),
                    (index, "RowStatus", ROW["createAndGo"]))
        self.assertEqual(self.commands(), [])
        self.assertIsNone(self.row(index))


class Many(RowTestCase):
    """Many domains in one PDU."""
    pool = {"active": 4, "bound": 4, "inactive": 3}

    def test_release_before_take(self):
        a, b, i = self.take("active"), self.take("bound"), self.take("inactive")
        self.expect("noError", (i, "AdminState", "bound"), (b, "NumVCPU", 6), (a, "NumVCPU", 2),
                    (i, "NumVCPU", 3))
        self.assertEqual(self.commands(), [f"set-vcpu {a.name} 2", f"set-vcpu {i.name} 3",
                                           f"set-vcpu {b.name} 6", f"bind-domain {i.name}"])
        self.agree(a, b, i)

    def test_all_or_nothing(self):
        a, b = self.take("active"), self.take("bound")
        self.fault(f"refuse:no luck@set-vcpu/{b.name}")
        self.expect("commitFailed", (b, "NumVCPU", 6), (a, "NumVCPU", 2), index=1)
        self.assertEqual(self.commands(), [f"set-vcpu {a.name} 2", f"set-vcpu {b.name} 6",
                                           f"set-vcpu {a.name} 4"])
        self.assertEqual(self.operation(a)["Status"], "rolledBack")
        self.assertEqual(self.operation(b)["Status"], "failed")
        self.agree(a, b)

    def test_one_tail_only(self):
        a, b = self.take("active"), self.take("active")
        self.expect("inconsistentValue", (a, "AdminState", "bound"), (b, "AdminState", "restart"))
        c, d = self.take("bound"), self.take("bound")
        self.expect("noError", (a, "AdminState", "bound"), (c, "AdminState", "inactive"),
                    (d, "NumVCPU", 2))
        self.assertEqual(self.wait_ended(a), "succeeded")
        self.assertEqual(self.commands(), [f"unbind-domain {c.name}", f"set-vcpu {d.name} 2",
                                           f"stop-domain {a.name}"])


if __name__ == "__main__":
    harness.unittest.main()
