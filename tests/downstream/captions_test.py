#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our words in the caption elements of gst-plugins-rs: all of them, in order, at their times, as wide as was asked."""

import collections
import os
import unittest

from harness import BUILD, CACHE, CLIP, CLIP_SECONDS, CLIP_TEXT, PATIENCE, TestCase, wordErrors, words

# Before GStreamer starts in this process.
os.environ['GST_PLUGIN_PATH'] = f'{BUILD / "gst"}:{CACHE.parent / "downstream/plugins"}'
os.environ['GST_REGISTRY'] = str(BUILD / 'downstream-registry.bin')
try:
    import gi
    gi.require_version('Gst', '1.0')
    from gi.repository import Gst
    Gst.init(None)
except (ImportError, ValueError) as error:
    Gst, reason = None, str(error)

Cue = collections.namedtuple('Cue', 'start end text')  # seconds
MS = 0.0015  # two times that were rounded to milliseconds
NS = 1e-9
AUDIO = f'filesrc location={CLIP} ! flacparse ! flacdec ! audioconvert ! audioresample ! '


def cueOf(buffer, encoding='utf-8'):
    text = buffer.extract_dup(0, buffer.get_size()).decode(encoding)
    return Cue(buffer.pts * NS, (buffer.pts + buffer.duration) * NS, text)


def rollUpRows(packets):
    """The rows that roll-up captions write, by CEA-608: a byte's eighth bit is parity. Written from first to last character."""
    rows, row = [], ''
    for packet in packets:
        first, second = (ord(character) & 0x7f for character in packet.text[:2])
        if first >= 0x20:
            start = start if row else packet.start
            row += chr(first) + (chr(second) if second >= 0x20 else '')
            end = packet.end
        elif first in (0x11, 0x19) and 0x20 <= second < 0x30:
            row += ' '  # a mid-row code takes one place
        elif first >= 0x10 and (second >= 0x40 or (first & 0x77, second) == (0x14, 0x2d)):
            # A row is addressed, or a carriage return.
            rows += [Cue(start, end, row)] if row.strip() else []
            row = ''
    return rows + ([Cue(start, end, row)] if row.strip() else [])


def joined(cues):
    return ' '.join(cue.text for cue in cues)


class Downstream(TestCase):
    maxDiff = None

    def setUp(self):
        super().setUp()
        if not Gst:
            self.skipTest(f'no GStreamer in Python: {reason}')
        self.needModel()

    def need(self, *elements):
        missing = [element for element in elements if not Gst.ElementFactory.find(element)]
        if missing:
            self.skipTest(f'no element {", ".join(missing)}: tests/downstream/build')

    def play(self, launch, prepare=lambda pipeline: None, encoding='utf-8'):
        """What the transcriber "t" gave, and what came to the sink "out"; fails on errors and warnings."""
        pipeline = Gst.parse_launch(launch)
        self.addCleanup(pipeline.set_state, Gst.State.NULL)
        given, came = [], []
        out = pipeline.get_by_name('out')
        out.connect('handoff', lambda sink, buffer, pad: came.append(cueOf(buffer, encoding)))
        pad = pipeline.get_by_name('t').get_static_pad('src')
        pad.add_probe(Gst.PadProbeType.BUFFER,
                      lambda _, info: given.append(cueOf(info.get_buffer())) or Gst.PadProbeReturn.OK)
        prepare(pipeline)
        pipeline.set_state(Gst.State.PLAYING)
        message = pipeline.get_bus().timed_pop_filtered(
            int(60 * PATIENCE * Gst.SECOND), Gst.MessageType.EOS | Gst.MessageType.ERROR | Gst.MessageType.WARNING)
        self.assertIsNotNone(message, 'hangs')
        said = message.parse_error() if message.type == Gst.MessageType.ERROR else ''
        self.assertEqual(message.type, Gst.MessageType.EOS, said)
        pipeline.set_state(Gst.State.NULL)
        self.assertLessEqual(wordErrors(joined(given), CLIP_TEXT), 2, given)
        return given, came

    def captions(self, tail, properties='', **options):
        return self.play(f'{AUDIO} nputranscriber name=t model=whisper-base language=en {properties} ! '
                         f'{tail} ! fakesink name=out signal-handoffs=true sync=false', **options)

    def assertLines(self, cues, columns, lines):
        for cue in cues:
            rows = cue.text.split('\n')
            self.assertLessEqual(len(rows), lines, cue)
            self.assertLessEqual(max(map(len, rows)), columns, cue)

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

    # Two characters a frame: a row of 32 and what places it take 0.7 s at 30 frames a second.
    ROW = 0.7
    FRAME = 1 / 30

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

    def assertRolledUp(self, packets, given, delay):
        """delay: at most, from where a row's first word begins to where it is written."""
        rows = rollUpRows(packets)
        self.assertEqual(words(joined(rows)), words(joined(given)))
        self.assertLines(rows, 32, 1)
        rest = list(given)
        for row in rows:
            own, rest = rest[:len(row.text.split())], rest[len(row.text.split()):]
            self.assertGreaterEqual(row.start, own[0].start - self.FRAME, (row, own))
            self.assertLess(row.start, own[0].start + delay, (row, own))

    def test_cea608_roll_up(self):
        self.need('tttocea608')
        given, packets = self.captions('tttocea608 mode=roll-up2 ! closedcaption/x-cea-608,framerate=30/1', encoding='latin-1')
        self.assertRolledUp(packets, given, self.ROW)


if __name__ == '__main__':
    unittest.main(verbosity=2)
