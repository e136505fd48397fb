"""Assertions 1 to 26: GET, GETNEXT and GETBULK. RFC 3416 4.2.1 to 4.2.3, RFC 2741 7.2.3."""
import os
import threading
import time

import harness
import sets
from agentx_master import END_OF_MIB_VIEW, GET, Master
from conformance import (
    COLUMNS, END, MOVING, NO_INSTANCE, NO_OBJECT, OBJECTS, PUBLIC, READABLE, SCALARS, SLOW, V1, ByHand,
    Served, arcs_of, end, mib_text, text)
from harness import ENTRY, ROOT, Agent, cell, wait_for
from sets import ask

FIRST = ROOT + ".1.1.1.0"
ABSENT = (NO_INSTANCE, NO_OBJECT)


def column(name):
    return cell(name, 0)[:-2]


class Get(Served):
    """Through snmpd."""

    def add(self, name):
        ask(self.rig.sim, f"do add-domain {name} cpu=1 memory=1G")
        return wait_for(lambda: self.rig.indexes().get(name), 10, f"{name} in the table")

    def remove(self, name):
        ask(self.rig.sim, f"do remove-domain {name}")
        wait_for(lambda: name not in self.rig.indexes(), 10, f"{name} to go")

    def next(self, name):
        return self.manager.request(sets.GETNEXT, [(name, b"\x05\x00")]).values[0]

    def test_01_existing_instance_has_the_mibs_type(self):
        first = {}
        for name, _ in self.walk():
            first.setdefault(arcs_of(name), text(name))
        # One SP configuration, environment variables, policies: the host has all tables but one.
        missing = {o.name for arcs, o in READABLE.items() if arcs not in first}
        self.assertEqual({name for name in missing if not name.startswith("ldomOp")}, set())
        arcs = list(first)
        for at in range(0, len(arcs), 60):
            part = arcs[at:at + 60]
            kinds = self.kinds(*(first[a] for a in part))
            self.assertEqual([(READABLE[a].name, kind) for a, kind in zip(part, kinds)],
                             [(READABLE[a].name, READABLE[a].kind) for a in part])

    def test_02_unknown_row(self):
        names = [f"{ENTRY}.{n}.99999" for n in range(2, 40)]
        self.assertEqual(self.kinds(*names), [NO_INSTANCE] * len(names))

    def test_03_unknown_column_and_scalar(self):
        names = [f"{ENTRY}.40.1", f"{ENTRY}.99.1", f"{ENTRY}.4294967295.1", ROOT + ".1.1.999.0",
                 ROOT + ".1.2.17.0", ROOT + ".1.99.1.2.1", ROOT + ".1.3.2.2.1", ROOT + ".7.0", ROOT]
        self.assertEqual(self.kinds(*names), [NO_OBJECT] * len(names))

    def test_04_index_columns_are_never_returned(self):
        hidden = {o.arcs for o in OBJECTS.values() if o.access != "read-create" and not o.readable}
        self.assertIn((1, 3, 1, 1), hidden)
        walked = {arcs_of(name) for name, _ in self.walk()}
        self.assertFalse(walked & hidden)
        names = [ROOT + "." + ".".join(map(str, arcs)) + ".1" for arcs in sorted(hidden)]
        self.assertEqual(set(self.kinds(*names)), {NO_OBJECT})

    def test_05_scalar_with_another_instance(self):
        for suffix in ("", ".1", ".0.0", ".1.0"):
            kinds = self.kinds(*(o.oid + suffix for o in SCALARS))
            self.assertTrue(set(kinds) <= set(ABSENT), (suffix, kinds))

    def test_06_column_without_instance_and_with_too_much(self):
        names = []
        for name in ("Name", "NumVCPU", "Pending"):
            names += [column(name), cell(name, 1) + ".1", cell(name, 1) + ".0", cell(name, 1) + ".1.1.1"]
        self.assertEqual(self.kinds(*names), [NO_INSTANCE] * len(names))

    def test_07_index_at_the_edges(self):
        names = [cell(name, index) for name in ("Name", "NumVCPU", "LastChange")
                 for index in (0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1)]
        self.assertEqual(self.kinds(*names), [NO_INSTANCE] * len(names))
        self.assertEqual(self.rig.get(cell("Name", 1)), b"primary")

    def test_08_good_and_bad_names_in_one_request(self):
        names = [cell("Name", 1), cell("Name", 99999), FIRST, f"{ENTRY}.99.1", cell("NumVCPU", 2),
                 ROOT + ".1.1.999.0", ".1.3.6.1.2.1.1.3.0", cell("Name", 2)]
        answer = self.manager.get(*names)
        self.assertEqual((answer.error, answer.index), ("noError", 0))
        self.assertEqual([name for name, _ in answer.values], names)
        self.assertEqual(self.kinds(*names), ["OCTETS", NO_INSTANCE, "INTEGER", NO_OBJECT, "Gauge32",
                                              NO_OBJECT, "Timeticks", "OCTETS"])
        # In version 1 one bad name fails the whole, with its index.
        manager = sets.Manager(self.rig.snmpd, "public", version=0)
        self.addCleanup(manager.close)
        answer = manager.get(*names)
        self.assertEqual(answer.error, "noSuchName")
        self.assertIn(answer.index, (2, 4, 6))

    def test_09_two_hundred_varbinds(self):
        names = [cell(name, 1 + n % 8) for n, name in enumerate(
            ("Name", "NumVCPU", "MemSize", "OperState", "UUID") * 40)]
        single = [self.manager.get(name).values[0] for name in names[:40]]
        answer = self.manager.get(*names)
        self.assertEqual((answer.error, answer.values), ("noError", single * 5))
        # The tool takes 128 at most.
        self.assertEqual([text(name) for name, _, _ in self.ask("get", *names[:128])], names[:128])

    def test_10_from_above_the_subtree(self):
        above = ROOT.strip(".").split(".")
        # Its parents; what is left of them is other people's.
        for name in (ROOT, ROOT + ".0", ROOT + ".1", ROOT + ".1.1", ROOT + ".1.1.1",
                     "." + ".".join(above[:-1]) + f".{int(above[-1]) - 1}.4294967295"):
            self.assertEqual(self.next(name)[0], FIRST, name)

    def test_11_walk_strictly_increasing(self):
        status, out, errors = self.tool("walk", [ROOT])
        self.assertEqual((status, errors), (0, ""))
        self.assertNotIn("not increasing", out)
        names = [name for name, _, _ in harness.parse_varbinds(out)]
        self.assertGreater(len(names), 1000)
        self.assertEqual(names, sorted(set(names)))
        _, out, errors = self.tool("bulkwalk", [ROOT], ["-Cr17"])
        self.assertEqual([name for name, _, _ in harness.parse_varbinds(out)], names, errors)

    def test_12_every_walked_name_answers_get(self):
        walked = self.walk()
        for at in range(0, len(walked), 60):
            part = walked[at:at + 60]
            answer = self.manager.get(*(text(name) for name, _ in part))
            self.assertEqual(answer.error, "noError")
            for (name, value), (got_name, got) in zip(part, answer.values):
                self.assertEqual(text(name), got_name)
                self.assertIsNotNone(got, got_name)
                if arcs_of(name) not in MOVING:
                    self.assertEqual(got, value, got_name)

    def test_13_column_by_column(self):
        names = [name for name, _ in self.walk()]
        arcs = [arcs_of(name) for name in names]
        order = [a for at, a in enumerate(arcs) if at == 0 or arcs[at - 1] != a]
        self.assertEqual(order, sorted(set(order)), "a column is left and comes again")
        rows = {}
        for name, a in zip(names, arcs):
            rows.setdefault(a, []).append(name[len(harness.oid(ROOT)) + len(a):])
        for o in COLUMNS:
            # Each column of a table has the same rows.
            first = next(p for p in COLUMNS if p.arcs[:3] == o.arcs[:3])
            self.assertEqual(rows.get(o.arcs), rows.get(first.arcs), o.name)

    def test_14_from_where_there_is_nothing(self):
        for name in ("NumVCPU", "Name"):
            self.assertEqual(self.next(cell(name, 1) + ".7.7.7")[0], cell(name, 2))
            self.assertEqual(self.next(cell(name, 0))[0], cell(name, 1))
            self.assertEqual(self.next(cell(name, 2 ** 31))[0],
                             f"{ENTRY}.{harness.COLUMNS[name] + 1}.1")
            self.assertEqual(self.next(cell(name, 2 ** 32 - 1))[0],
                             f"{ENTRY}.{harness.COLUMNS[name] + 1}.1")
        self.assertEqual(self.next(f"{ENTRY}.1.5")[0], cell("Name", 1))
        gone = self.add("gone1")
        last = self.add("stays1")
        self.remove("gone1")
        self.assertEqual(self.next(cell("NumVCPU", gone))[0], cell("NumVCPU", last))
        self.remove("stays1")
        self.assertEqual(self.next(cell("NumVCPU", gone))[0], cell("MemSize", 1))

    def test_19_getbulk(self):
        n, v = column("Name"), column("NumVCPU")

        def bulk(non_repeaters, repetitions, *names):
            return [text(name) for name, _, _ in self.ask(
                "bulkget", *names, options=[f"-Cn{non_repeaters}", f"-Cr{repetitions}"])]
        self.assertEqual(bulk(0, 1, n, v), [cell("Name", 1), cell("NumVCPU", 1)])
        self.assertEqual(bulk(1, 3, n, v), [cell("Name", 1)] + [cell("NumVCPU", i) for i in (1, 2, 3)])
        self.assertEqual(bulk(0, 2, n, v), [cell("Name", 1), cell("NumVCPU", 1), cell("Name", 2),
                                            cell("NumVCPU", 2)])
        self.assertEqual(bulk(2, 0, n, v), [cell("Name", 1), cell("NumVCPU", 1)])
        self.assertEqual(bulk(0, 0, n, v), [])
        rows = len(self.rig.indexes())
        fifty = bulk(0, 50, v)
        self.assertEqual(fifty[:rows + 1],
                         [cell("NumVCPU", i) for i in range(1, rows + 1)] + [cell("MemSize", 1)])
        self.assertEqual(len(fifty), 50)
        walked = [text(name) for name, _ in self.walk()]
        last = self.ask("bulkget", walked[-2], options=["-Cn0", "-Cr4"])
        self.assertEqual(text(last[0][0]), walked[-1])
        self.assertFalse([name for name, kind, _ in last[1:]
                          if text(name).startswith(ROOT + ".") and kind != END])

    def test_20_rows_come_and_go_during_a_walk(self):
        # Between two steps, on purpose: the row that was just read, the next one, the last one.
        index = self.add("comes1")
        self.assertEqual(self.next(cell("Name", index - 1))[0], cell("Name", index))
        self.remove("comes1")
        self.assertEqual(self.next(cell("Name", index))[0], cell("AdminState", 1))
        before = self.next(cell("AdminState", index - 1))[0]
        self.assertEqual(before, cell("OperState", 1))
        later = self.add("comes2")
        self.assertEqual(self.next(cell("AdminState", index))[0], cell("AdminState", later))
        # And by the dozen, at any moment, until there were enough of both.
        changes, ended = ["comes2"], threading.Event()

        def change():
            while len(changes) <= 8 or not ended.is_set():
                changes.append(f"flap{len(changes)}")
                ask(self.rig.sim, f"do add-domain {changes[-1]} cpu=1 memory=1G")
                ask(self.rig.sim, f"do remove-domain {changes[-2]}")
                time.sleep(0.15)
        thread = harness.Thread(target=change)
        thread.start()
        walks, seen = 0, set()
        try:
            while thread.is_alive() and (walks <= 5 or len(changes) <= 8):
                names = [name for name, _ in self.walk(ENTRY)]
                self.assertEqual(names, sorted(set(names)))
                self.assertLess(len(names), 30 * 20)
                seen.add(len(names))
                walks += 1
        finally:
            ended.set()
            thread.join()
        self.assertGreater(walks, 5)
        self.remove(changes[-1])
        print(f"# {walks} walks, of {min(seen)} to {max(seen)} instances", flush=True)

    def test_22_empty_table(self):
        # ldomOperationTable: nobody has set anything, and nothing of ours comes after it.
        self.assertFalse(self.next(ROOT + ".1.30")[0].startswith(ROOT + "."))
        self.assertEqual(self.walk(ROOT + ".1.30"), [])
        # All of the inventory, where ldmd never was.
        directory = os.path.join(self.directory, "e")
        os.mkdir(directory)
        with Master(os.path.join(directory, "agentx"), "<") as master:
            agent = self.process(Agent(os.path.join(directory, "a"),
                                       f"xmpp:127.0.0.1:{harness.free_port()}", master.address))
            agent.start()
            session = master.accept()
            self.assertEqual(session.get(harness.SCALARS["ldomNumber"]), [0])
            last = max(o.arcs for o in SCALARS if o.arcs[1] == 1)
            for start in (ROOT + "." + ".".join(map(str, last)) + ".0", ENTRY, cell("Name", 3)):
                self.assertEqual(session.get_next((start,)), [(start, END_OF_MIB_VIEW, None)])
            self.assertEqual(end(agent, session), 0)

    def test_23_count_of_rows(self):
        def counts():
            number = harness.scalar(self.rig, "ldomNumber")
            return number if number == len(self.rig.indexes()) else None
        before = counts()
        self.assertEqual(before, len(harness.dump(self.rig.sim)["domains"]))
        self.add("counted")
        self.assertEqual(counts(), before + 1)
        self.remove("counted")
        self.assertEqual(counts(), before)

    def test_24_version_1_and_counter64(self):
        # There is none in this MIB, so that version 1 sees all of it.
        self.assertNotIn("Counter64", mib_text())
        lines = {}
        for auth in (V1, PUBLIC):
            status, out, errors = self.tool("walk", [ROOT], auth=auth)
            self.assertEqual((status, errors), (0, ""))
            lines[auth] = [name for name, _, _ in harness.parse_varbinds(out)]
        self.assertEqual(lines[V1], lines[PUBLIC])

    def test_25_too_big(self):
        names = [cell("UUID", 1 + n % 8) for n in range(120)]
        self.assertEqual(len(self.ask("get", *names, auth=V1)), 120)
        # The library takes 65,536 octets at most: a Response with too long values, a Get with too
        # many names. Each would cost the session; it stays, so nothing else is disturbed.
        longest, value = max(self.walk(), key=lambda item: len(item[1])
                             if isinstance(item[1], bytes) else 0)
        start = len(self.rig.agent.log())
        for name, count in ((text(longest), 65536 // len(value) + 1), (cell("NumVCPU", 1), 1300)):
            for version in (1, 0):
                manager = sets.Manager(self.rig.snmpd, "public", version=version)
                self.addCleanup(manager.close)
                few = manager.get(*[name] * 50)
                self.assertEqual((few.error, len(few.values)), ("noError", 50))
                answer = manager.get(*[name] * count)
                # For version 1 snmpd makes noSuchName of any error of a GET (snmp_agent.c).
                self.assertEqual(answer.error, ("noSuchName", "tooBig")[version])
                self.assertLess(answer.took, 1.0 * SLOW)
                self.assertEqual(manager.get(cell("Name", 1)).values[0][1], b"primary")
            before, last = name.rsplit(".", 1)
            answer = self.manager.request(
                sets.GETNEXT, [(f"{before}.{int(last) - 1}", b"\x05\x00")] * count)
            self.assertEqual(answer.error, "tooBig")
        self.assertEqual(self.rig.agent.log()[start:], "")

    def test_26_tcp(self):
        status, out, errors = self.tool("walk", [ENTRY], transport="tcp")
        self.assertEqual((status, errors), (0, ""))
        self.assertEqual([name for name, _, _ in harness.parse_varbinds(out)],
                         [name for name, _ in self.walk(ENTRY)])


def check_last_instance(case, s):
    """15"""
    last = case.read_last()
    case.assertEqual(s.get_next((last,)), [(last, END_OF_MIB_VIEW, None)])
    case.assertEqual(s.get_next((last + ".1.2",), (ROOT + ".2",)),
                     [(last + ".1.2", END_OF_MIB_VIEW, None), (ROOT + ".2", END_OF_MIB_VIEW, None)])


def check_include(case, s):
    """16"""
    names = [name for name, _, _ in s.get_next(
        (cell("Name", 2), "", 1), (cell("Name", 2), "", 0), (FIRST, "", 1), (FIRST, "", 0),
        (cell("Name", 99999), "", 1), (column("Name"), "", 1))]
    case.assertEqual(names, [cell("Name", 2), cell("Name", 3), FIRST, ROOT + ".1.1.2.0",
                             cell("AdminState", 1), cell("Name", 1)])
    # Only the first repetition of a GetBulk includes its start.
    case.assertEqual(case.bulk(s, 0, 3, (cell("Name", 2), "", 1)), [cell("Name", i) for i in (2, 3, 4)])


def check_end(case, s):
    """17"""
    found = s.get_next(
        (cell("Name", 1), cell("Name", 2)), (cell("Name", 1), cell("Name", 3)),
        (cell("Name", 1), cell("Name", 2) + ".0"), (cell("Name", 8), cell("AdminState", 1)),
        (cell("Name", 8), cell("AdminState", 2)), (cell("Name", 1), ""),
        (cell("Name", 2), cell("Name", 2), 1), (cell("Name", 2), cell("Name", 3), 1))
    case.assertEqual([(name, kind == END_OF_MIB_VIEW) for name, kind, _ in found],
                     [(cell("Name", 1), True), (cell("Name", 2), False), (cell("Name", 2), False),
                      (cell("Name", 8), True), (cell("AdminState", 1), False),
                      (cell("Name", 2), False), (cell("Name", 2), True), (cell("Name", 2), False)])
    ended = case.bulk_typed(s, 0, 4, (column("Name"), cell("Name", 3)))
    case.assertEqual([(name, kind == END_OF_MIB_VIEW) for name, kind, _ in ended[:3]],
                     [(cell("Name", 1), False), (cell("Name", 2), False), (cell("Name", 2), True)])
    case.assertFalse([name for name, kind, _ in ended[3:] if kind != END_OF_MIB_VIEW])


def check_ranges(case, s):
    """18"""
    found = s.get_next((cell("Name", 1), cell("Name", 2)), (cell("NumVCPU", 1), ""),
                       (cell("Name", 1), cell("Name", 3)), (cell("Name", 1), "", 1),
                       (column("UUID"), cell("UUID", 2)))
    case.assertEqual([(name, kind == END_OF_MIB_VIEW) for name, kind, _ in found],
                     [(cell("Name", 1), True), (cell("NumVCPU", 2), False),
                      (cell("Name", 2), False), (cell("Name", 1), False), (cell("UUID", 1), False)])
    first = case.bulk_typed(s, 1, 3, (column("Name"), cell("Name", 1)), (column("NumVCPU"), cell("NumVCPU", 2)),
                            (column("MemSize"), ""))
    # Where one ends the library may leave out the repetitions that follow, as it is allowed to.
    found = [name for name, kind, _ in first if kind != END_OF_MIB_VIEW]
    case.assertEqual(found[:3], [cell("NumVCPU", 1), cell("MemSize", 1), cell("MemSize", 2)])
    case.assertIn(found[3:], ([], [cell("MemSize", 3)]))
    case.assertEqual((first[0][0], first[0][1]), (column("Name"), END_OF_MIB_VIEW))


class GetByHand(ByHand):
    """What snmpd would hide."""

    def test_15_last_instance(self):
        check_last_instance(self, self.session)

    def test_16_include(self):
        check_include(self, self.session)

    def test_17_ending_oid(self):
        check_end(self, self.session)

    def test_18_ranges_are_independent(self):
        check_ranges(self, self.session)

    def test_21_one_pdu_one_snapshot(self):
        """A domain is unbound and bound while PDUs ask for its row 40 times."""
        ask(self.sim, "wait 0.25")

        def change():
            for _ in range(4):
                ask(self.sim, "do unbind-domain test01")
                ask(self.sim, "do bind-domain test01")
        columns = ("AdminState", "OperState", "Flags", "LastChange")
        body = self.session.ranges((cell(name, 7),) for name in columns * 40)
        thread = harness.Thread(target=change)
        thread.start()
        seen, pdus = [], 0
        while thread.is_alive():
            values = [value for _, value in self.session.answer(
                self.session.ask(GET, 1 << 20, body))[2]]
            rows = {tuple(values[at:at + 4]) for at in range(0, len(values), 4)}
            self.assertEqual(len(rows), 1, rows)
            row = rows.pop()
            state = {number: name for name, number in sets.STATES.items()}[row[1]]
            self.assertEqual(row[0], sets.ADMIN_OF_STATE[state], row)
            if not seen or seen[-1] != row:
                seen.append(row)
            pdus += 1
        thread.join()
        self.assertGreater(len(seen), 4, seen)
        print(f"# {pdus} PDUs saw {len(seen)} pictures", flush=True)
