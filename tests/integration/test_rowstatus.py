"""ldomRowStatus as the table of RFC 2579 has it: each value in each state of a row; and what may be
asked twice, forgotten, or come in between."""

import sets
from sets import ROW, ask, holding, scalar, wait_for

READY = {"NumVCPU": 2, "MemSize": 512}


class Rows(sets.TestCase):
    def next_index(self):
        return scalar(self.rig, "ldomNextIndex")

    def row(self, index):
        return self.get(index, "RowStatus")

    def make(self, state, name):
        """A row in one of RFC 2579's states: A absent, B notReady, C notInService, D active."""
        index = self.next_index()
        if state == "B":
            self.expect("noError", (index, "RowStatus", "createAndWait"), (index, "Name", name))
        if state == "C":
            self.expect("noError", (index, "RowStatus", "createAndWait"), (index, "Name", name),
                        *((index, column, value) for column, value in READY.items()))
        if state == "D":
            self.expect("noError", (index, "RowStatus", "createAndGo"), (index, "Name", name),
                        *((index, column, value) for column, value in READY.items()))
            self.assertEqual(self.wait_ended(index), "succeeded")
        self.assertEqual(self.row(index), {"A": None, "B": ROW["notReady"],
                                           "C": ROW["notInService"], "D": ROW["active"]}[state])
        return index


class Table(Rows):
    patient = True
    # Value -> what a SET of it alone gives in states A, B, C, D, and the state afterwards.
    TABLE = {
        "active": [("inconsistentValue", "A"), ("inconsistentValue", "B"), ("noError", "D"),
                   ("noError", "D")],
        "notInService": [("inconsistentValue", "A"), ("inconsistentValue", "B"), ("noError", "C"),
                         ("inconsistentValue", "D")],
        "notReady": [("wrongValue", state) for state in "ABCD"],
        "createAndGo": [("inconsistentValue", state) for state in "ABCD"],  # alone: never complete
        "createAndWait": [("noError", "B"), ("inconsistentValue", "B"), ("inconsistentValue", "C"),
                          ("inconsistentValue", "D")],
        "destroy": [("noError", "A")] * 4,
    }
    SHOWN = {"A": None, "B": 3, "C": 2, "D": 1}

    def test_each_value_in_each_state(self):
        cells = 0
        for value, row in self.TABLE.items():
            for state, (error, after) in zip("ABCD", row):
                with self.subTest(f"{value} in state {state}"):
                    name = f"{value}-{state}"
                    index = self.make(state, name)
                    self.forget()
                    self.expect(error, (index, "RowStatus", value))
                    if error == "noError" and state != "A":
                        wait_for(lambda index=index, after=after: self.row(index) == self.SHOWN[after],
                                 10, f"state {after}")
                    self.assertEqual(self.row(index), self.SHOWN[after])
                    expected = []
                    if state == "C" and value == "active":
                        expected = [f"add-domain {name}"]
                    if state == "D" and value == "destroy":
                        expected = [f"remove-domain {name}"]
                    self.assertEqual(self.commands(), expected)
                    self.assertEqual(holding(self.sim, name) is not None, after == "D")
                    cells += 1
        print(f"# {cells} cells", flush=True)

    def test_other_columns_in_each_state(self):
        """An unfinished row takes any of them; an absent one none; a domain's name stays."""
        for state in "ABCD":
            index = self.make(state, f"cols-{state}")
            self.forget()
            error = {"A": "inconsistentName"}.get(state, "noError")
            for column, value in (("NumVCPU", 3), ("MemSize", 768), ("NumCrypto", 0)):
                self.expect(error, (index, column, value))
                if state != "A":
                    self.wait_shown(index, column, value)
            self.expect({"A": "inconsistentName", "D": "inconsistentValue"}.get(state, "noError"),
                        (index, "Name", f"renamed-{state}"))
            self.expect({"A": "inconsistentName", "D": "inconsistentValue"}.get(state, "noError"),
                        (index, "Template", "some"))
            self.assertEqual(self.commands(), ["set-vcpu cols-D 3", "set-memory cols-D 768"]
                             if state == "D" else [])

    def wait_shown(self, index, column, value):
        wait_for(lambda: self.get(index, column) == value, 5, f"{column} {value}")


