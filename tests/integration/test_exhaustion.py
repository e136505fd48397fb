"""What there is too little of: disk, descriptors, memory, places for SETs; too many managers; and
clocks that jump. Managers are served on, and all is as before when there is enough again.
"""
import ctypes
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import time
import unittest

import harness
import sets
from harness import SLOW, cell, dump, scalar, wait_for

REGISTRY_OK, REGISTRY_WRITE_FAILED = 1, 3
_libc = ctypes.CDLL(None, use_errno=True)


def own_mounts():
    """Lets this process mount what goes with it; why not, if it may not."""
    clone_newns = 0x00020000
    if _libc.unshare(clone_newns) < 0:
        return f"no mounts of our own: {os.strerror(ctypes.get_errno())}"
    done = subprocess.run(["mount", "--make-rprivate", "/"], stderr=subprocess.PIPE, text=True,
                          check=False)
    return done.stderr


class TestCase(harness.TestCase):

    def prepared(self, conf="refreshInterval 0.5\n", **more):
        bed = harness.Bed(os.path.join(self.directory, "0"), conf=conf, start=False, **more)
        self.beds.append(bed)
        return bed

    def manager(self, bed):
        manager = sets.Manager(bed.snmpd)
        self.addCleanup(manager.close)
        return manager

    def set_vcpus(self, bed, name="ldg1"):
        """One more; the answer, the number wanted, and the row."""
        row = bed.indexes()[name]
        wanted = bed.get(cell("NumVCPU", row)) + 1
        return self.manager(bed).set(sets.varbind(row, "NumVCPU", wanted)).error, wanted, row

    def ended(self, bed, row):
        """How the last operation on the row ended, or None."""
        status = sets.STATUS.get(bed.get(cell("OperationStatus", row)))
        return status if status in sets.ENDED else None

    def assert_set_works(self, bed):
        error, wanted, row = self.set_vcpus(bed)
        self.assertEqual(error, "noError")
        wait_for(lambda: bed.get(cell("NumVCPU", row)) == wanted, 10, "the change")

    def wait_true(self, bed):
        wait_for(lambda: not harness.differences(rows_of_ldmd(bed), dump(bed.sim)["domains"]), 15,
                 "the table")


def rows_of_ldmd(bed):
    """Without what only we know: operations."""
    rows = bed.rows()
    for row in rows.values():
        row.update({"OperationStatus": 1, "OperationIndex": 0})
    return rows


class DiskTestCase(TestCase):

    def assert_a_new_domain_is_shown(self, bed, name):
        bed.sim.do(f"do add-domain {name} cpu=1 memory=256M")
        wait_for(lambda: name in bed.indexes(), 10, name)

    def check_without_disk(self, bed, name):
        """Rows are shown; what cannot be journalled is not begun."""
        self.assert_a_new_domain_is_shown(bed, name)
        self.assertEqual(scalar(bed, "ldomRegistryState"), REGISTRY_WRITE_FAILED)
        before, sent = dump(bed.sim)["domains"], sets.log(bed.sim)
        error, _, row = self.set_vcpus(bed)
        self.assertIn(error, ("commitFailed", "noError", "undoFailed"))  # by how busy the machine is
        self.assertEqual(sets.log(bed.sim), sent)
        self.assertEqual([d["vcpus"] for d in dump(bed.sim)["domains"]], [d["vcpus"] for d in before])
        wait_for(lambda: self.ended(bed, row) == "failed", 5, "the row")

    def check_with_disk_again(self, bed, name):
        self.assert_a_new_domain_is_shown(bed, name)
        wait_for(lambda: scalar(bed, "ldomRegistryState") == REGISTRY_OK, 10, "the registry")
        self.assert_set_works(bed)
        before = bed.indexes()
        self.assertEqual(bed.agent.stop(), 0)
        bed.agent.start()
        bed.wait_serving()
        self.assertEqual(bed.indexes(), before)


