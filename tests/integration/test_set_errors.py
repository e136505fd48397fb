"""SET that is refused: every error code, through every version of SNMP and through managers that
share no code, each with nothing changed at ldmd; and the conditions under which one is refused."""
import clients
import harness
import sets
from harness import ROOT, cell
from sets import Guest, ask, scalar, varbind, wait_for

# RFC 3584 4.4
V1 = {"wrongValue": "badValue", "wrongType": "badValue", "wrongLength": "badValue",
      "inconsistentValue": "badValue", "noAccess": "noSuchName", "notWritable": "noSuchName",
      "noCreation": "noSuchName", "inconsistentName": "noSuchName",
      "resourceUnavailable": "genErr", "commitFailed": "genErr", "undoFailed": "genErr",
      "noError": "noError"}
SETTABLE = {"Name": b"x", "AdminState": 1, "NumVCPU": 4, "MemSize": 1024, "NumCrypto": 0,
            "Template": b"x", "RowStatus": 1}
READ_ONLY = [column for column in harness.COLUMNS if column not in SETTABLE and column != "Index"]


class Codes(sets.TestCase):
    """
    Every code, by cases that can be repeated at will: what they need is set up once, on guests of
    their own, and none of them changes anything.
    """
    guests = [Guest("plain", vcpus=4, memory=1024), Guest("second", vcpus=4, memory=1024),
              Guest("idle", "inactive"), Guest("huge", "inactive", vcpus=30000, memory=1024),
              Guest("fat", "inactive", vcpus=1, memory=30_000_000),
              Guest("laid", "bound"), Guest("whole", wcore=1), Guest("boss"),
              Guest("slave", "inactive", master="boss"), Guest("going"), Guest("busy", memory=1024),
              Guest("moving"), Guest("refused")]
    host = {"cores": 64, "memory_gb": 64}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.by_name = {guest.name: guest for guest in cls.guests}

    def setUp(self):
        super().setUp()
        self.__dict__.update(self.by_name)
        ask(self.sim, "wait 900")
        for line in ("begin stop-domain going", "begin set-memory busy 2G", "migrate-out moving 9000"):
            self.sim.command(line)  # refused from the second test on, as it goes on by then
        ask(self.sim, f"wait {self.wait}")
        self.fault("refuse:no such luck@set-vcpu/refused")
        wait_for(lambda: (self.get(self.going, "OperState"), self.get(self.busy, "Flags")[2:3],
                          self.get(self.moving, "Flags")[5:6]) == (2, b"r", b"s"), 10, "the set-up")

    def cases(self):
        """[(what, error, index of the culprit, varbinds)]"""
        next_index = scalar(self.rig, "ldomNextIndex")
        found = []

        def case(what, error, index, *varbinds):
            found.append((what, error, index, [varbind(*v) if v[0] is not None else v[1]
                                               for v in varbinds]))

        def raw(name, kind, value):
            return None, (name, kind, value)

        plain = self.plain
        for column in READ_ONLY:
            case(f"{column} is read-only", "notWritable", 1, (plain, column, 1))
        case("index column", "notWritable", 1, (plain, "Index", ("u", 1)))
        case("unknown column", "notWritable", 1, raw(f"{harness.ENTRY}.99.{plain.index}", "i", 1))
        case("scalar", "notWritable", 1, raw(harness.SCALARS["ldomNextIndex"], "u", 1))
        case("unknown scalar", "notWritable", 1, raw(f"{ROOT}.1.1.999.0", "i", 1))
        case("operation row", "notWritable", 1, raw(f"{ROOT}.1.30.1.10.1", "i", 1))
        case("nothing there", "notWritable", 1, raw(f"{ROOT}.1.2.3.4.5.6", "i", 1))

        wrong = {"i": 1, "u": 1, "s": "1", "c": 1, "t": 1, "C": 1, "a": "127.0.0.1", "o": ".1.3.6",
                 "n": None}
        for column in SETTABLE:
            for kind, value in wrong.items():
                if kind != sets.TYPES[column]:
                    case(f"{column} as {kind}", "wrongType", 1, (plain, column, (kind, value)))
        case("name too long", "wrongLength", 1, (next_index, "Name", "n" * 257))
        case("template too long", "wrongLength", 1, (next_index, "Template", "t" * 65))
        for column, values in (("AdminState", (0, 6, -1, 2147483647)), ("NumVCPU", (65536, 2 ** 32 - 1)),
                               ("NumCrypto", (65536,)), ("RowStatus", (0, 7, -1, 3)),
                               ("Name", ("-a", "a b", "a/b", "a\nb", "\u00e9")),
                               ("Template", ("../x", "a/b", ".hidden", "a b"))):
            for value in values:
                case(f"{column} {value!r}", "wrongValue", 1, (plain, column, value))

        for index in (0, 2 ** 31, 2 ** 32 - 1):
            case(f"row {index}", "noCreation", 1, (index, "NumVCPU", 4))
        case("over-long instance", "noCreation", 1, raw(cell("NumVCPU", plain.index) + ".1", "u", 4))
        case("no instance", "noCreation", 1, raw(cell("NumVCPU", 1)[:-2], "u", 4))
        case("row that may come", "inconsistentName", 1, (next_index, "NumVCPU", 4))
        case("row too far away", "inconsistentName", 1, (next_index + 1024, "RowStatus", 4),
             (next_index + 1024, "Name", "far"), (next_index + 1024, "NumVCPU", 1),
             (next_index + 1024, "MemSize", 256))

        for target in ("active", "bound", "inactive", "restart"):
            case(f"{target} in transition", "inconsistentValue", 1, (self.going, "AdminState", target))
        case("CPUs in transition", "inconsistentValue", 1, (self.going, "NumVCPU", 9))
        case("restart of a bound one", "inconsistentValue", 1, (self.laid, "AdminState", "restart"))
        case("restart of an inactive one", "inconsistentValue", 1, (self.idle, "AdminState", "restart"))
        case("control domain", "inconsistentValue", 1, (1, "NumVCPU", 9))
        case("state of the control domain", "inconsistentValue", 1, (1, "AdminState", "forceStop"))
        case("master of others", "inconsistentValue", 1, (self.boss, "MemSize", 2048))
        case("migrating", "inconsistentValue", 1, (self.moving, "NumVCPU", 9))
        case("memory DR runs", "inconsistentValue", 1, (self.busy, "MemSize", 512))
        case("CPUs of whole cores", "inconsistentValue", 1, (self.whole, "NumVCPU", 4))
        case("twice, differently", "inconsistentValue", 2, (plain, "NumVCPU", 5), (plain, "NumVCPU", 6))
        case("renaming", "inconsistentValue", 1, (plain, "Name", "other"))
        case("template of a domain", "inconsistentValue", 1, (plain, "Template", "any"))
        case("creating what exists", "inconsistentValue", 1, (plain, "RowStatus", "createAndGo"))
        case("destroying what runs", "inconsistentValue", 1, (plain, "RowStatus", "destroy"))
        case("irreversible in two domains", "inconsistentValue", 2,
             (plain, "AdminState", "restart"), (self.second, "AdminState", "bound"))

        case("CPUs that are not free", "resourceUnavailable", 1, (plain, "NumVCPU", 1000))
        case("memory that is not free", "resourceUnavailable", 1, (plain, "MemSize", 1024 * 1024))
        case("crypto units that are not free", "resourceUnavailable", 1, (plain, "NumCrypto", 1000))
        case("the same, bound", "resourceUnavailable", 1, (self.laid, "MemSize", 1024 * 1024))
        case("bind without the CPUs", "resourceUnavailable", 1, (self.huge, "AdminState", "bound"))
        case("bind without the memory", "resourceUnavailable", 1, (self.fat, "AdminState", "active"))
        case("bind with too much of its own", "resourceUnavailable", None,
             (self.idle, "NumVCPU", 1000), (self.idle, "AdminState", "active"))

        case("ldmd refuses", "commitFailed", 1, (self.refused, "NumVCPU", 6))
        case("ldmd refuses the second", "commitFailed", 2, (self.refused, "MemSize", 512),
             (self.refused, "NumVCPU", 6))

        # The first test of RFC 3416 4.2.5 that fails wins, whatever varbind it is in.
        case("type before value", "wrongType", 2, (plain, "NumVCPU", 65536),
             (plain, "MemSize", ("i", 5)))
        case("not writable before type", "notWritable", 2, (plain, "NumVCPU", ("i", 1)),
             (plain, "OperState", 1))
        case("length before value", "wrongLength", 2, (plain, "AdminState", 9),
             (plain, "Template", "t" * 65))
        case("value before creation", "wrongValue", 2, (0, "NumVCPU", 1), (plain, "AdminState", 6))
        case("creation before inconsistency", "noCreation", 2, (self.laid, "AdminState", "restart"),
             (0, "NumVCPU", 1))
        case("inconsistency before resources", "inconsistentValue", 2, (plain, "NumVCPU", 1000),
             (self.going, "AdminState", "active"))
        case("resources before ldmd", "resourceUnavailable", 2, (self.refused, "NumVCPU", 6),
             (plain, "NumVCPU", 1000))
        case("the third of three", "wrongValue", 3, (plain, "NumVCPU", 5), (plain, "MemSize", 1280),
             (plain, "NumCrypto", 65536))
        case("the second of three", "inconsistentValue", 2, (plain, "NumVCPU", 5),
             (self.laid, "AdminState", "restart"), (plain, "MemSize", 1280))
        return found

    @staticmethod
    def essence(dumped):
        """What a SET could have changed."""
        return [{key: domain[key] for key in ("name", "state", "vcpus", "memory", "mau",
                                              "constraints", "uuid", "mac")}
                for domain in dumped["domains"]]

    def run_cases(self, client, mapping=None):
        before = self.essence(sets.dump(self.sim))
        # SNMP version 1 has no Counter64.
        cases = [case for case in self.cases() if not mapping or case[3][0][1] != "C"]
        alone = [case for case in cases if self.reaches_ldmd(case)]
        others = [case for case in cases if case not in alone]
        answers = client(self.rig.snmpd, [varbinds for _, _, _, varbinds in others])
        self.assertEqual(len(answers), len(others))
        tried = len(alone)
        for case, answer in zip(others, answers):
            if answer is not None:
                tried += 1
                self.check_case(case, answer, mapping)
        self.assertGreater(tried, len(alone) + 50)
        for case in alone:
            self.run_alone(client, case, mapping)
        self.wait_ended(self.refused)
        self.assertEqual(self.essence(sets.dump(self.sim)), before)
        # Only where ldmd itself refuses was anything sent; what was done before it is taken back.
        self.assertEqual({entry["domain"] for entry in self.log()}, {"refused"})
        self.wait_agree(self.refused)
        print(f"# {tried} cases", flush=True)

    def reaches_ldmd(self, case):
        """A case about the guest whose CPUs ldmd refuses."""
        return any(name.endswith(f".{self.refused.index}") for name, _, _ in case[3])

    def check_case(self, case, answer, mapping):
        what, error, index, varbinds = case
        with self.subTest(what):
            self.assertEqual(answer[0], mapping[error] if mapping else error, varbinds)
            # Two of the same name cannot be told apart by a client that names the culprit.
            if index is not None and len({v[0] for v in varbinds}) == len(varbinds):
                self.assertEqual(answer[1], index, varbinds)

    def run_alone(self, client, case, mapping):
        """
        The guest is busy until the operation before has ended, so that is waited for. Where the
        verdict, or the rollback, took longer than setWait, the answer is another one, and true; then
        the case is tried again.
        """
        what, error, _, varbinds = case
        expected = mapping[error] if mapping else error
        for _ in range(3):
            self.waiting_pays(self.refused)
            since = self.get(self.refused, "OperationIndex")
            answer = client(self.rig.snmpd, [varbinds])[0]
            if answer[0] == expected or not self.took_long(self.refused, since):
                self.check_case(case, answer, mapping)
                return
        with self.subTest(f"{what}, late"):
            self.assertEqual((error, answer[0]), ("commitFailed", "noError"), varbinds)
        print(f"# {what}: the verdict came three times later than setWait", flush=True)

    def test_every_code_is_there(self):
        self.assertEqual({error for _, error, _, _ in self.cases()},
                         set(V1) - {"noAccess", "noError", "undoFailed"})

    def test_v2c(self):
        self.run_cases(clients.own(1))

    def test_v1(self):
        self.run_cases(clients.own(0), V1)

    def test_snmpset_v2c(self):
        self.run_cases(clients.snmpset(("-v2c", "-c", "private")))

    def test_snmpset_v1(self):
        self.run_cases(clients.snmpset(("-v1", "-c", "private")), V1)

    def test_snmpset_v3_sha(self):
        self.run_cases(clients.snmpset(harness.Snmpd.users["sha"]))

    def test_snmpset_v3_sha256(self):
        self.run_cases(clients.snmpset(harness.Snmpd.users["sha256"]))

    def test_pysnmp_v2c(self):
        if clients.why_no_pysnmp()[0]:
            self.skipTest(clients.why_no_pysnmp()[0])
        self.run_cases(clients.pysnmp(2))

    def test_pysnmp_v3(self):
        if clients.why_no_pysnmp()[0]:
            self.skipTest(clients.why_no_pysnmp()[0])
        self.run_cases(clients.pysnmp(3))

    def test_node_v2c(self):
        if clients.why_no_node():
            self.skipTest(clients.why_no_node())
        self.run_cases(clients.node(2))

    def test_node_v1(self):
        if clients.why_no_node():
            self.skipTest(clients.why_no_node())
        self.run_cases(clients.node(1), V1)

    def test_no_write_view(self):
        manager = sets.Manager(self.rig.snmpd, community="public")
        self.addCleanup(manager.close)
        self.assertEqual(self.set((self.plain, "NumVCPU", 5), manager=manager).error, "noAccess")
        self.assertEqual(self.commands(), [])

    def test_what_one_condition_does_not_forbid(self):
        """Memory DR concerns memory, whole cores concern CPUs."""
        self.expect("noError", (self.busy, "NumVCPU", 5))
        self.wait_ended(self.busy)
        self.expect("noError", (self.busy, "NumVCPU", 4))
        self.wait_ended(self.busy)
        self.expect("noError", (self.whole, "MemSize", 1280))
        self.wait_ended(self.whole)
        self.expect("noError", (self.whole, "MemSize", 1024))
        self.wait_ended(self.whole)
        self.assertEqual(self.commands(self.whole), ["set-memory whole 1280", "set-memory whole 1024"])


