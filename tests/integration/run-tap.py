#!/usr/bin/env python3
"""Run the unittest cases of one file and print TAP, for automake's driver.

Usage: run-tap.py FILE [CASE.TEST ...]
"""
import faulthandler
import importlib.util
import os
import sys
import time
import traceback
import unittest

TEST_SECONDS_MAX = 600 * float(os.environ.get("LDOMS_TEST_SLOW", "1"))


def is_set_up(test):
    """Whether this result is of a class's setUpClass(). Each test of the class is told instead, as
    the plan counts tests."""
    return test.id().startswith("setUpClass ")


class TapResult(unittest.TestResult):
    """Prints each result as it comes, its messages as comments."""

    def __init__(self):
        super().__init__()
        self.number = 0
        self.started = 0.0
        self.skipped_classes = {}  # {class: why its set-up skips it}

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()
        # A test that hangs is shown where it hangs, instead of stopping everything. On standard
        # output, which is what the test's log keeps.
        faulthandler.dump_traceback_later(TEST_SECONDS_MAX, exit=True, file=sys.stdout)

    def stopTest(self, test):
        faulthandler.cancel_dump_traceback_later()
        super().stopTest(test)

    def _line(self, good, test, note="", text=""):
        # A test has one result, though its subtests and its clean-up may fail as well.
        for line in text.splitlines():
            print("#", line)
        if getattr(test, "told", False):
            return
        test.told = True
        self.number += 1
        name = str(test.id()).replace("#", "")
        took = time.monotonic() - self.started
        print(f"{'ok' if good else 'not ok'} {self.number} - {name}{note}", flush=True)
        print(f"# {took:.1f} s", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line(True, test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if not is_set_up(test):
            self._line(True, test, f" # SKIP {reason}")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._line(False, test, " # TODO", self._exc_info_to_string(err, test))

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._line(True, test, " # TODO")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line(False, test, text=self._exc_info_to_string(err, test))

    def addError(self, test, err):
        super().addError(test, err)
        text = self._exc_info_to_string(err, test)
        if is_set_up(test):
            print("# " + text.rstrip().replace("\n", "\n# "))
        else:
            self._line(False, test, text=text)

    def addSubTest(self, test, subtest, err):
        # The whole test fails once, after all its subtests were tried.
        super().addSubTest(test, subtest, err)
        if err is not None:
            for line in self._exc_info_to_string(err, subtest).splitlines():
                print("#", line)
            print(f"# failed: {subtest}", flush=True)
            test.subtest_failed = True

    def tell_set_up(self, test):
        """A test that is not run, as the set-up of its class skipped it or failed."""
        self.number += 1
        if test.__class__ in self.skipped_classes:
            reason = self.skipped_classes[test.__class__]
            print(f"ok {self.number} - {test.id()} # SKIP {reason}", flush=True)
        else:
            print(f"not ok {self.number} - {test.id()} (class set-up)", flush=True)

    def close_subtests(self, test):
        if getattr(test, "subtest_failed", False):
            self._line(False, test)


def load(path):
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def flatten(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flatten(item)
        else:
            yield item


class Suite(unittest.TestSuite):
    """A suite that tells the result when a test is over, for the sake of subtests."""

    def run(self, result, debug=False):
        for test in self:
            self._tearDownPreviousClass(test, result)
            self._handleModuleFixture(test, result)
            skips = len(result.skipped)
            self._handleClassSetUp(test, result)
            if len(result.skipped) > skips:
                result.skipped_classes[test.__class__] = result.skipped[-1][1]
            result._previousTestClass = test.__class__
            if getattr(test.__class__, "_classSetupFailed", False):
                result.tell_set_up(test)
                continue
            test(result)
            result.close_subtests(test)
        self._tearDownPreviousClass(None, result)
        self._handleModuleTearDown(result)
        return result


def main():
    module = load(sys.argv[1])
    loader = unittest.TestLoader()
    if len(sys.argv) > 2:
        loaded = loader.loadTestsFromNames(sys.argv[2:], module)
    else:
        loaded = loader.loadTestsFromModule(module)
    tests = list(flatten(loaded))
    result = TapResult()
    if not tests:
        print("1..0 # SKIP no test here")
        return 0
    print(f"1..{len(tests)}", flush=True)
    Suite(tests).run(result)
    return 0  # what failed has been told


if __name__ == "__main__":
    # Logs of programs are printed, whatever bytes are in them and whatever the locale is.
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[1])))
    try:
        status = main()
    except BaseException as error:  # pylint: disable=broad-except
        # Standard error is not in the test's log.
        for line in traceback.format_exception(error):
            print("#", line.rstrip().replace("\n", "\n# "))
        print(f"Bail out! {error!r}", flush=True)
        status = 1
    sys.exit(status)
