#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our words in the caption elements of gst-plugins-rs: all of them, in order, at their times, as wide as was asked."""

import unittest

from downstream import AUDIO, MS, Cue, Downstream, joined
from harness import CLIP_SECONDS, words


class Captions(Downstream):
    def assertTimes(self, cues, given):
        """Each cue begins with its first word, and ends with its last or at most when the next one begins."""
        self.assertEqual(words(joined(cues)), words(joined(given)))
        rest = list(given)
        for cue, following in zip(cues, cues[1:] + [Cue(CLIP_SECONDS + 0.5, 0, '')]):
            own, rest = rest[:len(cue.text.split())], rest[len(cue.text.split()):]
            self.assertAlmostEqual(cue.start, own[0].start, delta=MS, msg=(cue, own))
            self.assertGreaterEqual(cue.end, own[-1].end - MS, (cue, own))
            self.assertLessEqual(cue.end, (rest[0].start if rest else CLIP_SECONDS) + MS, (cue, own))
            self.assertLessEqual(cue.end, following.start + MS, (cue, following))
        self.assertEqual(rest, [])

    def test_textwrap_joins_words_to_lines(self):
        self.need('textwrap')
        given, cues = self.captions('textwrap columns=20 lines=2 accumulate-time=3000000000')
        self.assertGreater(len(given), 15)
        self.assertGreater(len(cues), 2)
        self.assertLess(len(cues), len(given) / 2)
        self.assertLines(cues, 20, 2)
        self.assertTimes(cues, given)

    def test_textwrap_splits_sentences(self):
        self.need('textwrap')
        given, cues = self.captions('textwrap columns=20 lines=1', 'granularity=segment')
        self.assertGreater(len(cues), len(given))
        self.assertLines(cues, 20, 1)
        self.assertEqual(words(joined(cues)), words(joined(given)))
        for cue, following in zip(cues, cues[1:]):
            self.assertLess(cue.start, cue.end)
            self.assertLessEqual(cue.end, following.start + MS)
        self.assertAlmostEqual(cues[0].start, given[0].start, delta=MS)
        self.assertLessEqual(cues[-1].end, given[-1].end + MS)

    def test_textaccumulate_joins_words_to_sentences(self):
        self.need('textaccumulate')
        given, cues = self.captions('textaccumulate')
        self.assertLess(len(cues), len(given) / 2)
        self.assertTimes(cues, given)
        self.assertRegex(cues[-1].text, r'[.!?]$')

    def test_textaccumulate_live(self):
        self.need('textaccumulate')
        given, cues = self.play(
            f'{AUDIO} identity sync=true ! nputranscriber name=t model=whisper-base language=en ! textaccumulate ! '
            'fakesink name=out signal-handoffs=true sync=true')
        self.assertLess(len(cues), len(given))
        self.assertTimes(cues, given)

    def test_cea608_pop_on(self):
        self.need('tttocea608', 'cea608tott')
        given, cues = self.captions('tttocea608 mode=pop-on ! closedcaption/x-cea-608,framerate=30/1 ! cea608tott ! text/x-raw',
                                    'granularity=line line-length=32 lines=1')
        self.assertEqual(words(joined(cues)), words(joined(given)))
        self.assertLines(cues, 32, 1)
        self.assertEqual(len(cues), len(given))
        for cue, line in zip(cues, given):
            self.assertGreaterEqual(cue.start, line.start - MS)
            self.assertLess(cue.start, line.start + self.ROW)

    def test_cea608_roll_up(self):
        self.need('tttocea608')
        given, packets = self.captions('tttocea608 mode=roll-up2 ! closedcaption/x-cea-608,framerate=30/1', encoding='latin-1')
        self.assertRolledUp(packets, given, self.ROW)


if __name__ == '__main__':
    unittest.main(verbosity=2)