class UndoFailed(sets.TestCase):
    """The second step is refused, and so is, or takes too long, the command that takes back the first."""
    pool = {"bound": 24}

    def undo_failed(self, client, expected):
        for _ in range(3):
            guest = self.take("bound")
            self.waiting_pays(guest)
            self.fault(f"refuse:no memory today@set-memory/{guest}")
            self.fault(f"refuse:nor this@bind-domain/{guest}")
            told = client(self.rig.snmpd, [self.unbind_and_grow(guest)])[0][0]
            self.assertEqual(self.wait_ended(guest), "rollbackFailed")
            self.assertHeld(guest, vcpus=4, memory=1024, state="inactive")
            self.agree(guest)
            self.assertEqual(self.commands(guest), [f"unbind-domain {guest}", f"set-memory {guest} 1280",
                                                    f"bind-domain {guest}"])
            if told == expected or not self.took_long(guest):
                break
        self.assertEqual(told, expected)

    def test_v2c(self):
        self.undo_failed(clients.own(1), "undoFailed")

    def test_v1(self):
        self.undo_failed(clients.own(0), "genErr")

    def test_snmpset_v2c(self):
        self.undo_failed(clients.snmpset(("-v2c", "-c", "private")), "undoFailed")

    def test_snmpset_v3(self):
        self.undo_failed(clients.snmpset(harness.Snmpd.users["sha256"]), "undoFailed")

    def test_pysnmp(self):
        if clients.why_no_pysnmp()[0]:
            self.skipTest(clients.why_no_pysnmp()[0])
        self.undo_failed(clients.pysnmp(3), "undoFailed")

    def test_node(self):
        if clients.why_no_node():
            self.skipTest(clients.why_no_node())
        self.undo_failed(clients.node(2), "undoFailed")

    def test_rollback_that_takes_long(self):
        """A rollback that has not ended within setWait is undoFailed; the row tells how it ended."""
        guest = self.take("bound")
        self.waiting_pays(guest)
        self.fault(f"refuse:no memory today@set-memory/{guest}")
        self.fault(f"delay:1.5@bind-domain/{guest}")
        answer = self.manager.set(*self.unbind_and_grow(guest))
        if not self.came_late(answer, "undoFailed"):
            self.assertEqual(answer.error, "undoFailed")
        self.assertEqual(self.wait_ended(guest), "rolledBack")
        self.assertHeld(guest, vcpus=4, memory=1024, state="bound")
        self.agree(guest)


