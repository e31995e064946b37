#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench/live at the clock's pace: what an element said, and when."""

import json
import subprocess
import unittest

from harness import BUILD, CLIP, CLIP_SECONDS, CLIP_TEXT, MODEL, PATIENCE, ROOT, TestCase, launch, wordErrors

PYTHON = '/usr/bin/python3'  # Debian's gi is for Debian's Python


class Element(TestCase):
    def setUp(self):
        super().setUp()
        self.needModel()
        self.needPlugin()
        if subprocess.run([PYTHON, '-c', 'import gi; gi.require_version("Gst", "1.0")'], capture_output=True, check=False).returncode:
            self.skipTest('python3-gi is missing')

    def hear(self, element):
        clip = self.folder / 'clip.wav'
        launch(f'filesrc location={CLIP} ! flacparse ! flacdec ! audioconvert ! audioresample !',
               f'audio/x-raw,format=S16LE,rate=16000,channels=1 ! wavenc ! filesink location={clip}')
        return subprocess.run([PYTHON, ROOT / 'bench/peers/worker_element.py', BUILD / 'gst', element, clip], capture_output=True,
                              text=True, timeout=60 * PATIENCE, check=False)

    def test_words_come_behind_their_end(self):
        run = self.hear(f'nputranscriber model={MODEL} language=en')
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        *lines, summary = map(json.loads, run.stdout.splitlines())
        heard = [(line['at'], word) for line in lines for word in line['words']]
        self.assertLessEqual(wordErrors(''.join(text for _, (_, _, text) in heard), CLIP_TEXT), 2)
        for at, (start, end, text) in heard:
            self.assertGreater(at, end - 0.2, text)  # a word's end may be guessed while it is spoken
            self.assertLess(at, end + 3 * PATIENCE, text)
        self.assertTrue(any(line['interim'] for line in lines))
        self.assertEqual(summary['audio'], CLIP_SECONDS)
        self.assertGreater(summary['processor'], 0)
        self.assertGreaterEqual(len(summary['memory']), 2)

    def test_a_failure_is_said(self):
        self.assertComplains(self.hear('nputranscriber model=/none'), '/none')


if __name__ == '__main__':
    unittest.main(verbosity=2)
