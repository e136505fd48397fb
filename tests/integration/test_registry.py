"""An ldomIndex is for ever, whatever happens to the agent or to its files."""
import glob
import os
import random

import harness
import inventory
from harness import cell, dump, scalar, wait_for


class Registry(harness.TestCase):

    def files(self, bed):
        """The registry and its copy."""
        found = sorted(glob.glob(os.path.join(bed.agent.state, "index*")) or
                       glob.glob(os.path.join(bed.agent.state, "registry*")))
        return [name for name in found if "lock" not in name and "damaged" not in name]

    def all_there(self, bed):
        """{name: ldomIndex}, when each domain of the simulator is there and no other."""
        wanted = {domain["name"]: domain["uuid"] for domain in dump(bed.sim)["domains"]}

        def found():
            # A name may come back with another domain behind it.
            rows = bed.rows()
            have = {row.get("Name", b"").decode(): row.get("UUID", b"").decode()
                    for row in rows.values()}
            return have == wanted and {row["Name"].decode(): index for index, row in rows.items()}
        return wait_for(found, 15, "all domains")

    def test_kill_while_domains_come_and_go(self):
        """Every surviving domain keeps its number, and no number is used twice."""
        bed = self.bed(conf="refreshInterval 0.2\n")
        dice = random.Random(2741)
        seen = {}     # number: UUID, for ever
        serial = 0
        alive = []
        for turn in range(25):
            for _ in range(dice.randrange(1, 4)):
                if alive and dice.random() < 0.45:
                    bed.sim.do(f"do remove-domain {alive.pop(dice.randrange(len(alive)))}")
                else:
                    serial += 1
                    # A name comes again, the domain does not.
                    name = f"d{dice.randrange(8)}x{serial % 5}"
                    if name not in alive and "error" not in bed.sim.command(
                            f"do add-domain {name}"):
                        alive.append(name)
            if turn % 2:
                # Sometimes while the agent learns of the changes, sometimes long after.
                wait_for(lambda: dice.random() < 0.2, 2, "a moment")
                bed.agent.kill()
                bed.agent.start()
                bed.wait_serving()
            for name, index in self.all_there(bed).items():
                uuid = {d["name"]: d["uuid"] for d in dump(bed.sim)["domains"]}[name]
                self.assertEqual(seen.setdefault(index, uuid), uuid,
                                 f"{index} was another domain's")
                self.assertEqual([i for i, u in seen.items() if u == uuid], [index])
            self.assertGreater(scalar(bed, "ldomNextIndex"), max(seen))
        print(f"# {len(seen)} domains numbered, 12 kills")

    def test_damaged_file_is_told_kept_and_recovered(self):
        bed = self.bed()
        before = self.all_there(bed)
        bed.agent.stop()
        files = self.files(bed)
        self.assertEqual(len(files), 2, os.listdir(bed.agent.state))
        for damaged in files:
            for damage in (b"", b"\0" * 4096, b"garbage\n", None):
                with self.subTest(f"{os.path.basename(damaged)} {damage!r:.20}"):
                    with open(damaged, "rb") as f:
                        content = f.read()
                    with open(damaged, "wb") as f:
                        # None: a single bit.
                        f.write(damage if damage is not None else
                                content[:40] + bytes([content[40] ^ 1]) + content[41:])
                    start = len(bed.agent.log())
                    bed.agent.start()
                    bed.wait_serving()
                    self.assertEqual(self.all_there(bed), before)
                    bed.agent.wait_log(r"(?i)registry.*(damaged|broken)", start=start)
                    bed.agent.stop()
        kept = set(os.listdir(bed.agent.state))
        self.assertTrue([name for name in kept if "damaged" in name or "bad" in name], kept)

    def test_missing_copy(self):
        bed = self.bed()
        before = self.all_there(bed)
        bed.agent.stop()
        for name in self.files(bed):
            os.unlink(name)
            bed.agent.start()
            bed.wait_serving()
            self.assertEqual(self.all_there(bed), before)
            bed.agent.stop()

    def test_both_damaged(self):
        bed = self.bed()
        before = self.all_there(bed)
        bed.agent.stop()
        for name in self.files(bed):
            with open(name, "w") as f:
                f.write("garbage\n")
        result = bed.agent.run("-f")
        self.assertEqual(result.returncode, 1)
        self.assertIn("-R", result.stderr)
        bed.agent.options = ["-R"]
        bed.agent.start()
        bed.wait_serving()
        self.assertEqual(set(self.all_there(bed)), set(before))

    def test_state_directory_cannot_be_written(self):
        """The agent serves on and tells. The folder is moved away, as permissions do not stop root."""
        bed = self.bed(conf="refreshInterval 0.2\n")
        before = self.all_there(bed)
        self.assertEqual(scalar(bed, "ldomRegistryState"), 1)
        # The folder goes away below the agent: nothing can be made in it any more.
        os.rename(bed.agent.state, bed.agent.state + ".gone")
        bed.sim.do("do add-domain late")
        after = self.all_there(bed)
        self.assertEqual({name: after[name] for name in before}, before)
        wait_for(lambda: scalar(bed, "ldomRegistryState") == 3, 10, "writeFailed")
        os.rename(bed.agent.state + ".gone", bed.agent.state)
        bed.sim.do("do add-domain later")
        self.all_there(bed)
        wait_for(lambda: scalar(bed, "ldomRegistryState") == 1, 10, "the scalar")

    def test_rename_keeps_the_number(self):
        bed = self.bed(conf="refreshInterval 0.2\n")
        before = self.all_there(bed)
        disks = inventory.read_table(bed, "ldomVdisk")
        bed.sim.do("rename ldg1 renamed")
        after = self.all_there(bed)
        self.assertEqual(after["renamed"], before["ldg1"])
        self.assertEqual(bed.get(cell("Name", before["ldg1"])), b"renamed")
        self.assertEqual(inventory.read_table(bed, "ldomVdisk"), disks)
        self.assertEqual(scalar(bed, "ldomNextIndex"), max(before.values()) + 1)
        bed.agent.kill()
        bed.agent.start()
        bed.wait_serving()
        self.assertEqual(self.all_there(bed), after)
        # The old name is free, for a domain with a number of its own.
        bed.sim.do("do add-domain ldg1")
        self.assertEqual(self.all_there(bed)["ldg1"], max(before.values()) + 1)