class Configured(sets.TestCase):
    """readOnly and setAllow, changed while the agent runs."""
    guests = [Guest("web1"), Guest("web2"), Guest("db1"), Guest("boss"), Guest("slave", "inactive",
                                                                            master="boss")]

    def setUp(self):
        super().setUp()
        self.by_name = {guest.name: guest for guest in self.guests}
        self.addCleanup(self.configure, "")

    def configure(self, conf):
        self.agent.configure(conf)
        self.agent.reload()

    def allowed(self, name, column):
        """Asks for what is there already: an answer without a command."""
        guest = self.by_name.get(name)
        row = guest.index if guest else 1
        now = self.get(row, column)
        error = self.set((row, column, now)).error
        self.assertIn(error, ("noError", "inconsistentValue", "notWritable"))
        self.assertEqual(self.commands(), [])
        return error

    def wait_allowed(self, name, column, error):
        """The two threads take a configuration over one after the other."""
        wait_for(lambda: self.allowed(name, column) == error, 5, f"{column} of {name}: {error}")

    def test_read_only(self):
        self.configure("readOnly yes\n")
        self.wait_allowed("web1", "NumVCPU", "notWritable")
        for column in ("NumVCPU", "MemSize", "NumCrypto", "AdminState", "RowStatus"):
            self.expect("notWritable", (self.by_name["web1"], column, self.get(self.by_name["web1"],
                                                                              column)), index=1)
        new = scalar(self.rig, "ldomNextIndex")
        self.expect("notWritable", (new, "RowStatus", "createAndWait"))
        # A wrong type besides: RFC 3416 4.2.5 tests "not writable" first.
        self.expect("notWritable", (self.by_name["web1"], "NumVCPU", ("i", 1)))
        self.configure("")
        self.wait_allowed("web1", "NumVCPU", "noError")

    def test_default(self):
        for name, error in (("web1", "noError"), ("db1", "noError"), ("boss", "inconsistentValue"),
                            ("primary", "inconsistentValue")):
            for column in ("NumVCPU", "MemSize", "NumCrypto", "AdminState"):
                with self.subTest(f"{column} of {name}"):
                    self.assertEqual(self.allowed(name, column), error)

    def test_by_kind_and_pattern(self):
        self.configure("setAllow state web*\nsetAllow cpu,memory db1 web2\n")
        self.wait_allowed("db1", "AdminState", "inconsistentValue")
        table = {"web1": "AdminState", "web2": "AdminState NumVCPU MemSize", "db1": "NumVCPU MemSize",
                 "boss": "", "primary": ""}
        for name, columns in table.items():
            for column in ("NumVCPU", "MemSize", "NumCrypto", "AdminState"):
                with self.subTest(f"{column} of {name}"):
                    self.assertEqual(self.allowed(name, column), "noError"
                                     if column in columns.split() else "inconsistentValue")

    def test_special_domains_only_by_name(self):
        self.configure("setAllow all *\n")
        self.wait_allowed("web1", "AdminState", "noError")
        self.assertEqual(self.allowed("primary", "NumVCPU"), "inconsistentValue")
        self.assertEqual(self.allowed("boss", "NumVCPU"), "inconsistentValue")
        self.configure("setAllow cpu primary boss\n")
        self.wait_allowed("primary", "NumVCPU", "noError")
        self.assertEqual(self.allowed("boss", "NumVCPU"), "noError")
        self.assertEqual(self.allowed("primary", "AdminState"), "inconsistentValue")
        vcpus = self.get(1, "NumVCPU")
        self.expect("noError", (1, "NumVCPU", vcpus + 1))
        self.wait_ended(1)
        self.assertEqual(self.commands(), [f"set-vcpu primary {vcpus + 1}"])

    def test_nothing(self):
        self.configure("setAllow none\n")
        self.wait_allowed("web1", "NumVCPU", "inconsistentValue")
        new = scalar(self.rig, "ldomNextIndex")
        self.expect("noCreation", (new, "RowStatus", "createAndWait"))


class Queue(sets.TestCase):
    """64 transactions may wait or run; the next is refused until one of them has ended."""
    pool = {"active": 68}
    conf = "setWait 0\ncommandTimeout 2s\nlogLevel info\n"

    def test_full(self):
        self.fault("hang@set-vcpu")
        guests = self.take_many(66)
        answers = [self.set((guest, "NumVCPU", 5)).error for guest in guests]
        self.assertEqual(answers, ["noError"] * 64 + ["resourceUnavailable"] * 2)
        # The same SET again joins the operation that runs, and needs no place of its own.
        self.expect("noError", (guests[0], "NumVCPU", 5))
        ask(self.sim, "clear")
        for guest in guests[:64]:
            self.wait_ended(guest, timeout=60)
        for guest in guests:
            self.assertLessEqual(len([c for c in self.commands(guest) if c.endswith(" 5")]), 1)
        done = [guest for guest in guests if self.ended(guest) == "succeeded"]
        self.assertGreaterEqual(len(done), 60)
        self.wait_agree(*guests)
        self.expect("noError", (guests[65], "NumVCPU", 5))
        self.assertEqual(self.wait_ended(guests[65]), "succeeded")


