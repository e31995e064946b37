#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench/compare: environments are whole or made again, references are found, failures say why, and tables show the ratio."""

import contextlib
import importlib.util
import io
import json
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, os.environ['NPUSPEECH_SOURCE_ROOT'] + '/bench/peers')

import environments
import recordings
import report
import systems
from environments import Unavailable


class Environments(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = pathlib.Path(folder.name)
        self.made = 0

        def run(command, **options):
            if command[1:3] == ['-m', 'venv']:  # and not the packages that Debian needs for that
                self.made += 1
                (command[-1] / 'bin').mkdir(parents=True)
            return mock.Mock(returncode=0, stdout='')

        for target, name, value in ((environments, 'CACHE', self.cache), (environments, 'attempts', {}),
                                    (environments, 'PACKAGES', {'peer': ['peer==1.0', 'other==2']}),
                                    (environments.subprocess, 'run', run), (environments, 'say', lambda text: None)):
            patch = mock.patch.object(target, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def make(self, failure=None):
        environments.attempts.clear()
        with mock.patch.object(environments, 'install', side_effect=failure):
            return environments.python_of('peer')

    def test_is_made_once(self):
        self.assertEqual(self.make(), self.cache / 'bench/peer-1.0/bin/python')
        self.make()
        self.assertEqual(self.made, 1)

    def test_interrupted_is_made_again(self):
        with self.assertRaises(KeyboardInterrupt):
            self.make(KeyboardInterrupt)
        (self.cache / 'bench/peer-1.0/half').touch()
        self.make()
        self.assertEqual(self.made, 2)
        self.assertFalse((self.cache / 'bench/peer-1.0/half').exists())

    def test_other_packages_are_made_again(self):
        self.make()
        environments.PACKAGES['peer'][1] = 'other==3'
        self.make()
        self.assertEqual(self.made, 2)

    def test_failure_is_remembered_by_the_process_only(self):
        with self.assertRaisesRegex(Unavailable, 'no such version'):
            self.make(Unavailable('no such version'))
        with self.assertRaisesRegex(Unavailable, 'no such version'):
            environments.python_of('peer')
        self.assertEqual(self.made, 1)
        self.make()


class References(unittest.TestCase):
    def test_sidecar_manifest_and_none(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / 'sub').mkdir()
            (folder / 'manifest.tsv').write_text('file\ttranscript\nsub/a.flac\tfrom the table\nsub/b.flac\t\n')
            (folder / 'sub/c.txt').write_text('from beside\n')
            found = [recordings.reference(folder / 'sub' / file) for file in ('a.flac', 'b.flac', 'c.flac', 'd.flac')]
            self.assertEqual(found, ['from the table', None, 'from beside', None])


class Runs(unittest.TestCase):
    def test_failure_says_the_last_line(self):
        with self.assertRaisesRegex(Unavailable, '^peer failed: the reason$'):
            systems.finish(systems.start(['sh', '-c', 'echo first >&2; echo the reason >&2; exit 3']), 'peer')

    def test_peak_memory_is_the_process_own(self):
        process = systems.start([sys.executable, '-c', 'x = bytearray(200 << 20); print(1)'])
        output, memory, _ = systems.finish(process, 'peer')
        self.assertEqual(output, '1\n')
        self.assertTrue(200 < memory < 260, memory)

    def test_medians(self):
        runs = [systems.Run(work, 1, first, 5, [str(work)]) for work, first in ((3, None), (1, 8), (2, 6))]
        self.assertEqual(systems.median_run(runs), systems.Run(2, 1, 7, 5, ['2']))


class Report(unittest.TestCase):
    def test_ratio_and_what_is_not_known(self):
        row = {'speed': 10, 'wer': None, 'first': 0.5, 'memory': 100, 'load': 0.1}
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            report.print_speech('m', {'npuspeech': {**row, 'speed': 25}, 'peer': row})
        lines = [line.split() for line in out.getvalue().splitlines()[2:]]
        same = ['0.50', '100', '0.10']
        self.assertEqual(lines, [['npuspeech', '-', '25.0', *same], ['peer', '-', '10.0', *same, '2.50', 'x']])


    def test_parts(self):
        row = {'load': 0.5, 'encoder': [100, 150], 'steps': [200, 250], 'memory': 90, 'share': 0.5}
        result = {'ours': row, 'peer': {**row, 'memory': 300}, 'first': 2, 'memory': 120, 'packed': 100,
                  'ratios': {'encoder': [4, 3.5], 'steps': [2, 1.5]}}
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            report.print_parts('small', result)
        _, _, ours, peer, ratios, share = out.getvalue().splitlines()
        self.assertEqual(ours.split(), ['npuspeech', '2.00', '0.50', '120', '100', '(150)', '200', '(250)'])
        self.assertEqual(peer.split(), ['faster-whisper', '-', '0.50', '300', '100', '(150)', '200', '(250)'])
        self.assertEqual(ratios, 'we are faster: encoder 4.0 x (3.5 x), steps 2.0 x (1.5 x)')
        self.assertIn('50 % of the hardware', share)
        self.assertIn('1.20 x the 100 MB', share)


@unittest.skipUnless(importlib.util.find_spec('numpy'), 'python3-numpy is missing')
class RandomModel(unittest.TestCase):
    def test_has_the_shapes_and_tokens_of_its_size(self):
        import ctranslate2_file
        import random_model

        with tempfile.TemporaryDirectory() as folder:
            random_model.main('64', '2', '1', '128', '51866', folder)
            weights = ctranslate2_file.Weights(folder)
            self.assertEqual((weights.width, weights.mels, weights.vocabulary), (64, 128, 51866))
            self.assertEqual((weights.layers('encoder'), weights.layers('decoder')), (2, 1))
            self.assertEqual(weights['decoder/layer_0/attention/linear_1/weight'].shape, (128, 64))
            self.assertTrue(0.9 < weights['encoder/layer_norm/gamma'].mean() < 1.1)
            entries = json.loads((pathlib.Path(folder) / 'vocabulary.json').read_text(encoding='utf-8'))
            config = json.loads((pathlib.Path(folder) / 'config.json').read_text(encoding='utf-8'))
        self.assertEqual(len(set(entries)), 51866)
        self.assertEqual([entries[i] for i in (50257, 50258, 50259, 50358, 50359, 51865)],
                         ['<|endoftext|>', '<|startoftranscript|>', '<|en|>', '<|yue|>', '<|translate|>', '<|30.00|>'])
        self.assertEqual(len(config['lang_ids']), 100)


if __name__ == '__main__':
    unittest.main()
