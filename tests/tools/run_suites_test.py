#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/run-suites counts cases as GoogleTest and unittest print them, and never loses a failure."""

import importlib.machinery
import importlib.util
import os
import pathlib
import subprocess
import sys
import unittest

PATH = pathlib.Path(os.environ['NPUSPEECH_SOURCE_ROOT']) / 'tools/run-suites'
loader = importlib.machinery.SourceFileLoader('run_suites', str(PATH))
run_suites = importlib.util.module_from_spec(importlib.util.spec_from_loader('run_suites', loader))
loader.exec_module(run_suites)

GOOGLETEST = '''[==========] Running 4 tests from 2 test suites.
[----------] 2 tests from Mel
[ RUN      ] Mel.MatchesReference
../tests/mel_test.cpp:20: Skipped
no librispeech/1.flac

[  SKIPPED ] Mel.MatchesReference (0 ms)
[ RUN      ] Mel.Sizes
[       OK ] Mel.Sizes (3 ms)
[ RUN      ] Sizes/Mel.Each/0
../tests/mel_test.cpp:30: Failure
  1
  2
[  FAILED  ] Sizes/Mel.Each/0, where GetParam() = 7 (0 ms)
[ RUN      ] Mel.Last
[       OK ] Mel.Last (0 ms)
[==========] 4 tests from 2 test suites ran. (3 ms total)
[  PASSED  ] 2 tests.
[  SKIPPED ] 1 test, listed below:
[  SKIPPED ] Mel.MatchesReference
[  FAILED  ] 1 test, listed below:
[  FAILED  ] Sizes/Mel.Each/0, where GetParam() = 7

 1 FAILED TEST
'''
UNITTEST = '''
import unittest
class A(unittest.TestCase):
    def test_a(self):
        "What it shows."
    def test_b(self):
        self.skipTest("no model 'x'")
    def test_c(self):
        for i in range(3):
            with self.subTest(i):
                self.assertNotEqual(i, 1)
    def test_d(self):
        raise OSError('gone')
    def test_e(self):
        print('said')
    def test_f(self):
        with self.subTest('part'):
            self.skipTest('no encoder')
unittest.main(verbosity=2)
'''


def outcome(stdout, result='OK', returncode=0, stderr=''):
    return run_suites.outcome(
        {'name': 't', 'stdout': stdout, 'stderr': stderr, 'result': result, 'returncode': returncode})


class RunSuites(unittest.TestCase):
    def test_googletest(self):
        counts = outcome(GOOGLETEST, 'FAIL', 1)
        self.assertEqual(counts.passed, 2)
        self.assertEqual(counts.failed, ['t: Sizes/Mel.Each/0'])
        self.assertEqual(counts.skipped, ['t: Mel.MatchesReference: no librispeech/1.flac'])

    def test_googletest_that_crashes(self):
        counts = outcome(GOOGLETEST[:GOOGLETEST.index('[       OK ] Mel.Last')], 'FAIL', -11)
        self.assertEqual(counts.passed, 1)
        self.assertEqual(counts.failed, ['t: Sizes/Mel.Each/0', 't: Mel.Last (did not end)'])

    def test_googletest_that_fails_behind_its_cases(self):
        passed = '[==========] Running 1 test from 1 test suite.\n[ RUN      ] A.a\n[       OK ] A.a (0 ms)\n'
        counts = outcome(passed, 'FAIL', 23)
        self.assertEqual((counts.passed, counts.failed), (1, ['t: fail, return code 23']))

    def test_unittest(self):
        run = subprocess.run([sys.executable, '-c', UNITTEST], capture_output=True, text=True)
        counts = outcome(run.stdout, 'FAIL', run.returncode, run.stderr)
        self.assertEqual(counts.passed, 3)
        self.assertEqual(sorted(counts.failed), ['t: test_c', 't: test_d'])
        self.assertEqual(counts.skipped, ["t: test_b: no model 'x'", 't: test_f [part]: no encoder'])

    def test_plain_programs(self):
        self.assertEqual(outcome('fine')[:2], (1, []))
        self.assertEqual(outcome('bad', 'TIMEOUT', -15).failed, ['t: timeout, return code -15'])
        self.assertEqual(outcome('no device\n', 'SKIP', 77).skipped, ['t: no device'])


if __name__ == '__main__':
    unittest.main(verbosity=2)