class Details(Rows):
    pool = {"inactive": 6}

    def go(self, index, name, **more):
        return [(index, "RowStatus", "createAndGo"), (index, "Name", name),
                *((index, column, value) for column, value in dict(READY, **more).items())]

    def test_what_is_missing(self):
        index = self.next_index()
        whole = self.go(index, "whole")
        for missing in (1, 2, 3):
            self.expect("inconsistentValue", *(v for i, v in enumerate(whole) if i != missing))
        self.assertEqual(self.commands(), [])
        self.assertIsNone(self.row(index))

    def test_everything_in_every_order(self):
        for turn in range(5):
            index = self.next_index()
            varbinds = self.go(index, f"order{turn}", AdminState="bound")
            self.expect("noError", *(varbinds[turn:] + varbinds[:turn]))
            self.assertEqual(self.wait_ended(index), "succeeded")
            self.assertEqual(self.commands(), [f"add-domain order{turn}", f"bind-domain order{turn}"])
            self.forget()

    def test_two_at_once(self):
        first, second = self.next_index(), self.next_index() + 1
        self.expect("noError", *self.go(first, "twin1"), *self.go(second, "twin2"))
        for index in (first, second):
            self.assertEqual(self.wait_ended(index), "succeeded")
        self.assertEqual(self.commands(), ["add-domain twin1", "add-domain twin2"])
        self.assertEqual([self.get(i, "Name") for i in (first, second)], [b"twin1", b"twin2"])

    def test_two_of_one_name(self):
        first, second = self.next_index(), self.next_index() + 1
        self.expect("inconsistentValue", *self.go(first, "same"), *self.go(second, "same"))
        self.assertEqual(self.commands(), [])

    def test_create_one_remove_another(self):
        """Removal cannot be taken back: it comes last, and one that is refused leaves nothing new."""
        gone = self.take("inactive")
        index = self.next_index()
        self.expect("noError", (gone, "RowStatus", "destroy"), *self.go(index, "instead"))
        self.assertEqual(self.wait_ended(index), "succeeded")
        self.assertEqual(self.commands(), ["add-domain instead", f"remove-domain {gone}"])
        stays = self.take("inactive")
        index = self.next_index()
        self.forget()
        self.fault(f"refuse:no@remove-domain/{stays}")
        self.expect("commitFailed", (stays, "RowStatus", "destroy"), *self.go(index, "never"))
        self.assertEqual(self.commands(), ["add-domain never", f"remove-domain {stays}",
                                           "remove-domain never"])
        self.assertIsNone(self.row(index))
        self.agree(stays)

    def test_destroy_two(self):
        """Both irreversible."""
        a, b = self.take_many(2, "inactive")
        self.expect("inconsistentValue", (a, "RowStatus", "destroy"), (b, "RowStatus", "destroy"))
        self.assertEqual(self.commands(), [])

    def test_destroy_what_never_was(self):
        """Again, or a number that never had a row: it is not there, as asked."""
        guest = self.take("inactive")
        for _ in range(4):
            self.expect("noError", (guest, "RowStatus", "destroy"))
        self.settle(guest)
        self.expect("noError", (self.next_index() + 5, "RowStatus", "destroy"))
        self.assertEqual(self.commands(), [f"remove-domain {guest}"])

    def test_retries(self):
        """Lost answers: the same again and again, one command."""
        index = self.next_index()
        for _ in range(4):
            self.expect("noError", *self.go(index, "again"))
        self.settle(index)
        self.assertEqual(self.commands(), ["add-domain again"])
        # With another value it is another order.
        self.expect("inconsistentValue", *self.go(index, "again", MemSize=1024))

    def test_retry_while_it_runs(self):
        index = self.next_index()
        self.fault("delay:3@add-domain/slow")
        for _ in range(3):
            self.expect("noError", *self.go(index, "slow"))
        self.assertEqual(self.wait_ended(index), "succeeded")
        self.assertEqual(self.commands(), ["add-domain slow"])
        self.assertEqual(self.row(index), 1)

    def test_creation_whose_answer_is_lost(self):
        """The connection goes after, during and before ldmd did it."""
        for fault, made in (("close-after", True), ("close-during", True)):
            with self.subTest(fault):
                index = self.next_index()
                name = f"lost-{fault}"
                self.forget()
                self.fault(f"{fault}@add-domain/{name}")
                self.expect("noError", *self.go(index, name))
                self.assertEqual(self.wait_ended(index), "succeeded")
                self.assertEqual(self.commands(), [f"add-domain {name}"])
                self.assertEqual(self.get(index, "Name", "RowStatus"), [name.encode(), 1])
                self.assertEqual(holding(self.sim, name) is not None, made)

    def test_ldmd_knows_the_name(self):
        """An operator was faster, and the snapshot does not know it yet."""
        self.fault("no-events")
        ask(self.sim, "do add-domain quick")
        index = self.next_index()
        answer = self.set(*self.go(index, "quick"))
        self.assertIn(answer.error, ("commitFailed", "inconsistentValue"))
        wait_for(lambda: b"quick" in [value for _, value in
                                      self.manager.walk(sets.varbind(0, "Name", "")[0][:-2])],
                 15, "the operator's domain")
        self.assertEqual(self.commands(), [c for c in self.commands() if "remove" not in c])
        self.assertIsNotNone(holding(self.sim, "quick"))

    def test_chosen_index(self):
        """Anywhere in the next 1024; what was jumped over is never used."""
        first = self.next_index()
        self.expect("noError", *self.go(first + 1023, "far"))
        self.assertEqual(self.next_index(), first + 1024)
        self.expect("inconsistentName", *self.go(first + 5, "back"))
        self.assertEqual(self.commands(), ["add-domain far"])

    def test_unfinished_rows_are_not_counted(self):
        number = scalar(self.rig, "ldomNumber")
        index = self.make("B", "ghost")
        self.assertEqual(scalar(self.rig, "ldomNumber"), number)
        self.assertIsNone(holding(self.sim, "ghost"))
        columns = [name for name in sets.harness.COLUMNS if name != "Index"]
        self.assertNotIn(None, self.get(index, *columns), "a row has every column")
        self.expect("noError", (index, "RowStatus", "destroy"))

    def test_unfinished_rows_go_with_a_restart(self):
        index = self.make("C", "phantom")
        self.agent.stop()
        self.agent.start()
        self.rig.wait_serving()
        self.assertIsNone(self.row(index))
        self.assertGreater(self.next_index(), index)
        # The name is free again.
        index = self.next_index()
        self.expect("noError", *self.go(index, "phantom"))
        self.assertEqual(self.wait_ended(index), "succeeded")

    def test_read_only(self):
        index = self.next_index()
        self.agent.configure("readOnly yes\n")
        self.agent.reload()
        try:
            wait_for(lambda: self.set(*self.go(index, "ro")).error == "notWritable", 5, "notWritable")
            self.expect("notWritable", (index, "RowStatus", "destroy"))
        finally:
            self.agent.configure("")
            self.agent.reload()
        self.assertEqual(self.commands(), [])


