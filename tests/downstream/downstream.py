# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of downstream elements share: pipelines around our transcriber, what came out of them, and readers of captions."""

import collections
import os

from harness import BUILD, CACHE, CLIP, CLIP_TEXT, PATIENCE, TestCase, wordErrors, words

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

    # Two characters a frame: a row of 32 and what places it take 0.7 s at 30 frames a second.
    ROW = 0.7
    FRAME = 1 / 30

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
        self.assertEqual(message.type, Gst.MessageType.EOS, message.get_structure() and message.get_structure().to_string())
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
