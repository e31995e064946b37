#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/embed, in C++ and in Python: an application's samples in, words with times out."""

import os
import subprocess
import sys
import unittest

from harness import BUILD, CLIP, CLIP_SECONDS, CLIP_TEXT, ENVIRONMENT, PATIENCE, ROOT, TestCase, launch, wordErrors, words

PYTHONS = [sys.executable, '/usr/bin/python3']  # Debian's gi is for Debian's Python


def pythonWithGi():
    for python in PYTHONS:
        check = 'import gi; gi.require_version("GstApp", "1.0"); from gi.repository import GstApp'
        if not subprocess.run([python, '-c', check], capture_output=True, check=False).returncode:
            return python
    raise unittest.SkipTest('python3-gi or gir1.2-gst-plugins-base-1.0 is missing')


class Embed(TestCase):
    def setUp(self):
        super().setUp()
        self.needModel()

    def run_(self, *command, **options):
        return subprocess.run(command, capture_output=True, env=ENVIRONMENT, timeout=60 * PATIENCE, text=True,
                              check=False, **options)

    def assertWords(self, run):
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        found = [line.split() for line in run.stdout.splitlines()]
        self.assertLessEqual(wordErrors(' '.join(text for _, _, text in found), CLIP_TEXT), 2)
        last = 0
        for start, end, _ in found:
            self.assertLessEqual(last, float(start))
            self.assertLess(float(start), float(end))
            self.assertLessEqual(float(end), CLIP_SECONDS + 0.02)
            last = float(start)
        # Where the recording's waveform has these words, between pauses.
        for word, time in (('ask', 3.45), ('what', 5.45), ('ask', 8.3)):
            self.assertIn([word], [words(text) for start, end, text in found if float(start) <= time <= float(end)])

    def test_cpp(self):
        file = self.folder / 'clip.pcm'
        launch(f'filesrc location={CLIP} ! flacparse ! flacdec ! audioconvert ! audioresample !',
               f'audio/x-raw,format=S16LE,rate=16000,channels=1 ! filesink location={file}')
        program = BUILD / 'examples/embed/npuspeech-embed'
        self.assertWords(self.run_(program, file))
        with file.open() as pcm:
            self.assertWords(self.run_(program, stdin=pcm))
        self.assertComplains(self.run_(program, self.folder / 'none'), 'none')
        with open('/dev/full', 'w') as full:
            run = subprocess.run([program, file], stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
                                 timeout=60 * PATIENCE, check=False)
        self.assertComplains(run, 'standard output')

    def test_cpp_says_what_is_missing(self):
        environment = {**ENVIRONMENT, 'XDG_CACHE_HOME': str(self.folder)}
        run = subprocess.run([BUILD / 'examples/embed/npuspeech-embed', os.devnull], capture_output=True, text=True,
                             env=environment, timeout=30 * PATIENCE, check=False)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn('whisper-base', run.stderr)

    def test_python(self):
        self.needPlugin()
        python = pythonWithGi()
        file = self.folder / 'clip.wav'
        launch(f'filesrc location={CLIP} ! flacparse ! flacdec ! audioconvert ! audioresample !',
               f'audio/x-raw,format=S16LE,rate=44100,channels=2 ! wavenc ! filesink location={file}')
        program = ROOT / 'examples/embed/embed.py'
        self.assertWords(self.run_(python, program, file))
        self.assertComplains(self.run_(python, program, self.folder / 'none.wav'), 'none.wav')
        self.assertComplains(self.run_(python, program, CLIP), 'jfk.flac')
        self.assertComplains(self.run_(python, program), 'usage', status=2)


if __name__ == '__main__':
    unittest.main(verbosity=2)