class History(sets.TestCase):
    """The last 256 operations, also those of the runs before."""
    pool = {"active": 3}

    def operations(self):
        return {int(name.rpartition(".")[2]): value
                for name, value in self.manager.walk(f"{sets.OPERATION}.5")}

    def test_history(self):
        guest = self.take("active")
        for i in range(20):
            self.expect("noError", (guest, "NumVCPU", 5 + i % 2))
            self.settle(guest)
        before = self.operations()
        self.assertGreaterEqual(len(before), 20)
        self.assertEqual(self.agent.stop(), 0)
        self.agent.start()
        self.rig.wait_serving()
        self.assertEqual(self.operations(), before)
        # What follows has higher numbers, and the row of the domain knows its last one.
        self.assertEqual(self.get(guest, "OperationIndex"), max(before))
        self.expect("noError", (guest, "NumVCPU", 7))
        self.settle(guest)
        self.assertEqual(self.get(guest, "OperationIndex"), max(before) + 1)
        for i in range(300):
            self.expect("noError", (guest, "NumVCPU", 5 + i % 2))
            self.settle(guest)
        now = self.operations()
        self.assertEqual(len(now), 256)
        self.assertEqual(max(now) - min(now), 255)
        transactions = [value for _, value in self.manager.walk(f"{sets.OPERATION}.2")]
        self.assertEqual(transactions, sorted(transactions))
