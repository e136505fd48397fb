"""SET that works: each cell of the state table, each amount in each state, any mix in any order;
and what is to be seen of it: the next read, the operation row, the log, the simulator's log."""
import itertools
import re

import sets
from sets import ADMIN, ENDED, ENDED_NUMBERS, ask, scalar, wait_for

BIND, START, STOP, FORCE, UNBIND = ("bind-domain", "start-domain", "stop-domain", "stop-domain -f",
                                    "unbind-domain")
# What becomes of ldomAdminState := row, from column; None: inconsistentValue.
STATE_TABLE = {
    "active": {"inactive": [BIND, START], "bound": [START], "active": []},
    "bound": {"inactive": [BIND], "bound": [], "active": [STOP]},
    "inactive": {"inactive": [], "bound": [UNBIND], "active": [STOP, UNBIND]},
    "forceStop": {"inactive": [], "bound": [], "active": [FORCE]},
    "restart": {"inactive": None, "bound": None, "active": [STOP, START]},
}
REACHED = {"active": "active", "bound": "bound", "inactive": "inactive", "restart": "active"}


def commands_on(guest, actions):
    return [f"{action} {guest.name}" for action in actions]


class StateTable(sets.TestCase):
    pool = {"inactive": 8, "bound": 8, "active": 24}
    conf = "refreshInterval 1s\n"  # no event tells of what the operator begins

    def test_settled(self):
        """The first three columns."""
        for target, cells in STATE_TABLE.items():
            for state, actions in cells.items():
                with self.subTest(f"{target} from {state}"):
                    self.settled(target, state, actions)

    def settled(self, target, state, actions):
        guest = self.take(state)
        if actions is None:
            self.expect("inconsistentValue", (guest, "AdminState", target))
            self.assertEqual(self.commands(guest), [])
            self.assertIsNone(self.operation(guest))
            self.agree(guest)
            return
        self.expect("noError", (guest, "AdminState", target))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.commands(guest), commands_on(guest, actions))
        self.assertHeld(guest, state=REACHED.get(target, "bound" if state != "inactive" else state))
        self.agree(guest)
        row = self.operation(guest)
        self.assertEqual((row["StepsPlanned"], row["StepsDone"]), (len(actions), len(actions)))

    def begin(self, guest, action):
        """The administrator at the host begins something that takes long; the table shows it."""
        ask(self.sim, "wait 30")
        ask(self.sim, f"begin {action} {guest.name}")
        self.wait_agree(guest)
        self.assertIn(self.get(guest, "OperState"), (2, 4, 5, 7))

    def test_in_transition(self):
        """The last column, for a transition that no operation of the agent began."""
        for action, state in ((STOP, "active"), (START, "bound"), (UNBIND, "bound"),
                              (BIND, "inactive")):
            guest = self.take(state)
            self.begin(guest, action)
            for target in ("active", "bound", "inactive", "restart"):
                with self.subTest(f"{target} while {action}"):
                    self.expect("inconsistentValue", (guest, "AdminState", target))
            for column, value in (("NumVCPU", 9), ("MemSize", 2048), ("NumCrypto", 1)):
                with self.subTest(f"{column} while {action}"):
                    self.expect("inconsistentValue", (guest, column, value))
            self.assertEqual(self.commands(guest), [])

    def test_force_stop_of_a_stopping_guest(self):
        guest = self.take("active")
        self.begin(guest, STOP)
        self.expect("noError", (guest, "AdminState", "forceStop"))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.commands(guest), commands_on(guest, [FORCE]))
        self.assertHeld(guest, state="bound")
        self.agree(guest)

    def test_running_target(self):
        """The same again is noError and no command; another target is not."""
        guest = self.take("active")
        ask(self.sim, "wait 5")
        self.expect("noError", (guest, "AdminState", "bound"))
        self.assertEqual(self.get(guest, "AdminState", "OperationStatus"), [2, 2])
        for _ in range(3):
            self.expect("noError", (guest, "AdminState", "bound"))
        for target in ("active", "inactive", "restart"):
            self.expect("inconsistentValue", (guest, "AdminState", target))
        self.expect("inconsistentValue", (guest, "NumVCPU", 5))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.commands(guest), commands_on(guest, [STOP]))
        self.agree(guest)

    def test_reads_as_the_target_while_it_runs(self):
        """ldomAdminState reads active during a restart, whatever state ldomOperState shows."""
        guest = self.take("active")
        ask(self.sim, "wait 1.5")
        self.expect("noError", (guest, "AdminState", "restart"))
        seen = set()

        def ended():
            admin, oper, status = self.get(guest, "AdminState", "OperState", "OperationStatus")
            if status == 2:
                seen.add((admin, oper))
            return status in ENDED_NUMBERS
        wait_for(ended, 20, "the restart")
        self.assertEqual({admin for admin, _ in seen}, {ADMIN["active"]})
        self.assertGreater(len({oper for _, oper in seen}), 1, "the states between were not shown")
        self.assertEqual(self.commands(guest), commands_on(guest, [STOP, START]))
        self.wait_agree(guest)

    def test_force_stop_pre_empts(self):
        """A graceful stop that hangs is cut short; so is a restart, which does not start again."""
        for target in ("bound", "inactive", "restart"):
            with self.subTest(target):
                guest = self.take("active")
                ask(self.sim, "wait 20")
                self.expect("noError", (guest, "AdminState", target))
                first = self.operation(guest)
                self.assertEqual(first["Status"], "running")
                wait_for(lambda: self.commands(guest), 5, "the stop")
                self.expect("noError", (guest, "AdminState", "forceStop"))
                ask(self.sim, "wait 0.05")
                self.assertEqual(self.wait_ended(guest), "succeeded")
                self.assertEqual(self.commands(guest), commands_on(guest, [STOP, FORCE]))
                self.assertHeld(guest, state="bound")
                self.agree(guest)
                self.assertNotEqual(self.operation(guest)["Index"], first["Index"])
                wait_for(lambda: self.operation_row(first["Index"])["Status"] in ENDED, 20,
                         "the end of what was cut short")

    def up(self, guest):
        """Waits until the guest's operating system runs; before, it takes part in no change."""
        wait_for(lambda: sets.holding(self.sim, guest.name)["flags"][1] == "n", 10, "the guest's OS")

    def test_restart_again_is_the_same_restart(self):
        """A manager's retry within 10 s of the end, with its own request id, is no second restart."""
        guest = self.take("active")
        for _ in range(3):
            self.expect("noError", (guest, "AdminState", "restart"))
            self.wait_ended(guest)
        self.assertEqual(self.commands(guest), commands_on(guest, [STOP, START]))
        self.up(guest)
        # Another change of the row came between, so this restart is a new one.
        self.expect("noError", (guest, "NumVCPU", 5))
        self.wait_ended(guest)
        self.expect("noError", (guest, "AdminState", "restart"))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.commands(guest), commands_on(guest, [STOP, START]) +
                         [f"set-vcpu {guest} 5"] + commands_on(guest, [STOP, START]))

    def test_restart_after_the_operator_touched_it(self):
        guest = self.take("active")
        self.expect("noError", (guest, "AdminState", "restart"))
        self.wait_ended(guest)
        self.up(guest)
        ask(self.sim, f"do set-vcpu {guest} 3")
        self.wait_agree(guest)
        self.forget()
        self.expect("noError", (guest, "AdminState", "restart"))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.commands(guest), commands_on(guest, [STOP, START]))

    def test_guest_at_openboot(self):
        """The guest has no operating system to be asked; ldmd stops it all the same."""
        guest = self.take("active")
        ask(self.sim, f"guest {guest} obp")
        self.expect("noError", (guest, "AdminState", "bound"))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertHeld(guest, state="bound")
        self.agree(guest)

    def test_stop_that_times_out_and_then_stops(self):
        guest = self.take("active")
        self.fault(f"stop-timeout:0.7@stop-domain/{guest}")
        self.expect("noError", (guest, "AdminState", "inactive"))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.commands(guest), commands_on(guest, [STOP, UNBIND]))
        self.assertHeld(guest, state="inactive")
        self.agree(guest)


