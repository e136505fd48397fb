"""Tests of tests/integration once more, with the agent inside snmpd; what they expect is the same."""
import os
import sys

import harness

sys.path.insert(0, os.path.join(harness.SRC, "tests", "integration"))


def with_module(name, case, left_out, **more):
    """The test case with the agent inside snmpd, under this name, without the tests left out."""
    for test in left_out:
        assert callable(getattr(case, test)), test

    def _take_down(self):
        """A test that has an agent of its own beside snmpd proves nothing here."""
        beds = self.beds + ([self.rig] if hasattr(self, "rig") else [])
        outside = [bed for bed in beds if not isinstance(bed.agent, harness.InMaster)]
        super(made, self)._take_down()
        self.assertEqual(outside, [], "not inside snmpd")

    members = {"form": "module", "_take_down": _take_down, **dict.fromkeys(left_out), **more}
    made = type(name, (case,), members)
    return made


def rerun(namespace, modules, left_out):
    """All cases of these modules into the namespace; left_out: {case: names of tests}."""
    for module in modules:
        for name, thing in list(vars(module).items()):
            if isinstance(thing, type) and issubclass(thing, harness.TestCase) and \
                    thing.__module__ == module.__name__ and left_out.get(name) != ALL:
                # Two modules may have a case of one name: the module's name tells them apart.
                made = f"{module.__name__[5:]}_{name}"
                namespace[made] = with_module(made, thing, left_out.get(name, ()),
                                              __module__=namespace["__name__"])


ALL = "all"
