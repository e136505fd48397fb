"""ldomSaveConfig: a name written to it becomes a configuration on the service processor, once, and the
operation row says what became of it, whatever ldmd does."""
import time

import harness
import inventory
import sets
from harness import SCALARS, scalar, wait_for
from sets import ask

SAVE = SCALARS["ldomSaveConfig"]


class Base(sets.TestCase):
    pool = {"active": 5}
    host = {"cores": 32, "memory_gb": 64}

    def save(self, name, *more, kind="s"):
        answer = self.manager.set(*(sets.varbind(*varbind) for varbind in more), (SAVE, kind, name))
        if answer.took >= self.set_wait_seconds():
            type(self).waited_in_vain = time.monotonic()
        return answer

    def expect_save(self, error, name, *more, **kind):
        answer = self.save(name, *more, **kind)
        if not self.came_late(answer, error):
            self.assertEqual(answer.error, error, f"{name}\n{self.agent.log()[-600:]}")
        return answer

    def row(self):
        """The last row about the host."""
        rows = [name.rpartition(".")[2] for name, value in self.manager.walk(f"{sets.OPERATION}.3") if value == 0]
        return self.operation_row(int(rows[-1])) if rows else None

    def wait_row(self, name, timeout=30):
        """The row of the last SET about the host, when that was save=NAME and has ended."""
        def ended():
            row = self.row()
            return row and row["Request"] == f"save={name}" and row["Status"] in sets.ENDED and row
        return wait_for(ended, timeout, f"the end of save={name}")

    def held(self):
        return {config["name"]: config["status"] for config in sets.dump(self.sim)["spconfigs"]}

    def shown(self):
        return {row["Name"].decode() for row in inventory.read_table(self.rig, "ldomSPConfig").values()}

    def saves(self):
        return [entry["detail"] for entry in self.log() if entry["action"] == "add-spconfig"]

    def unsaved(self):
        return scalar(self.rig, "ldomConfigUnsaved") == 1

    def last_refusal(self):
        return scalar(self.rig, "ldomLastRefusalText").decode()


class Save(Base):
    conf = "setAllow save\ncommandTimeout 3s\n"

    def test_it_is_saved(self):
        guest = self.take("active")
        self.expect("noError", (guest, "NumVCPU", 6))
        self.wait_ended(guest)
        self.assertTrue(self.unsaved())
        self.expect_save("noError", "spring")
        row = self.wait_row("spring")
        self.assertEqual((row["Status"], row["StepsDone"], row["StepsPlanned"], row["DomainName"]),
                         ("succeeded", 1, 1, ""))
        wait_for(lambda: not self.unsaved(), 10, "ldomConfigUnsaved")
        wait_for(lambda: "spring" in self.shown(), 10, "the row of ldomSPConfigTable")
        self.assertEqual(self.held()["spring"], "current")
        self.assertEqual(self.rig.get(SAVE), b"")
        self.assertIn("save=spring: succeeded", self.agent.log())
        # What is changed after that is unsaved again.
        self.expect("noError", (guest, "NumVCPU", 5))
        self.wait_ended(guest)
        self.assertTrue(self.unsaved())

    def test_never_twice(self):
        self.expect_save("noError", "once")
        self.wait_row("once")
        # What a manager sends again because the answer was lost is not done again.
        self.expect_save("noError", "once")
        self.assertEqual(len(self.saves()), 1)
        # Another change, and the same is an order of its own.
        guest = self.take("active")
        wait_for(lambda: "once" in self.shown(), 10, "the row of ldomSPConfigTable")
        self.expect_save("noError", "twice")
        self.wait_row("twice")
        self.assertEqual(self.save("once").error, "inconsistentValue")
        self.assertEqual(self.last_refusal(), "a configuration of this name exists, and is never "
                         'overwritten (ldomSaveConfig.0 = "once")')
        self.assertEqual(self.save("factory-default", (guest, "NumVCPU", 7)).error, "inconsistentValue")
        self.assertEqual(len(self.saves()), 2)
        self.assertHeld(guest, vcpus=4)

    def test_values(self):
        for value, kind, error in ((b"a" * 70, "s", "wrongLength"), ("a b", "s", "wrongValue"), ("", "s", "wrongValue"),
                                   ("-a", "s", "wrongValue"), ("größer", "s", "wrongValue"), (7, "i", "wrongType")):
            self.assertEqual(self.save(value, kind=kind).error, error, value)
        self.assertEqual(self.manager.set((SAVE[:-1] + "1", "s", "x")).error, "noCreation")
        self.assertEqual(self.manager.set((SAVE, "s", "x1"), (SAVE, "s", "x2")).error, "inconsistentValue")
        self.assertEqual(self.saves(), [])
        self.expect_save("noError", "n" * 69)
        self.wait_row("n" * 69)
        self.assertIn("n" * 69, self.held())

    def test_ldmd_refuses(self):
        self.fault("refuse:the service processor is busy@add-spconfig#1")
        self.expect_save("commitFailed", "refused")
        row = self.wait_row("refused")
        self.assertEqual((row["Status"], row["Message"]), ("failed", "the service processor is busy"))
        self.assertNotIn("refused", self.held())

    def test_reported_as_failed_and_done(self):
        self.fault("fail-but-do:internal error@add-spconfig#1")
        self.expect_save("commitFailed", "doubtful")
        row = self.wait_row("doubtful")
        self.assertEqual((row["Status"], row["Message"]), ("unknown", "internal error"))
        self.assertIn("doubtful", self.held())

    def test_late(self):
        self.fault("work-late:1.2@add-spconfig#1")
        self.assertEqual(self.save("late").error, "noError")
        row = self.wait_row("late")
        self.assertEqual(row["Status"], "succeeded")
        self.assertIn("late", self.held())
        self.assertEqual(len(self.saves()), 1)

    def test_the_answer_is_lost(self):
        self.fault("lost-then-done:1@add-spconfig#1")
        self.assertEqual(self.save("lost").error, "noError")
        self.assertEqual(self.wait_row("lost")["Status"], "succeeded")
        self.assertEqual(len(self.saves()), 1)

    def test_no_answer_and_never_done(self):
        self.fault("close-before@add-spconfig#1")
        self.assertEqual(self.save("gone").error, "noError")
        row = self.wait_row("gone")
        self.assertEqual(row["Status"], "unknown")
        self.assertNotIn("gone", self.held())

    def test_somebody_else_is_first(self):
        """The snapshot does not have the name yet; the look before the command does."""
        self.fault("no-events@event")
        ask(self.sim, "do add-spconfig - theirs")
        answer = self.save("theirs")
        if answer.error != "inconsistentValue":
            self.assertIn(answer.error, ("commitFailed", "noError"))
            row = self.wait_row("theirs")
            self.assertEqual((row["Status"], row["StepsDone"]), ("failed", 0))
        self.assertEqual(self.saves(), [])

    def test_together_with_a_change(self):
        guest, other = self.take_many(2)
        self.expect_save("noError", "both", (guest, "NumVCPU", 6), (other, "MemSize", 2048))
        self.wait_row("both")
        self.wait_ended(guest)
        self.assertEqual([entry["action"] for entry in self.log()][-1], "add-spconfig")
        wait_for(lambda: not self.unsaved(), 10, "ldomConfigUnsaved")