class ForceStopAfter(sets.TestCase):
    pool = {"active": 2}
    conf = "forceStopAfter 1s\n"

    def test_takes_too_long(self):
        guest = self.take("active")
        ask(self.sim, "wait 20")
        self.expect("noError", (guest, "AdminState", "bound"))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.commands(guest), commands_on(guest, [STOP, FORCE]))
        self.agree(guest)

    def test_in_time(self):
        guest = self.take("active")
        self.expect("noError", (guest, "AdminState", "bound"))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.commands(guest), commands_on(guest, [STOP]))


class Amounts(sets.TestCase):
    pool = {"inactive": 12, "bound": 12, "active": 16}

    # column, LDM command, key at the simulator, first value, a larger one, a smaller one
    CASES = (("NumVCPU", "set-vcpu", "vcpus", 8, 12, 5),
             ("MemSize", "set-memory", "memory", 2048, 2560, 1792),
             ("NumCrypto", "set-mau", "mau", 1, 2, 0))

    def test_each_in_each_state(self):
        for column, command, key, first, larger, smaller in self.CASES:
            for state in ("inactive", "bound", "active"):
                with self.subTest(f"{column} of a domain that is {state}"):
                    self.grow_and_shrink(state, column, command, key, first, larger, smaller)

    def grow_and_shrink(self, state, column, command, key, first, larger, smaller):
        # Crypto units sit on cores: there have to be two.
        guest = self.take(state, **{"vcpus": 16 if key == "mau" else 8, "memory": 2048, "crypto": 1})
        self.assertEqual(self.get(guest, column), first)
        for value in (larger, smaller, first):
            self.forget()
            self.expect("noError", (guest, column, value))
            self.wait_ended(guest)
            # No wait for a refresh: the verdict brought the snapshot that shows it.
            self.assertEqual(self.get(guest, column), value)
            self.assertEqual(self.commands(guest), [f"{command} {guest} {value}"])
            self.assertHeld(guest, **{key: value, "state": state})
            self.agree(guest)

    def test_the_answer_brings_the_new_value(self):
        """What is finished when the SET is answered is there for a GET in the same millisecond."""
        guest = self.take("active")
        for vcpus in range(5, 25):
            answer = self.expect("noError", (guest, "NumVCPU", vcpus))
            if self.came_late(answer, "commitFailed"):
                self.settle(guest)  # not finished when it was answered
            self.assertEqual(self.get(guest, "NumVCPU", "OperationStatus"), [vcpus, 3])

    def test_already_there(self):
        """noError, and nobody asks ldmd to change anything."""
        for state in ("inactive", "bound", "active"):
            guest = self.take(state, vcpus=7, memory=1280)
            self.expect("noError", (guest, "NumVCPU", 7), (guest, "MemSize", 1280),
                        (guest, "NumCrypto", 0), (guest, "AdminState", state))
            self.wait_ended(guest)
            self.assertEqual(self.commands(), [])
            self.agree(guest)

    def test_ldmd_had_it_before_the_snapshot(self):
        """The snapshot is old, so the SET seems to need a command; the look before it finds no need."""
        guest = self.take("active")
        self.fault("no-events")
        ask(self.sim, f"do set-vcpu {guest} 9")
        self.expect("noError", (guest, "NumVCPU", 9))
        self.wait_ended(guest)
        self.assertEqual(self.commands(guest), [])
        self.assertEqual(self.get(guest, "NumVCPU"), 9)
        self.agree(guest)

    def test_memory_of_odd_sizes(self):
        """Rounded up by ldmd while bound, left as it is while inactive; the table rounds down."""
        guest = self.take("bound", memory=1024)
        self.expect("noError", (guest, "MemSize", 1025))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.get(guest, "MemSize"), 1028)
        self.assertEqual(self.commands(guest), [f"set-memory {guest} 1025"])
        self.agree(guest)
        guest = self.take("inactive", memory=1024)
        self.expect("noError", (guest, "MemSize", 1025))
        self.wait_ended(guest)
        self.assertHeld(guest, memory=1025)
        self.agree(guest)

    def test_memory_that_is_no_multiple(self):
        """Memory of an active domain comes in steps of 256 MB: ldmd judges that, and its text is told."""
        guest = self.take("active", memory=1024)
        self.expect("commitFailed", (guest, "MemSize", 1124))
        self.assertEqual(self.wait_ended(guest), "failed")
        self.assertIn("256MB", self.operation(guest)["Message"])
        self.assertHeld(guest, memory=1024)
        self.agree(guest)

    def test_memory_that_is_not_given_back(self):
        guest = self.take("active", memory=2048)
        self.fault(f"partial:256M@set-memory/{guest}")
        self.expect("noError", (guest, "MemSize", 1024))
        self.assertEqual(self.wait_ended(guest), "partial")
        self.assertHeld(guest, memory=1792)
        self.assertEqual(self.get(guest, "MemSize"), 1792)
        self.assertEqual(self.commands(guest), [f"set-memory {guest} 1024"])
        self.agree(guest)

    def test_what_an_inactive_domain_wants_may_exceed_what_is_free(self):
        guest = self.take("inactive")
        self.expect("noError", (guest, "NumVCPU", 4000), (guest, "MemSize", 4_000_000),
                    (guest, "NumCrypto", 300))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertHeld(guest, vcpus=4000, memory=4_000_000, mau=300)
        self.agree(guest)