class SmallDisk(DiskTestCase):
    """The state directory is a file system of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        reason = own_mounts()
        if reason:
            raise unittest.SkipTest(reason)

    def on_small_disk(self):
        bed = self.prepared()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "none", bed.agent.state],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", bed.agent.state], check=True)
        return bed

    def remount(self, bed, how):
        subprocess.run(["mount", "-o", f"remount,{how}", bed.agent.state], check=True)

    def fill(self, bed):
        path = os.path.join(bed.agent.state, "filler")
        with open(path, "wb", buffering=0) as file:
            for size in (4096, 1):
                try:
                    while file.write(b"x" * size):
                        pass
                except OSError:
                    pass
        return path

    def use_last_block(self, bed):
        """What still fits into the last block of the history is taken, and is true."""
        for _ in range(40):
            error, wanted, row = self.set_vcpus(bed)
            if error == "commitFailed":
                return
            self.assertEqual(error, "noError")
            # A busy agent answers before it knows.
            if wait_for(lambda: self.ended(bed, row), 10, "the end") == "failed":
                return
            self.assertEqual(bed.get(cell("NumVCPU", row)), wanted)
        self.fail("a full disk takes everything")

    def test_gets_full(self):
        bed = self.on_small_disk()
        bed.start()
        filler = self.fill(bed)
        self.use_last_block(bed)
        self.check_without_disk(bed, "new1")
        bed.agent.wait_log("cannot write the index registry")
        os.unlink(filler)
        self.check_with_disk_again(bed, "new2")

    def test_is_full_at_start(self):
        bed = self.on_small_disk()
        filler = self.fill(bed)
        bed.start()
        self.check_without_disk(bed, "new1")
        os.unlink(filler)
        self.check_with_disk_again(bed, "new2")

    def test_is_read_only_at_start(self):
        bed = self.on_small_disk()
        self.remount(bed, "ro")
        bed.start()
        self.check_without_disk(bed, "new1")
        self.remount(bed, "rw")
        self.check_with_disk_again(bed, "new2")


class FileSizes(DiskTestCase):

    def test_limit(self):
        """Beyond RLIMIT_FSIZE write() raises SIGXFSZ, which must not end the agent."""
        bed = self.prepared()
        bed.start()
        resource.prlimit(bed.agent.pid, resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
        self.check_without_disk(bed, "new1")
        resource.prlimit(bed.agent.pid, resource.RLIMIT_FSIZE,
                         (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.check_with_disk_again(bed, "new2")


class Descriptors(TestCase):

    def none_left(self, bed):
        """What is open stays; nothing can be opened."""
        old = resource.prlimit(bed.agent.pid, resource.RLIMIT_NOFILE)
        # poll() wants a limit above the number that it is given.
        resource.prlimit(bed.agent.pid, resource.RLIMIT_NOFILE, (8, old[1]))
        return old

    def test_none_left(self):
        bed = self.prepared()
        bed.start()
        old = self.none_left(bed)
        rows = bed.rows()
        bed.sim.do("disconnect")
        wait_for(lambda: b"Too many open files" in scalar(bed, "ldomLinkLastError"), 10, "the error")
        self.assertEqual(len(bed.rows()), len(rows))
        self.assertIn(scalar(bed, "ldomLinkState"), (2, 3))
        self.assertEqual(self.set_vcpus(bed)[0], "resourceUnavailable")
        resource.prlimit(bed.agent.pid, resource.RLIMIT_NOFILE, old)
        begun = time.monotonic()
        wait_for(lambda: scalar(bed, "ldomLinkState") == 1, 10, "the link")
        self.assertLess(time.monotonic() - begun, 2.0 * SLOW)
        self.wait_true(bed)
        self.assert_set_works(bed)

    def test_none_left_for_a_command(self):
        """Queries go on over what is open; a SET finds no connection and changes nothing."""
        bed = self.prepared()
        bed.start()
        old = self.none_left(bed)
        error, wanted, row = self.set_vcpus(bed)
        # noError, undoFailed: on a busy machine the verdict came later than setWait.
        self.assertIn(error, ("commitFailed", "noError", "undoFailed"))
        wait_for(lambda: bed.get(cell("OperationStatus", row)) == 4, 10, "failed")
        self.assertEqual(bed.get(cell("NumVCPU", row)), wanted - 1)
        self.assertEqual(sets.log(bed.sim), [])
        resource.prlimit(bed.agent.pid, resource.RLIMIT_NOFILE, old)
        self.assert_set_works(bed)

    def test_none_left_for_a_master(self):
        bed = self.prepared()
        bed.start()
        old = self.none_left(bed)
        bed.snmpd.kill()
        bed.snmpd.start()
        time.sleep(1)  # for a few tries
        self.assertFalse(bed.walk())
        resource.prlimit(bed.agent.pid, resource.RLIMIT_NOFILE, old)
        begun = time.monotonic()
        bed.wait_serving()
        self.assertLess(time.monotonic() - begun, 2.0 * SLOW)


class Memory(TestCase):

    def test_none_left_for_an_answer(self):
        bed = self.prepared("refreshInterval 0.5\nrequestTimeout 5\n")
        bed.start()
        if bed.agent.is_watched():
            self.skipTest("a sanitizer or memcheck needs more address space at any time")
        bed.sim.do("fault oversize:60M@list-domain")
        limit = bed.agent.address_space() + (16 << 20)
        resource.prlimit(bed.agent.pid, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        wait_for(lambda: re.search(b"memory", scalar(bed, "ldomLinkLastError")), 30, "the error")
        rows = bed.rows()
        self.assertEqual(len(rows), len(dump(bed.sim)["domains"]))
        bed.sim.do("clear")
        wait_for(lambda: scalar(bed, "ldomLinkState") == 1, 20, "the link")
        self.wait_true(bed)
        self.assert_set_works(bed)
        # What was taken for a moment is not kept.
        wait_for(lambda: bed.agent.resident() < (32 << 10) * SLOW, 10, "memory to be given back")


class Managers(TestCase):

    def test_a_hundred_at_once(self):
        """While ldmd is well, and while it hangs."""
        bed = self.prepared("refreshInterval 0.5\nrequestTimeout 60\n", domains=32)
        bed.start()
        well = self.crowd(bed)
        bed.sim.do("freeze on")
        hung = self.crowd(bed)
        bed.sim.do("freeze off")
        print(f"# 100 managers: median {well[0]:.1f} ms, 99 % {well[1]:.1f} ms; with a hung ldmd "
              f"{hung[0]:.1f} and {hung[1]:.1f} ms")
        # All hundred ask at the same time; the agent serves one after the other.
        self.assertLess(hung[1], 2 * well[1] + 100 * SLOW)

    def crowd(self, bed):
        """(median, 99th percentile) in ms of what each of a hundred managers asked ten times."""
        took, failed = [], []
        names = [cell(column, 1) for column in ("Name", "NumVCPU", "MemSize", "OperState")]

        def manage():
            manager = sets.Manager(bed.snmpd, timeout=10.0)
            try:
                for _ in range(10):
                    answer = manager.get(*names)
                    took.append(answer.took * 1000)
                    if answer.error != "noError" or answer.values[0][1] != b"primary":
                        failed.append(answer)
            except sets.NoAnswer as error:
                failed.append(error)
            finally:
                manager.close()
        harness.run_all([harness.Thread(target=manage) for _ in range(100)])
        self.assertEqual(failed, [])
        self.assertEqual(len(took), 1000)
        return statistics.median(took), sorted(took)[989]


class Queue(sets.ByHand):
    """A thousand SETs before one of them can be done."""

    conf = "commandTimeout 20s\nsetWait 0\nrequestTimeout 20\n"

    def test_a_thousand_at_once(self):
        resident = self.agent.resident()
        self.sim.do("freeze on")
        accepted, refused = {}, 0
        for number in range(1000):
            row = 2 + number % self.guests
            error, _ = self.session.test_set(1000 + number, self.vcpus(row, 5 + number // self.guests))
            if error == 0:
                self.assertEqual(self.session.commit_set(1000 + number), (0, 0))
                accepted.setdefault(row, number)
            else:
                self.assertIn(sets.ERRORS[error], ("resourceUnavailable", "inconsistentValue"))
                refused += 1
            self.session.cleanup_set(1000 + number)
        print(f"# {len(accepted)} accepted, {refused} refused; "
              f"{self.agent.resident() - resident:+} KiB")
        self.assertEqual(len(accepted), 64)
        self.assertEqual(len(accepted) + refused, 1000)
        self.assertLess(self.agent.resident() - resident, 4096 * SLOW)
        self.sim.do("freeze off")
        for row in accepted:
            self.assertEqual(self.wait_ended(row), "succeeded")
            self.assertEqual(self.session.get(cell("NumVCPU", row)), [5])
        # Each of them once, and all of them.
        self.assertEqual(len(self.commands()), 64)


# --- what is put between the agent and its C library ----------------------------------------------

SHIM_HEAD = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static int64_t setting(void)
{
	static const volatile int64_t *at;
	static const int64_t none;
	if (!at) {
		int fd = open(getenv("SHIM_SETTING"), O_RDONLY | O_CLOEXEC);
		void *map = mmap(NULL, sizeof(none), PROT_READ, MAP_SHARED, fd, 0);
		at = map == MAP_FAILED ? &none : map;
	}
	return *at;
}
#define REAL(result, name, ...) \
	static result (*real)(__VA_ARGS__); \
	if (!real) \
		real = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)
"""

