"""The agent's memory, descriptors and threads over time: are they flat?"""
import os
import time

from actors import Actor

EVERY = 1.0
# The beginning is growing up: caches of the allocator, of OpenSSL, the registry's departed.
WARM_UP = 0.25
# What a soak may add to resident memory, in KiB: less than a hundredth of what a leak of one
# snapshot per refresh would.
GROWTH_MAX = int(os.environ.get("LDOMS_SOAK_GROWTH", "1024"))
# Command connections come and go, four at most; one lookup, one state file.
DESCRIPTORS_SPREAD = 8


def slope(points):
    """Of the line of least squares through (x, y)."""
    n = len(points)
    mean_x, mean_y = (sum(point[i] for point in points) / n for i in (0, 1))
    below = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / below if below else 0.0


class Meter(Actor):
    def __init__(self, stage, seconds):
        super().__init__(stage, "meter")
        self.seconds = seconds
        self.samples = []  # (time, KiB, descriptors, threads)

    def act(self):
        agent = self.bed.agent
        try:
            threads = len(os.listdir(f"/proc/{agent.pid}/task"))
            self.samples.append((time.monotonic() - self.stage.begun, agent.resident(),
                                 agent.descriptors(), threads))
        except (OSError, AttributeError):
            pass  # it ended, which is noticed elsewhere
        self.stage.over.wait(EVERY)

    def verdict(self):
        """Prints the figures; what is wrong with them."""
        if len(self.samples) < 8:
            return ["too short to measure anything"]
        warm = self.samples[int(len(self.samples) * WARM_UP):]
        took = warm[-1][0] - warm[0][0]
        problems = []
        for at, name, unit in ((1, "resident memory", "KiB"), (2, "descriptors", ""), (3, "threads", "")):
            values = sorted(sample[at] for sample in warm)
            rise = slope([(sample[0], sample[at]) for sample in warm])
            growth = rise * took
            print(f"# {name}: first {self.samples[0][at]} {unit}, then {values[0]} to {values[-1]}, "
                  f"median {values[len(values) // 2]}, slope {rise * 60:+.2f} {unit} a minute, "
                  f"{growth:+.1f} in {took:.0f} s")
            if at == 1 and growth > GROWTH_MAX:
                problems.append(f"memory grows by {growth:.0f} KiB, {GROWTH_MAX} are allowed")
            if at > 1 and (growth > 2 or values[-1] - values[0] > DESCRIPTORS_SPREAD):
                problems.append(f"{name} are not flat: {values[0]} to {values[-1]}, {growth:+.1f}")
        return problems
