#!/usr/bin/env python3
"""Hours of everything at once: managers walk and set, the host changes, ldmd and snmpd misbehave,
freeze, crash and come back. At the end

    the agent's memory and descriptors are flat,
    no operation is lost: each SET that got noError has a row, and the row ended,
    no change is missed: all tables are what the simulator holds,
    every manager got a good answer whenever snmpd itself was well.

    soak.py [--seconds N] [--seed N]            or: make soak SECONDS=N [SEED=N]

The same seed throws the same dice; when what happens is up to the machine.
"""
import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time

import harness
import inventory
import sets
from actors import Stage
from managers import RUNNING, Setter, Walker
from meter import Meter
from world import Log, Master, PipedAgent, World, configuration

SETTERS, WALKERS, GUESTS = 3, 3, 4
SETTLE = 120 * harness.SLOW


def make_guests():
    """[[those of the first setter], [of the second], ... [those that only the host changes]]"""
    states = ["active", "active", "bound", "inactive"]
    return [[sets.Guest(f"{name}{i}", states[i % 4], vcpus=2, memory=1024) for i in range(GUESTS)]
            for name in "abch"[:SETTERS] + "h"]


def make_bed(directory, guests):
    listed = [guest for group in guests for guest in group]
    path = sets.write_inventory(os.path.join(directory, "inventory.xml"), listed, cores=24,
                                memory_gb=48, domains=64)
    bed = harness.Bed(os.path.join(directory, "b"), start=False,
                      sim_options=["-i", path, "-S", os.path.join(directory, "sim-state")])
    bed.agent = PipedAgent(bed.agent.directory, bed.sim.address, bed.snmpd.address, configuration())
    return bed


def learn_indexes(bed, guests):
    listed = [guest for group in guests for guest in group]
    indexes = harness.wait_for(
        lambda: all(guest.name in bed.indexes() for guest in listed) and bed.indexes(), 20, "guests")
    for guest in listed:
        guest.index = indexes[guest.name]


def differences(bed):
    """What the tables have else than the simulator, in words."""
    state = harness.dump(bed.sim)
    return inventory.differences(inventory.read_all(bed), state, bed.indexes()) + [
        line for line in harness.differences(without_operations(bed.rows()), state["domains"])]


def without_operations(rows):
    """The two columns of our own, as they are in a row that was never set."""
    for row in rows.values():
        row.update({"OperationStatus": 1, "OperationIndex": 0})
    return rows


def wait_settled(stage, what, condition):
    """Until condition() returns nothing any more; what it returned last is the problem."""
    found = [None]

    def good():
        found[0] = condition()
        return not found[0]
    begun = time.monotonic()
    try:
        harness.wait_for(good, SETTLE, what, interval=0.5)
        print(f"# {what}: after {time.monotonic() - begun:.1f} s", flush=True)
    except AssertionError:
        for line in found[0][:20]:
            stage.complain(f"{what}: {line}")


def open_operations(bed):
    manager = sets.Manager(bed.snmpd, timeout=5.0)
    try:
        return [f"{name} is {sets.STATUS[value]}"
                for name, value in manager.walk(f"{sets.OPERATION}.10") if value in RUNNING]
    except sets.NoAnswer:
        return ["no answer"]
    finally:
        manager.close()


def counters(bed):
    names = ("ldomQueries ldomQueryFailures ldomQueryTimeouts ldomConnects ldomDisconnects ldomEvents "
             "ldomDocumentsRefused ldomNotificationsSent ldomNotificationsDropped ldomSets "
             "ldomSetsRefused ldomLogLinesLost").split()
    return ", ".join(f"{name[4:]} {harness.scalar(bed, name)}" for name in names)


def run(directory, seconds, seed):
    guests = make_guests()
    bed = make_bed(directory, guests)
    with open(os.path.join(directory, "story.log"), "w", encoding="utf-8") as story:
        stage = Stage(bed, seed, story)
        return soak(stage, guests, seconds)


def soak(stage, guests, seconds):
    bed = stage.bed
    try:
        bed.sim.start()
        bed.snmpd.start()
        bed.agent.start()
        log = Log(stage, "log")
        log.start()
        bed.wait_serving()
        learn_indexes(bed, guests)
        world = World(stage, "world", [guest for group in guests for guest in group])
        actors = [Setter(stage, f"setter{i}", guests[i]) for i in range(SETTERS)]
        actors += [Walker(stage, f"walker{i}") for i in range(WALKERS)]
        actors += [world, Master(stage, "master"), log]
        meter = Meter(stage, seconds)
        play(stage, actors, meter, seconds)
        world.settle()
        wait_settled(stage, "all operations ended", lambda: open_operations(bed))
        wait_settled(stage, "all tables are the simulator's", lambda: differences(bed))
        for actor in actors:
            print(f"# {actor.name}: {actor.summary()}")
        print(f"# counters: {counters(bed)}")
        stage.problems += meter.verdict()
    finally:
        stage.over.set()
        stage.problems += bed.stop()
        stage.closed.set()
    return stage.problems


def play(stage, actors, meter, seconds):
    for actor in actors + [meter]:
        if not actor.is_alive():
            actor.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(stage.problems) < 20:
        if not stage.bed.agent.running():
            stage.complain(f"the agent ended: {stage.bed.agent.log()[-3000:]}")
            break
        time.sleep(0.5)
    stage.over.set()
    for actor in actors + [meter]:
        if not actor.done.wait(60 * harness.SLOW):
            stage.complain(f"{actor.name} hangs")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="keep the directory with the logs")
    options = parser.parse_args()
    seed = options.seed or random.SystemRandom().randrange(1, 10 ** 6)
    print(f"# {options.seconds:.0f} s, seed {seed}", flush=True)
    directory = tempfile.mkdtemp(prefix="ldoms-")
    threading.stack_size(512 * 1024)
    problems = run(directory, options.seconds, seed)
    for problem in problems:
        print(f"# problem: {problem}")
    if problems or options.keep:
        print(f"# logs: {directory}")
    else:
        shutil.rmtree(directory, ignore_errors=True)
    print("not ok" if problems else "ok", f"- soak of {options.seconds:.0f} s, seed {seed}")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
