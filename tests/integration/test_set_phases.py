"""The phases of a SET one by one, by a master of the test's own: what each of them may change, what
may be missing, what may come twice or late."""
import time

import agentx_master
import harness
import sets
from harness import cell
from sets import ask, holding, varbind, wait_for

NO_ERROR, GEN_ERR, COMMIT_FAILED, UNDO_FAILED = 0, 5, 14, 15
OK = (NO_ERROR, 0)


class Phases(sets.ByHand):
    guests = 12
    shape = {"vcpus": 4, "memory": 1024}

    def held(self, row):
        domain = holding(self.sim, f"g{row - 2}")
        return domain["vcpus"], domain["memory"] >> 20, domain["state"]

    def shown(self, row):
        vcpus, memory, state = self.session.get(cell("NumVCPU", row), cell("MemSize", row),
                                                cell("OperState", row))
        return vcpus, memory, {number: word for word, number in sets.STATES.items()}[state]

    def agree(self, row):
        self.assertEqual(self.shown(row), self.held(row))

    def commit(self, transaction, *rows):
        """CommitSet, and the end of what it began: where everything is slow that is another moment."""
        self.assertEqual(self.session.commit_set(transaction), OK)
        for row in rows:
            self.wait_ended(row)

    def quiet(self, seconds=0.5):
        """Nothing is sent for a while, though the session goes on."""
        before = self.commands()
        self.session.serve_for(seconds)
        self.assertEqual(self.commands(), before)

    # -- before ACTION

    def test_test_set_alone_changes_nothing(self):
        self.assertEqual(self.session.test_set(1, self.vcpus(2, 8)), OK)
        self.quiet()
        self.assertEqual(self.commands(), [])
        self.assertEqual(self.status(2), "none")
        self.session.cleanup_set(1)
        self.quiet()
        self.assertEqual(self.commands(), [])

    def test_test_set_twice(self):
        for _ in range(2):
            self.assertEqual(self.session.test_set(1, self.vcpus(2, 8)), OK)
        self.commit(1, 2)
        self.session.cleanup_set(1)
        self.assertEqual(self.commands(), ["set-vcpu g0 8"])

    def test_set_without_test(self):
        error, _ = self.session.commit_set(77)
        self.assertNotEqual(error, NO_ERROR)
        self.assertEqual(self.commands(), [])
        self.assertEqual(self.session.set(78, self.vcpus(2, 8)), ("", 0, 0))

    def test_refused_then_cleaned_up(self):
        self.assertEqual(self.session.test_set(1, self.vcpus(2, 60000)), (13, 1))
        self.session.cleanup_set(1)
        self.assertEqual(self.session.set(2, self.vcpus(2, 8)), ("", 0, 0))
        self.wait_ended(2)
        self.assertEqual(self.commands(), ["set-vcpu g0 8"])

    def test_two_pdus_at_once(self):
        """Another session's, or another manager's: each its own transaction."""
        self.assertEqual(self.session.test_set(1, self.vcpus(2, 8)), OK)
        self.assertEqual(self.session.test_set(2, self.vcpus(3, 8)), OK)
        self.commit(2, 3)
        self.commit(1, 2)
        self.session.cleanup_set(1)
        self.session.cleanup_set(2)
        self.assertEqual(self.commands(), ["set-vcpu g1 8", "set-vcpu g0 8"])

    def test_same_row_in_two_pdus(self):
        """Both were found good before either began: the second waits for the first and finds it done."""
        self.assertEqual(self.session.test_set(1, self.vcpus(2, 8)), OK)
        self.assertEqual(self.session.test_set(2, self.vcpus(2, 6)), OK)
        self.assertEqual(self.session.commit_set(1), OK)
        error, _ = self.session.commit_set(2)
        self.assertIn(error, (NO_ERROR, COMMIT_FAILED))
        self.session.cleanup_set(1)
        self.session.cleanup_set(2)
        self.wait_ended(2)
        self.agree(2)
        self.assertIn(self.commands(), (["set-vcpu g0 8"], ["set-vcpu g0 8", "set-vcpu g0 6"]))

    # -- undo

    def undo(self, transaction):
        """
        An UndoSet waits a tenth of a second for the rollback, or until setWait after the TestSet.
        Where everything is slow that is over before; then undoFailed is the answer.
        """
        begun = time.monotonic()
        answer = self.session.undo_set(transaction)
        if time.monotonic() - begun < 0.1:
            self.assertEqual(answer, OK)
        else:
            self.assertIn(answer[0], (NO_ERROR, UNDO_FAILED))
        self.session.cleanup_set(transaction)

    def test_undo_of_what_is_done(self):
        """Another subagent's part of the PDU failed."""
        self.assertEqual(self.session.test_set(1, self.vcpus(2, 8) + [varbind(2, "MemSize", 1280)]), OK)
        self.commit(1, 2)
        self.assertEqual(self.shown(2), (8, 1280, "active"))
        self.undo(1)
        self.assertEqual(self.wait_ended(2), "rolledBack")
        self.assertEqual(self.shown(2), (4, 1024, "active"))
        self.agree(2)
        self.assertEqual(self.commands(), ["set-vcpu g0 8", "set-memory g0 1280",
                                           "set-memory g0 1024", "set-vcpu g0 4"])

    def test_undo_seconds_later(self):
        self.assertEqual(self.session.test_set(1, self.vcpus(2, 8)), OK)
        self.commit(1, 2)
        self.session.serve_for(2.5)
        self.undo(1)
        self.assertEqual(self.wait_ended(2), "rolledBack")
        self.agree(2)
        self.assertEqual(self.held(2)[0], 4)

    def test_undo_seconds_later_of_what_takes_long(self):
        """setWait counts from the TestSet: the rollback goes on, and nobody waits for it."""
        self.assertEqual(self.session.test_set(1, self.vcpus(2, 8)), OK)
        self.commit(1, 2)
        self.session.serve_for(1)
        ask(self.sim, "fault delay:3@set-vcpu/g0#1")
        begun = time.monotonic()
        self.assertEqual(self.session.undo_set(1)[0], UNDO_FAILED)
        self.assertLess(time.monotonic() - begun, 2.5)
        self.session.cleanup_set(1)
        self.assertEqual(self.wait_ended(2), "rolledBack")
        self.assertEqual(self.held(2)[0], 4)

    def test_undo_after_somebody_else_was_there(self):
        """The row moved on: what comes back is what this SET found, or the truth is told."""
        self.assertEqual(self.session.test_set(1, self.vcpus(2, 8)), OK)
        self.commit(1, 2)
        ask(self.sim, "do set-vcpu g0 6")
        wait_for(lambda: self.shown(2)[0] == 6, 10, "the operator's change")
        error, _ = self.session.undo_set(1)
        self.session.cleanup_set(1)
        status = self.wait_ended(2)
        if error == NO_ERROR:
            self.assertEqual((self.held(2)[0], status), (4, "rolledBack"))
        else:
            self.assertEqual(error, UNDO_FAILED)
        wait_for(lambda: self.shown(2) == self.held(2), 10, "agreement")

    def test_undo_while_it_runs(self):
        """What was sent is waited for, then taken back."""
        ask(self.sim, "fault delay:1.5@set-vcpu/g0#1")
        self.assertEqual(self.session.test_set(1, self.vcpus(2, 8)), OK)
        self.assertEqual(self.session.commit_set(1), OK)
        self.assertIn(self.status(2), ("running", "queued"))
        self.assertEqual(self.session.undo_set(1)[0], UNDO_FAILED)  # not in time
        self.session.cleanup_set(1)
        self.assertEqual(self.wait_ended(2), "rolledBack")
        self.assertEqual(self.commands(), ["set-vcpu g0 8", "set-vcpu g0 4"])
        self.agree(2)

    def test_undo_of_what_was_never_sent(self):
        """Four commands are out, so the fifth transaction waits for its turn and is dropped."""
        ask(self.sim, "fault delay:3@set-vcpu")
        for i in range(4):
            self.assertEqual(self.session.test_set(10 + i, self.vcpus(3 + i, 8)), OK)
            self.assertEqual(self.session.commit_set(10 + i), OK)
            self.session.cleanup_set(10 + i)
        self.assertEqual(self.session.test_set(1, self.vcpus(2, 8)), OK)
        self.assertEqual(self.session.commit_set(1), OK)
        self.undo(1)
        for i in range(4):
            self.assertEqual(self.wait_ended(3 + i), "succeeded")
        self.quiet()
        self.assertNotIn("g0", " ".join(self.commands()))
        self.agree(2)

    def test_cleanup_that_overtakes(self):
        """A master that does not wait for the answer to its CommitSet: no place is lost, 70 times."""
        ask(self.sim, "fault delay:0.02@set-vcpu")
        for i in range(70):
            row, value = 2 + i % 8, 5 + i // 8 % 2
            wait_for(lambda row=row: self.is_idle(row), 20, "the end")
            self.assertEqual(self.session.test_set(1 + i, self.vcpus(row, value)), OK, f"SET {i + 1}")
            packet = self.session.ask(agentx_master.COMMITSET, 1 + i)
            self.session.cleanup_set(1 + i)
            self.session.answer(packet)
        for row in range(2, 10):
            self.wait_ended(row)
        self.quiet()

    def test_undo_of_the_irreversible(self):
        for transaction, (target, row) in enumerate((("bound", 2), ("restart", 3), ("forceStop", 4)), 1):
            self.assertEqual(self.session.test_set(transaction, [varbind(row, "AdminState", target)]),
                             OK)
            self.commit(transaction, row)
            before = self.commands()
            self.assertEqual(self.session.undo_set(transaction)[0], UNDO_FAILED)
            self.session.cleanup_set(transaction)
            self.session.serve_for(0.3)
            self.assertEqual(self.commands(), before)
            self.agree(row)

    def test_undo_of_nothing(self):
        """ldmd was there already."""
        self.assertEqual(self.session.test_set(1, self.vcpus(2, 4)), OK)
        self.commit(1, 2)
        self.assertEqual(self.session.undo_set(1), OK)
        self.session.cleanup_set(1)
        self.assertEqual(self.commands(), [])

    def test_undo_after_cleanup_is_too_late(self):
        self.assertEqual(self.session.set(1, self.vcpus(2, 8)), ("", 0, 0))
        self.wait_ended(2)
        # When this is answered, the CleanupSet before it is over. Both in one packet would make
        # net-snmp's library (5.9.3) use what it has just freed; no master sends that.
        self.session.get(cell("Name", 2))
        self.session.ask(agentx_master.UNDOSET, 1)
        self.quiet()
        self.assertEqual(self.held(2)[0], 8)
        self.assertIsNotNone(self.session.get(cell("Name", 2))[0])

    def test_commit_that_fails_is_undone_by_itself(self):
        ask(self.sim, "fault refuse:no@set-memory/g0")
        self.assertEqual(self.session.test_set(1, self.vcpus(2, 8) + [varbind(2, "MemSize", 1280)]), OK)
        # noError: the refusal came later than setWait.
        self.assertIn(self.session.commit_set(1), ((COMMIT_FAILED, 2), OK))
        # No UndoSet has come yet, and none may ever come.
        self.assertEqual(self.wait_ended(2), "rolledBack")
        self.assertEqual(self.session.undo_set(1), OK)
        self.session.cleanup_set(1)
        self.assertEqual(self.wait_ended(2), "rolledBack")
        self.agree(2)

    # -- the end

    def test_no_cleanup_ever(self):
        """A master that forgets: the next PDU on the row is not held up."""
        self.assertEqual(self.session.test_set(1, self.vcpus(2, 8)), OK)
        self.commit(1, 2)
        self.assertEqual(self.session.set(2, self.vcpus(2, 6)), ("", 0, 0))
        self.wait_ended(2)
        self.assertEqual(self.commands(), ["set-vcpu g0 8", "set-vcpu g0 6"])
        self.agree(2)

    def test_many_in_a_row(self):
        """Faster than any manager: no place, no memory, no descriptor is lost."""
        def change(transaction):
            self.assertEqual(self.session.set(transaction, self.vcpus(2, 4 + transaction % 2)),
                             ("", 0, 0))
            # A disk that takes longer than setWait for the journal makes it a running one.
            self.assertEqual(self.wait_ended(2), "succeeded")
        for i in range(50):
            change(1000 + i)
        fds, memory = self.agent.descriptors(), self.agent.resident()
        begun = time.monotonic()
        for i in range(1000):
            change(2000 + i)
        took = time.monotonic() - begun
        print(f"# {1000 / took:.0f} SETs with a command per second", flush=True)
        self.assertLessEqual(self.agent.descriptors(), fds)
        self.assertLess(self.agent.resident(), memory + 2048 * harness.SLOW)
