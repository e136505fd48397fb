"""The tests of tables, SETs, transactions and notifications, run once more with the agent inside
snmpd. What they expect is the same; what only a subagent can have (its session) is left out."""
import os
import sys

import harness

sys.path.insert(0, os.path.join(harness.SRC, "tests", "integration"))
import test_changes  # noqa: E402  pylint: disable=wrong-import-position
import test_notifications  # noqa: E402  pylint: disable=wrong-import-position
import test_rows  # noqa: E402  pylint: disable=wrong-import-position
import test_rowstatus  # noqa: E402  pylint: disable=wrong-import-position
import test_set  # noqa: E402  pylint: disable=wrong-import-position
import test_set_errors  # noqa: E402  pylint: disable=wrong-import-position
import test_tables  # noqa: E402  pylint: disable=wrong-import-position
import test_templates  # noqa: E402  pylint: disable=wrong-import-position
import test_transactions  # noqa: E402  pylint: disable=wrong-import-position
import test_walk  # noqa: E402  pylint: disable=wrong-import-position

# Class -> tests that end, start or signal an agent that is a process beside snmpd; test_module.py has
# what takes their place.
LEFT_OUT = {
    "Restarts": ("test_every_order", "test_master_comes_back", "test_while_the_agent_was_away"),
    "Notifications": ("test_switched_off_and_on",),
    "Burst": ("test_more_than_fits",),
    "Tables": ("test_identities_survive",),
}

for module in (test_walk, test_tables, test_rows, test_set, test_set_errors, test_transactions,
               test_rowstatus, test_templates, test_changes, test_notifications):
    for name, thing in list(vars(module).items()):
        if isinstance(thing, type) and issubclass(thing, harness.TestCase) and \
                thing.__module__ == module.__name__:
            members = {"form": "module", "__module__": __name__}
            members.update({test: None for test in LEFT_OUT.get(name, ())})
            globals()[f"{module.__name__[5:]}_{name}"] = type(name, (thing,), members)
