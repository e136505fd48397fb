"""Who takes part in a soak: each an endless loop in a thread of its own, with dice of its own."""
import random
import threading
import time
import traceback

import harness

# How long after a disturbance of snmpd managers may still feel it; the session is back in 2 s.
CALM_AFTER = 4.0 * harness.SLOW


class Stage:
    """What all share: the bed, the end, what was done, what went wrong, and when snmpd was
    disturbed."""

    def __init__(self, bed, seed, story):
        self.bed, self.seed, self.story = bed, seed, story
        self.over = threading.Event()
        self.closed = threading.Event()
        self.lock = threading.Lock()
        self.problems = []
        self.storms = []  # of snmpd: [begun, ended or None], one after the other
        self.begun = time.monotonic()

    def complain(self, text):
        with self.lock:
            self.problems.append(f"{time.monotonic() - self.begun:.1f} s: {text}")
            print(f"# {self.problems[-1]}", flush=True)

    def tell(self, text):
        """For those who look for the reason afterwards."""
        with self.lock:
            self.story.write(f"{time.monotonic() - self.begun:.2f} {text}\n")
            self.story.flush()

    def storm(self):
        """Around everything that disturbs snmpd."""
        return _Storm(self)

    def was_calm(self, begun, ended):
        """Whether managers had a right to good answers. What happens to ldmd is no excuse."""
        with self.lock:
            before = [storm for storm in self.storms if storm[0] <= ended]
        return not before or (before[-1][1] is not None and before[-1][1] + CALM_AFTER < begun)


class _Storm:
    def __init__(self, stage):
        self.stage, self.entry = stage, None

    def __enter__(self):
        self.entry = [time.monotonic(), None]
        with self.stage.lock:
            self.stage.storms.append(self.entry)

    def __exit__(self, *_):
        self.entry[1] = time.monotonic()


class Actor(threading.Thread):
    """
    Calls act() until the stage is over. Stays alive until it is closed, as what a thread started
    dies with that thread.
    """

    def __init__(self, stage, name):
        super().__init__(name=name, daemon=True)
        self.stage, self.bed = stage, stage.bed
        self.dice = random.Random(f"{stage.seed} {name}")
        self.counts = {}
        self.done = threading.Event()

    def count(self, what, n=1):
        self.counts[what] = self.counts.get(what, 0) + n

    def pause(self, low, high):
        self.stage.over.wait(self.dice.uniform(low, high))

    def run(self):
        while not self.stage.over.is_set():
            try:
                self.act()
            except Exception:  # pylint: disable=broad-except
                self.stage.complain(f"{self.name}: {traceback.format_exc()}")
                self.stage.over.wait(1)
        self.done.set()
        self.stage.closed.wait()

    def act(self):
        raise NotImplementedError

    def summary(self):
        return ", ".join(f"{n} {what}" for what, n in sorted(self.counts.items()))
