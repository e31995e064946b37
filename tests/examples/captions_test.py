#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lines of docs/live.md, run as they stand there, with a recording in place of microphone, camera and screen."""

import re
import subprocess
import unittest

from harness import CLIP, CLIP_TEXT, ENVIRONMENT, PATIENCE, ROOT, TestCase, wordErrors

# What stands in for hardware: the recording at the clock's pace, and a black picture.
VOICE = f'filesrc location={CLIP} ! flacparse ! flacdec ! identity sync=true'
CAMERA = 'videotestsrc is-live=true pattern=black num-buffers=140 ! video/x-raw,width=320,height=240,framerate=10/1'


def lineOf(name):
    """The pipeline under the heading `name` of docs/live.md."""
    page = (ROOT / 'docs/live.md').read_text()
    section = re.search(rf'^## {re.escape(name)}$(.*?)(?=^## |\Z)', page, re.M | re.S)[1]
    return re.search(r'^(gst-launch-1\.0 .*?)(?=^```)', section, re.M | re.S)[1].replace('\\\n', ' ').strip()


class Captions(TestCase):
    def setUp(self):
        super().setUp()
        self.needModel()
        self.needPlugin()

    def run_(self, line, **parts):
        for element in ('textoverlay', 'autovideosink'):
            if subprocess.run(['gst-inspect-1.0', '--exists', element], env=ENVIRONMENT, check=False).returncode:
                self.skipTest(f'no element {element}')
        for old, new in parts.items():
            self.assertIn(old, line, 'docs/live.md has changed')
            line = line.replace(old, new)
        run = subprocess.run(line.split()[0:1] + ['-q'] + line.split()[1:], env=ENVIRONMENT, capture_output=True, text=True,
                             timeout=60 * PATIENCE, check=False, cwd=self.folder)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run

    def picturesWithText(self):
        """For each second of the film, whether anything is brighter than its black ground."""
        pixels = (self.folder / 'film.gray').read_bytes()
        size = 320 * 240
        frames = [pixels[i:i + size] for i in range(0, len(pixels) - size + 1, size)]
        self.assertGreater(len(frames), 100)
        # The overlay's place: the lower third. Above it the picture stays what it was.
        self.assertLess(max(max(frame[:size // 2]) for frame in frames), 40)
        return [max(frame[size * 2 // 3:]) > 150 for frame in frames]

    def test_captions_over_the_picture(self):
        self.run_(lineOf('Captions over a camera\'s picture'), pulsesrc=VOICE, v4l2src=CAMERA,
                  autovideosink='video/x-raw,format=GRAY8 ! filesink location=film.gray')
        shown = self.picturesWithText()
        self.assertFalse(any(shown[:10]), 'nothing is shown before anything is said')
        self.assertGreater(sum(shown), 20)

    def test_subtitles_of_a_microphone(self):
        self.run_(lineOf('Subtitles of a microphone'), pulsesrc=VOICE)
        text = (self.folder / 'talk.srt').read_text()
        self.assertLessEqual(wordErrors(re.sub(r'(?m)^(\d+|.* --> .*)$', '', text), CLIP_TEXT), 3, text)


if __name__ == '__main__':
    unittest.main(verbosity=2)