class Together(Base):
    """One SET is one transaction."""
    pool = {"active": 6}
    conf = "setAllow save\ncommandTimeout 3s\n"

    def test_a_change_fails(self):
        guest = self.take("active")
        self.fault(f"refuse:no@set-vcpu/{guest}#1")
        self.expect_save("commitFailed", "never", (guest, "NumVCPU", 6))
        self.assertEqual(self.wait_row("never")["Status"], "failed")
        self.assertEqual(self.saves(), [])
        self.agree(guest)

    def test_saving_fails(self):
        guest = self.take("active")
        self.fault("refuse:no@add-spconfig#1")
        self.expect_save("commitFailed", "neither", (guest, "NumVCPU", 6))
        self.assertEqual(self.wait_row("neither")["Status"], "failed")
        self.assertEqual(self.wait_ended(guest), "rolledBack")
        self.assertHeld(guest, vcpus=4)

    def test_with_what_cannot_be_taken_back(self):
        guest = self.take("active")
        self.assertEqual(self.save("stop", (guest, "AdminState", "bound")).error, "inconsistentValue")
        self.assertIn("steps that cannot be undone", self.last_refusal())
        self.assertEqual(self.commands(), [])

    def test_one_at_a_time(self):
        self.fault("work-late:2@add-spconfig#1")
        self.save("first")
        self.assertEqual(self.save("second").error, "inconsistentValue")
        self.assertIn("another configuration is being saved", self.last_refusal())
        self.assertEqual(self.wait_row("first")["Status"], "succeeded")
        self.assertNotIn("second", self.held())

    def test_the_agent_is_killed(self):
        self.fault("work-late:3@add-spconfig#1")
        self.save("killed")
        wait_for(lambda: self.saves(), 10, "the command")
        self.agent.kill()
        self.agent.start()
        self.rig.wait_serving()
        self.assertEqual(self.wait_row("killed", 60)["Status"], "succeeded")
        self.assertIn("killed", self.held())
        self.assertEqual(len(self.saves()), 1)


class NotAllowed(Base):

    def test_it_is_off_by_default(self):
        self.assertEqual(self.save("spring").error, "inconsistentValue")
        self.assertEqual(self.last_refusal(),
                         'saving is allowed only where setAllow says save (ldomSaveConfig.0 = "spring")')
        self.assertEqual(self.saves(), [])


class AllOfDomains(Base):
    conf = "setAllow all\n"

    def test_all_is_about_domains(self):
        self.assertEqual(self.save("spring").error, "inconsistentValue")


class ReadOnly(Base):
    conf = "setAllow save\nreadOnly yes\n"

    def test_read_only(self):
        self.assertEqual(self.save("spring").error, "notWritable")
        self.assertEqual(self.saves(), [])


class DataVersion2(Base):
    conf = "setAllow save\n"
    bed_options = {"sim_options": ["-d", "2.0"]}

    def test_it_is_saved(self):
        self.expect_save("noError", "old")
        self.assertEqual(self.wait_row("old")["Status"], "succeeded")
        self.assertIn("old", self.held())


if __name__ == "__main__":
    harness.unittest.main()