class Mixes(sets.TestCase):
    pool = {"inactive": 30, "active": 30, "bound": 4}

    def orders(self, guest_of, asked, commands):
        """Every order of the varbinds gives the same commands in the same order."""
        for order in itertools.permutations(asked.items()):
            with self.subTest([column for column, _ in order]):
                guest = guest_of()
                self.expect("noError", *((guest, column, value) for column, value in order))
                self.assertEqual(self.wait_ended(guest), "succeeded")
                self.assertEqual(self.commands(guest), [c.format(guest) for c in commands])
                self.agree(guest)

    def test_grow_and_start(self):
        """What an inactive domain shall have is stored before it is bound."""
        self.orders(lambda: self.take("inactive"),
                    {"NumVCPU": 8, "MemSize": 2048, "NumCrypto": 1, "AdminState": "active"},
                    ["set-vcpu {} 8", "set-memory {} 2048", "set-mau {} 1", "bind-domain {}",
                     "start-domain {}"])

    def test_shrink_and_stop(self):
        """The stop comes last, as it cannot be taken back."""
        self.orders(lambda: self.take("active"),
                    {"NumVCPU": 2, "MemSize": 768, "NumCrypto": 0, "AdminState": "bound"},
                    ["set-vcpu {} 2", "set-memory {} 768", "stop-domain {}"])

    def test_release_before_take(self):
        guest = self.take("active", vcpus=8, memory=1024)
        self.expect("noError", (guest, "NumVCPU", 12), (guest, "MemSize", 512))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.commands(guest), [f"set-memory {guest} 512", f"set-vcpu {guest} 12"])
        self.agree(guest)

    def test_crypto_units_follow_cores(self):
        """Crypto units are removed before the CPUs of their cores, and added after them."""
        guest = self.take("active")
        self.expect("noError", (guest, "NumCrypto", 2), (guest, "NumVCPU", 16))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.expect("noError", (guest, "NumVCPU", 1), (guest, "NumCrypto", 0))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.commands(guest),
                         [f"set-vcpu {guest} 16", f"set-mau {guest} 2", f"set-mau {guest} 0",
                          f"set-vcpu {guest} 1"])
        self.agree(guest)

    def test_unbind_and_change(self):
        """A domain that is unbound in the same PDU only has its constraints changed."""
        guest = self.take("bound")
        self.expect("noError", (guest, "NumVCPU", 900), (guest, "AdminState", "inactive"))
        self.assertEqual(self.wait_ended(guest), "succeeded")
        self.assertEqual(self.commands(guest), [f"unbind-domain {guest}", f"set-vcpu {guest} 900"])
        self.agree(guest)

    def test_same_value_twice(self):
        guest = self.take("active")
        self.expect("noError", (guest, "NumVCPU", 6), (guest, "NumVCPU", 6))
        self.wait_ended(guest)
        self.assertEqual(self.commands(guest), [f"set-vcpu {guest} 6"])


