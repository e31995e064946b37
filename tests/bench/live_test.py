#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench/live: what is a stream and of which half, and how delays are measured."""

import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, os.environ['NPUSPEECH_SOURCE_ROOT'] + '/bench/peers')

import delays
import streams


class Streams(unittest.TestCase):
    def test_chapters_alternate_and_the_rest_is_held_out(self):
        rows = ['longform/b.flac', 'longform/a.flac', 'other/x.flac', 'librispeech/9-1-0000.flac']
        rows += [f'librispeech/{chapter}-000{i}.flac' for chapter in ('30-2', '4-7') for i in range(5)]
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / 'manifest.tsv').write_text('file\ttranscript\n' + ''.join(f'{row}\tx\n' for row in rows))
            found = streams.of_corpus(folder)
        self.assertEqual([(stream.name, len(stream.rows), stream.half) for stream in found],
                         [('a', 1, 'tuning'), ('b', 1, 'held-out'), ('4-7-0000', 5, 'tuning'), ('30-2-0000', 5, 'held-out'),
                          ('librispeech-rest', 1, 'held-out')])

    def test_silent_streams_are_as_long_as_asked_for(self):
        with tempfile.TemporaryDirectory() as folder:
            names = streams.silences(pathlib.Path(folder), 2)
            loud = {name: max(streams.samples_of(pathlib.Path(folder) / name)) for name in names}
            for name in names:
                self.assertEqual(len(streams.samples_of(pathlib.Path(folder) / name)), 2 * streams.RATE)
        self.assertEqual(loud['silence.wav'], 0)
        self.assertGreater(min(loud['noise.wav'], loud['music.wav']), 1000)


class Delays(unittest.TestCase):
    LINES = [
        {'now': 1.0, 'at': 1.1, 'final': False, 'words': [], 'interim': [[0.2, 0.5, ' One'], [0.5, 0.9, ' too']]},
        {'now': 1.5, 'at': 1.6, 'final': False, 'words': [[0.2, 0.5, ' One']], 'interim': [[0.5, 0.9, ' two,']]},
        {'now': 2.0, 'at': 2.3, 'final': True, 'words': [[0.5, 0.9, ' two,'], [0.4, 1.9, ' THREE']], 'interim': []},
    ]

    def test_counts_from_the_words_of_the_aligner(self):
        found = delays.measure(self.LINES, [['one', 0.2, 0.6], ['two', 0.6, 1.0], ['four', 1, 2]])
        for name, expected in {'committed': [1.0, 1.3], 'seen': [0.5, 0.6], 'final': [0.3], 'times': [0.05, 0.1]}.items():
            self.assertEqual([round(value, 6) for value in found[name]], expected, name)
        self.assertEqual(found['backward'], 1, 'the third word begins before the second')


if __name__ == '__main__':
    unittest.main()