# The wall clock is ahead by this many seconds.
CLOCK_SHIM = SHIM_HEAD + r"""
int clock_gettime(clockid_t id, struct timespec *ts)
{
	REAL(int, clock_gettime, clockid_t, struct timespec *);
	int r = real(id, ts);
	if (id == CLOCK_REALTIME)
		ts->tv_sec += setting();
	return r;
}
int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec ts;
	(void)tz;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}
time_t time(time_t *ret)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	if (ret)
		*ret = ts.tv_sec;
	return ts.tv_sec;
}
"""

# Of a thousand allocations this many fail; only the agent's own do, not those of its libraries.
MEMORY_SHIM = SHIM_HEAD + r"""
static uintptr_t begin, end;
static _Atomic unsigned long long failed;

static int find_program(struct dl_phdr_info *info, size_t size, void *user)
{
	(void)size, (void)user;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type == PT_LOAD && p->p_flags & PF_X) {
			begin = info->dlpi_addr + p->p_vaddr;
			end = begin + p->p_memsz;
		}
	}
	return 1; /* the program comes first */
}
__attribute__((constructor)) static void prepare(void)
{
	dl_iterate_phdr(find_program, NULL);
}
__attribute__((destructor)) static void report(void)
{
	fprintf(stderr, "shim: %llu allocations failed\n", failed);
}
static int fails(void *caller)
{
	static __thread uint32_t dice;
	if ((uintptr_t)caller < begin || (uintptr_t)caller >= end || !setting())
		return 0;
	if (!dice)
		dice = (uint32_t)(uintptr_t)&dice | 1;
	dice ^= dice << 13, dice ^= dice >> 17, dice ^= dice << 5;
	if (dice % 1000 >= setting())
		return 0;
	failed++;
	errno = ENOMEM;
	return 1;
}
#define HERE __builtin_return_address(0)
void *malloc(size_t n)
{
	REAL(void *, malloc, size_t);
	return fails(HERE) ? NULL : real(n);
}
void *realloc(void *p, size_t n)
{
	REAL(void *, realloc, void *, size_t);
	return fails(HERE) ? NULL : real(p, n);
}
void *reallocarray(void *p, size_t n, size_t size)
{
	REAL(void *, reallocarray, void *, size_t, size_t);
	return fails(HERE) ? NULL : real(p, n, size);
}
extern void *__libc_calloc(size_t, size_t); /* dlsym() itself may want one */
void *calloc(size_t n, size_t size)
{
	return fails(HERE) ? NULL : __libc_calloc(n, size);
}
char *strdup(const char *s)
{
	REAL(char *, strdup, const char *);
	return fails(HERE) ? NULL : real(s);
}
char *strndup(const char *s, size_t n)
{
	REAL(char *, strndup, const char *, size_t);
	return fails(HERE) ? NULL : real(s, n);
}
int vasprintf(char **ret, const char *format, va_list args)
{
	REAL(int, vasprintf, char **, const char *, va_list);
	return fails(HERE) ? -1 : real(ret, format, args);
}
/* Fortified, they have other names. */
int __vasprintf_chk(char **ret, int flag, const char *format, va_list args)
{
	REAL(int, __vasprintf_chk, char **, int, const char *, va_list);
	return fails(HERE) ? -1 : real(ret, flag, format, args);
}
int __asprintf_chk(char **ret, int flag, const char *format, ...)
{
	va_list args;
	int n;
	REAL(int, __vasprintf_chk, char **, int, const char *, va_list);
	if (fails(HERE))
		return -1;
	va_start(args, format);
	n = real(ret, flag, format, args);
	va_end(args);
	return n;
}
int asprintf(char **ret, const char *format, ...)
{
	va_list args;
	int n;
	REAL(int, vasprintf, char **, const char *, va_list);
	if (fails(HERE))
		return -1;
	va_start(args, format);
	n = real(ret, format, args);
	va_end(args);
	return n;
}
"""