class Traces(sets.TestCase):
    pool = {"active": 8, "inactive": 2}

    def test_operation_row(self):
        guest = self.take("active", vcpus=4, memory=1024)
        before = self.manager.get(self.operation_name(guest)).values
        self.expect("noError", (guest, "NumVCPU", 6), (guest, "MemSize", 1536))
        self.wait_ended(guest)
        row = self.operation(guest)
        self.assertEqual(row["DomainIndex"], guest.index)
        self.assertEqual(row["DomainName"], guest.name)
        for word in ("vcpus=6", "memory=1536M"):
            self.assertIn(word, row["Request"].split())
            self.assertIn(word, row["NewValues"].split())
        for word in ("vcpus=4", "memory=1024M"):
            self.assertIn(word, row["OldValues"].split())
        self.assertEqual((row["StepsPlanned"], row["StepsDone"], row["Status"]), (2, 2, "succeeded"))
        self.assertGreater(row["Transaction"], 0)
        self.assertIn(len(row["StartTime"]), (8, 11))
        self.assertGreaterEqual(row["Duration"], 5)  # memory takes 50 ms
        self.assertLess(row["Duration"], 1000)
        self.assertNotEqual(before, self.manager.get(self.operation_name(guest)).values)

    def operation_name(self, guest):
        return sets.varbind(guest, "OperationIndex", 0)[0]

    def test_a_row_for_each_set(self):
        guest = self.take("active")
        indexes = []
        for vcpus in (5, 6, 7):
            self.expect("noError", (guest, "NumVCPU", vcpus))
            self.wait_ended(guest)
            row = self.operation(guest)
            indexes.append(row["Index"])
            self.assertIn(f"vcpus={vcpus}", row["Request"])
        self.assertEqual(indexes, sorted(set(indexes)))
        walked = {int(name.rpartition(".")[2]): value for name, value in
                  self.manager.walk(f"{sets.OPERATION}.5")}
        for index, vcpus in zip(indexes, (5, 6, 7)):
            self.assertEqual(walked[index], f"vcpus={vcpus}".encode())

    def test_row_while_it_runs(self):
        guest = self.take("active")
        ask(self.sim, "wait 4")
        self.expect("noError", (guest, "AdminState", "bound"))
        row = self.operation(guest)
        self.assertEqual(row["Status"], "running")
        self.assertEqual((row["StepsPlanned"], row["StepsDone"]), (1, 0))
        self.assertIn("state=bound", row["Request"])
        self.assertEqual(self.wait_ended(guest), "succeeded")

    def test_one_line_in_the_log(self):
        guest = self.take("active")
        self.expect("noError", (guest, "NumVCPU", 6))
        self.wait_ended(guest)
        row = self.operation(guest)
        self.agent.wait_log(rf"operation {row['Index']}\b", start=self.log_start)
        lines = [line for line in self.agent.log()[self.log_start:].splitlines()
                 if re.search(rf"operation {row['Index']}\b", line)]
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], rf'"{guest}".*vcpus=6.*succeeded')

    def test_a_line_for_a_refusal_by_ldmd(self):
        guest = self.take("active")
        self.fault(f"refuse:not today@set-vcpu/{guest}")
        self.expect("commitFailed", (guest, "NumVCPU", 6))
        self.assertEqual(self.wait_ended(guest), "failed")
        self.assertEqual(self.operation(guest)["Message"], "not today")
        self.agent.wait_log(rf'"{guest}".*failed.*not today', start=self.log_start)

    def test_counters_and_unsaved_configuration(self):
        guest = self.take("active")
        done, refused = (scalar(self.rig, name) for name in ("ldomSets", "ldomSetsRefused"))
        self.expect("noError", (guest, "NumVCPU", 6))
        self.expect("wrongValue", (guest, "NumVCPU", 65536))
        wait_for(lambda: scalar(self.rig, "ldomConfigUnsaved") == 1, 5, "unsaved")
        self.assertEqual(scalar(self.rig, "ldomSets"), done + 1)
        self.assertEqual(scalar(self.rig, "ldomSetsRefused"), refused + 1)

    def test_an_unchanged_value_is_not_an_unsaved_one(self):
        """Nothing was sent: nothing is lost at a power cycle. (The class's first SETs change.)"""
        guest = self.take("inactive")
        self.expect("noError", (guest, "AdminState", "inactive"))
        self.assertEqual(self.commands(), [])
