#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our words as WebVTT by tttojson and jsontovtt of gst-plugins-rs, cut into fragments as a playlist's sink asks for them."""

import collections
import re
import unittest
import wave

from downstream import AUDIO, MS, NS, Cue, Downstream, Gst
from harness import CLIP_SECONDS, PATIENCE, launch

if Gst:
    import gi
    gi.require_version('GstVideo', '1.0')
    from gi.repository import GstVideo

# Seconds: what its header is stamped with, and when that came; its cues.
Fragment = collections.namedtuple('Fragment', 'start arrival cues')
CUE = re.compile(r'(\d\d):(\d\d):(\d\d\.\d{3}) --> (\d\d):(\d\d):(\d\d\.\d{3})\n(.*?)\n+', re.S)


def cuesOf(text):
    """By WebVTT's rules: a line of times, lines of text, an empty line."""
    found = []
    for block in filter(None, text.split('\n\n')):
        hours, minutes, seconds, endHours, endMinutes, endSeconds, rows = CUE.fullmatch(block + '\n').groups()
        found.append(Cue(3600 * int(hours) + 60 * int(minutes) + float(seconds),
                         3600 * int(endHours) + 60 * int(endMinutes) + float(endSeconds), rows))
    return found


class Fragmenter:
    """What stands in for the sink: with each header that comes it asks for the next one, as hlssink3 asks an encoder for key frames."""

    def __init__(self, seconds):
        self.seconds, self.fragments = seconds, []

    def prepare(self, pipeline):
        self.pipeline = pipeline
        pipeline.get_by_name('out').connect('handoff', self.take)

    def take(self, sink, buffer, pad):
        text = buffer.extract_dup(0, buffer.get_size()).decode()
        if not text.startswith('WEBVTT'):
            self.fragments[-1].cues.extend(cuesOf(text))
            return
        arrival = (self.pipeline.get_clock().get_time() - self.pipeline.get_base_time()) * NS
        self.fragments.append(Fragment(buffer.pts * NS, arrival, []))
        wanted = buffer.pts + int(self.seconds * Gst.SECOND)
        pad.push_event(GstVideo.video_event_new_upstream_force_key_unit(wanted, True, len(self.fragments)))

    def cues(self):
        """Those of all fragments; what goes on in the next one is one cue again."""
        whole = []
        for fragment in self.fragments:
            for i, cue in enumerate(fragment.cues):
                goesOn = i == 0 and whole and cue.start - whole[-1].end < MS and cue.text == whole[-1].text
                whole.append(whole.pop()._replace(end=cue.end) if goesOn else cue)
        return whole


class WebVtt(Downstream):
    TAIL = 'tttojson ! jsontovtt ! application/x-subtitle-vtt-fragmented'

    def setUp(self):
        super().setUp()
        self.need('tttojson', 'jsontovtt')

    def assertFragments(self, fragmenter, end):
        """One behind the other, each of the length that was asked for, up to the end; cues do not leave their fragment. All that is left
        at the end of the stream goes into the last one, behind which an empty one is opened."""
        *fragments, last, empty = fragmenter.fragments
        self.assertEqual(empty.cues, [])
        self.assertGreaterEqual(empty.start + fragmenter.seconds, end)
        for fragment, following in zip(fragments, fragments[1:] + [last]):
            self.assertAlmostEqual(following.start - fragment.start, fragmenter.seconds, delta=MS)
            times = [fragment.start] + [time for cue in fragment.cues for time in cue[:2]] + [following.start]
            for before, after in zip(times, times[1:]):
                self.assertLessEqual(before, after + MS, fragment)

    def assertCues(self, cues, given):
        """Each buffer is a cue that begins where it does, to the millisecond, and stays until the next one."""
        self.assertEqual([cue.text for cue in cues], [buffer.text for buffer in given])
        for cue, buffer, following in zip(cues, given, cues[1:] + [None]):
            self.assertAlmostEqual(cue.start, buffer.start, delta=MS, msg=(cue, buffer))
            self.assertGreaterEqual(cue.end, buffer.end - MS, (cue, buffer))
            if following:
                self.assertAlmostEqual(cue.end, following.start, delta=MS, msg=(cue, following))

    def test_words(self):
        fragmenter = Fragmenter(seconds=3)
        given, _ = self.captions(self.TAIL, prepare=fragmenter.prepare)
        self.assertGreater(len(given), 15)
        self.assertFragments(fragmenter, CLIP_SECONDS)
        self.assertCues(fragmenter.cues(), given)
        self.assertLessEqual(fragmenter.cues()[-1].end, CLIP_SECONDS + MS)

    def test_lines(self):
        fragmenter = Fragmenter(seconds=4)
        given, _ = self.captions(self.TAIL, 'granularity=line line-length=32 lines=2', prepare=fragmenter.prepare)
        self.assertTrue(any('\n' in buffer.text for buffer in given), given)
        self.assertFragments(fragmenter, CLIP_SECONDS)
        self.assertCues(fragmenter.cues(), given)

    def recordingWith(self, silence):
        """The clip, and so many seconds in which nobody speaks."""
        path = self.folder / 'talk.wav'
        launch(AUDIO, f'audio/x-raw,format=S16LE,rate=16000,channels=1 ! wavenc ! filesink location={path}')
        with wave.open(str(path)) as clip:
            samples = clip.readframes(clip.getnframes())
        with wave.open(str(path), 'wb') as talk:
            talk.setparams((1, 2, 16000, 0, 'NONE', None))
            talk.writeframes(samples + bytes(2 * 16000 * silence))
        return path

    def test_live_fragments_end_in_time(self):
        """Silence ends them too: GAP events tell that nothing was said."""
        silence, latency, fragmenter = 6, 4, Fragmenter(seconds=2)
        given, _ = self.play(
            f'filesrc location={self.recordingWith(silence)} ! wavparse ! identity sync=true ! '
            f'nputranscriber name=t model=whisper-base language=en latency={1000 * latency} ! '
            f'{self.TAIL} ! fakesink name=out signal-handoffs=true sync=false', prepare=fragmenter.prepare)
        self.assertFragments(fragmenter, CLIP_SECONDS + silence)
        self.assertCues(fragmenter.cues(), given)
        for fragment in fragmenter.fragments[1:-1]:
            self.assertLess(fragment.arrival, fragment.start + latency + PATIENCE, fragment)


if __name__ == '__main__':
    unittest.main(verbosity=2)