class ShimTestCase(TestCase):

    def started(self, source, conf="refreshInterval 0.5\n", **more):
        """With something between the agent and its C library, which is told one number."""
        compiler = shutil.which("cc")
        if not compiler:
            self.skipTest("there is no C compiler")
        bed = self.prepared(conf, **more)
        self.setting = os.path.join(self.directory, "setting")
        self.tell(0)
        path, shim = (os.path.join(self.directory, name) for name in ("shim.c", "shim.so"))
        with open(path, "w", encoding="ascii") as file:
            file.write(source)
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", shim, path, "-ldl"], check=True)
        bed.sim.start()
        bed.snmpd.start()
        bed.agent.launch(bed.agent.command("-f"),
                         {"LD_PRELOAD": shim, "SHIM_SETTING": self.setting})
        wait_for(lambda: bed.agent.log() or not bed.agent.running(), 10, "a word")
        if "Sanitizer" in bed.agent.log() or "LD_PRELOAD" in bed.agent.log():
            bed.agent.kill()
            self.skipTest("a sanitizer does not let itself be preceded")
        bed.wait_serving()
        return bed

    def tell(self, number):
        with open(self.setting, "r+b" if os.path.exists(self.setting) else "w+b") as file:
            file.write(number.to_bytes(8, "little", signed=True))


