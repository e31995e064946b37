#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lines of README.md and docs/live.md, run as they stand there, with a recording in place of microphone, camera and screen."""

import re
import subprocess
import unittest

from harness import CLIP, CLIP_TEXT, ENVIRONMENT, PATIENCE, ROOT, TestCase, wordErrors

# What stands in for hardware: the recording at the clock's pace, and a black picture.
VOICE = f'filesrc location={CLIP} ! flacparse ! flacdec ! identity sync=true'
CAMERA = 'videotestsrc is-live=true pattern=black num-buffers=140 ! video/x-raw,width=320,height=240,framerate=10/1'


def linesOf(name, page='docs/live.md'):
    """The pipelines under the heading `name`."""
    section = re.search(rf'^## {re.escape(name)}$(.*?)(?=^## |\Z)', (ROOT / page).read_text(), re.M | re.S)[1]
    return [line.replace('\\\n', ' ').strip() for line in re.findall(r'^(gst-launch-1\.0 .*?)(?=^```)', section, re.M | re.S)]


def said(captions):
    """The words of SubRip or WebVTT."""
    return re.sub(r'(?m)^(WEBVTT|\d+|.* --> .*)$', '', captions)


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
            self.assertIn(old, line, 'the page has changed')
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
        self.run_(linesOf('Captions over a camera\'s picture')[0], pulsesrc=VOICE, v4l2src=CAMERA,
                  autovideosink='video/x-raw,format=GRAY8 ! filesink location=film.gray')
        shown = self.picturesWithText()
        self.assertFalse(any(shown[:10]), 'nothing is shown before anything is said')
        self.assertGreater(sum(shown), 20)

    def test_subtitles_of_a_microphone(self):
        self.run_(linesOf('Subtitles of a microphone')[0], pulsesrc=VOICE)
        text = (self.folder / 'talk.srt').read_text()
        self.assertLessEqual(wordErrors(said(text), CLIP_TEXT), 3, text)

    def test_readme(self):
        film, terminal = linesOf('In a pipeline', 'README.md')
        talk = self.folder / 'talk.mp4'
        if subprocess.run(['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', 'color=black:128x96:10', '-i', CLIP, '-shortest', talk],
                          check=False).returncode:
            self.skipTest('ffmpeg is missing')
        self.run_(film, **{'file:///tmp/talk.mp4': talk.as_uri()})
        self.assertLessEqual(wordErrors(said((self.folder / 'talk.srt').read_text()), CLIP_TEXT), 3)
        shown = self.run_(terminal, pulsesrc=VOICE).stdout
        self.assertLessEqual(wordErrors(said(shown), CLIP_TEXT), 3, shown)
        self.assertLess(max(map(len, shown.splitlines())), 80)


if __name__ == '__main__':
    unittest.main(verbosity=2)
