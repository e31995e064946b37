#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/transcribe: the command line, and the quick path of its script."""

import os
import subprocess
import unittest

from harness import BUILD, CLIP, ROOT, TestCase, stampBuild, transcribe


class CommandLine(TestCase):
    def test_wrong_usage(self):
        for arguments, part in [((), 'INPUT'), (('--nosuch', CLIP), '--nosuch'), (('--format', 'xml', CLIP), 'xml'),
                                (('--task', 'sing', CLIP), 'sing'), (('--device', 'gpu', CLIP), 'gpu'),
                                (('--device', 'xrt:', CLIP), 'xrt:'), (('--precision', 'int4', CLIP), 'int4'),
                                (('--threads', '0', CLIP), '0'), (('--threads', 'two', CLIP), 'two'),
                                (('--output',), '--output')]:
            with self.subTest(arguments=arguments):
                run = transcribe(*arguments)
                self.assertComplains(run, part, status=2)
                self.assertEqual(run.stdout, '')

    def test_help_names_every_option(self):
        run = transcribe('--help')
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        for option in ('model', 'language', 'task', 'device', 'precision', 'threads', 'format', 'output', 'live', 'track'):
            self.assertIn(f'--{option} ', run.stdout)

    def test_output_that_cannot_be(self):
        self.assertComplains(transcribe('--output', self.folder / 'no/where.txt', CLIP), 'where.txt', 'No such file')


class Script(TestCase):
    def script(self, *arguments, **environment):
        return subprocess.run([ROOT / 'tools/transcribe', *arguments], capture_output=True, text=True,
                              cwd=self.folder, env={**os.environ, 'NPUSPEECH_BUILD': str(BUILD), **environment})

    def setUp(self):
        super().setUp()
        stampBuild()
        for name in ('whisper-base', 'silero-vad'):
            (self.folder / 'npuspeech/models' / name).mkdir(parents=True)

    def test_no_arguments(self):
        run = self.script()
        self.assertComplains(run, 'usage', status=2)

    def test_passes_arguments_and_status(self):
        run = self.script('--format', 'a b', XDG_CACHE_HOME=str(self.folder))
        self.assertComplains(run, '--format: a b', status=2)
        run = self.script('--help', XDG_CACHE_HOME=str(self.folder))
        self.assertEqual((run.returncode, run.stderr), (0, ''))

    def test_model_that_nobody_has(self):
        run = self.script('--model', 'whisper-huge', CLIP, XDG_CACHE_HOME=str(self.folder))
        self.assertComplains(run, '"whisper-huge"', 'whisper-base', 'whisper-large-v3', status=2)

    def test_model_that_is_fetched_by_its_short_name(self):
        nowhere = {'XDG_CACHE_HOME': str(self.folder), 'HF_ENDPOINT': 'http://127.0.0.1:9', 'no_proxy': '*'}
        run = self.script('--model', 'small', CLIP, **nowhere)
        self.assertComplains(run, 'small: 127.0.0.1:9 cannot be reached')
        (self.folder / 'npuspeech/models/whisper-small').mkdir()
        run = self.script('--model', 'small', CLIP, **nowhere)
        self.assertComplains(run, 'whisper-small/model.bin')

    def test_model_that_is_a_file_here(self):
        (self.folder / 'own.bin').write_bytes(b'This is not a model.')
        run = self.script('--model', 'own.bin', CLIP, XDG_CACHE_HOME=str(self.folder))
        self.assertComplains(run, 'own.bin', 'ggml')

    def test_model_of_the_hub_that_is_not_there(self):
        run = self.script('--model', 'openai/whisper-small', CLIP, XDG_CACHE_HOME=str(self.folder))
        self.assertComplains(run, '"openai/whisper-small"', 'tools/fetch-model openai/whisper-small')

    def test_adds_little_time(self):
        def processorTime(call):
            times = []
            for _ in range(7):
                before = os.times()
                call()
                after = os.times()
                times.append(after.children_user + after.children_system
                             - before.children_user - before.children_system)
            return min(times)
        script = processorTime(lambda: self.script('--help', XDG_CACHE_HOME=str(self.folder)))
        program = processorTime(lambda: transcribe('--help'))
        self.assertLess(script - program, 0.06)


if __name__ == '__main__':
    unittest.main(verbosity=2)