class WallClock(ShimTestCase):
    """Jumps of a day, both ways, as a forgotten time zone or an empty battery make them."""

    def date(self, bed, row):
        """At which the last operation of a row began."""
        index = bed.get(cell("OperationIndex", row))
        start = bed.get(f"{sets.OPERATION}.12.{index}")
        return int.from_bytes(start[:2], "big"), start[2], start[3]

    def test_jumps(self):
        bed = self.started(CLOCK_SHIM)
        row, before = bed.indexes()["ldg1"], bed.indexes()
        for seconds in (86400, -86400, 0):
            self.tell(seconds)
            queries = scalar(bed, "ldomQueries")
            self.assert_set_works(bed)
            wait_for(lambda queries=queries: scalar(bed, "ldomQueries") > queries + 3, 10, "queries")
            self.assertLess(scalar(bed, "ldomDataAge"), 300 * SLOW)
            self.assertEqual(bed.indexes(), before)
            self.assertEqual(self.date(bed, row), time.localtime(time.time() + seconds)[:3])
            # How long it took is not measured by that clock.
            index = bed.get(cell("OperationIndex", row))
            self.assertLess(bed.get(f"{sets.OPERATION}.13.{index}"), 1000 * SLOW)
            lost = scalar(bed, "ldomDisconnects")
            bed.sim.do("disconnect")
            wait_for(lambda lost=lost: scalar(bed, "ldomDisconnects") > lost and
                     scalar(bed, "ldomLinkState") == 1, 5, "the link")


class Allocations(ShimTestCase):
    """One in a few hundred fails, for a while, anywhere in the agent."""

    seconds = float(os.environ.get("LDOMS_TEST_ALLOCATIONS", "8"))

    def trouble(self, bed, manager, rows, number):
        """Something that makes the agent allocate; how it is answered does not matter."""
        name = list(rows)[number % len(rows)]
        bed.sim.command(f"do set-vcpu {name} {1 + number % 4}")
        if number % 4 == 0:
            bed.sim.command(f"do add-vnet {name} net{number} primary-vsw0")
        if number % 7 == 0:
            bed.sim.command("disconnect")
        if number % 31 == 0:
            bed.snmpd.kill()
            bed.snmpd.start()
        if number % 13 == 0:
            bed.agent.send(signal.SIGHUP)
        try:
            manager.set(sets.varbind(rows[name], "NumVCPU", 2 + number % 3))
            manager.get(cell("Name", 1), cell("UUID", rows[name]), harness.SCALARS["ldomDataAge"])
        except sets.NoAnswer:
            pass

    def test_some_fail(self):
        bed = self.started(MEMORY_SHIM, "refreshInterval 0.2\ncommandTimeout 2\nnotificationRate 0\n")
        rows = {name: index for name, index in bed.indexes().items() if name in ("ldg1", "app01")}
        manager = sets.Manager(bed.snmpd, timeout=0.7)
        self.addCleanup(manager.close)
        number = 0
        for rate in (1, 3, 10, 30, 100, 400):
            self.tell(rate)
            end = time.monotonic() + self.seconds / 6
            while time.monotonic() < end:
                number += 1
                self.trouble(bed, manager, rows, number)
                self.assertTrue(bed.agent.running(), bed.agent.log()[-2000:])
        self.tell(0)
        bed.wait_serving()
        wait_for(lambda: scalar(bed, "ldomLinkState") == 1, 20, "the link")
        self.wait_true(bed)
        for name in rows:
            wait_for(lambda name=name: sets.STATUS.get(bed.get(cell("OperationStatus", rows[name])))
                     in ("none", *sets.ENDED), 60, "the end of the operations")
        self.assert_set_works(bed)
        self.assertEqual(bed.agent.stop(), 0)
        count = int(re.search(r"shim: (\d+) allocations failed", bed.agent.log()).group(1))
        print(f"# {count} allocations failed in {number} turns")
        self.assertGreater(count, 20)
