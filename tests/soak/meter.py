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


def median(values):
    return sorted(values)[len(values) // 2]


def growth(values):
    """From the first third to the last one. Medians: a large answer is in memory for a moment."""
    third = len(values) // 3
    return median(values[-third:]) - median(values[:third])


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
            self.stage.tell(f"memory {self.samples[-1][1]} KiB, {self.samples[-1][2]} descriptors")
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
            values = [sample[at] for sample in warm]
            grew = growth(values)
            print(f"# {name}: first {self.samples[0][at]} {unit}, then {min(values)} to {max(values)}, "
                  f"median {median(values)}, slope {grew * 90 / took:+.2f} {unit} a minute, "
                  f"{grew:+} from the first third to the last of {took:.0f} s")
            if at == 1 and grew > GROWTH_MAX:
                problems.append(f"memory grows by {grew} KiB, {GROWTH_MAX} are allowed")
            if at > 1 and (grew > 2 or max(values) - min(values) > DESCRIPTORS_SPREAD):
                problems.append(f"{name} are not flat: {min(values)} to {max(values)}, {grew:+}")
        return problems
