#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our transcriber in transcriberbin of gst-plugins-rs: its words in the closed captions of a picture.

CEA-608 takes cea608mux of GStreamer 1.26; CEA-708 is muxed by an element of the same plugin."""

import json
import time
import unittest

from downstream import AUDIO, NS, Downstream, Gst, cueOf, joined
from harness import CLIP_TEXT, PATIENCE, wordErrors, words

PICTURE = 'video/x-raw,format=I420,width=64,height=64,framerate=30/1'
SECONDS = 15  # the picture goes on until the last words have been written
VIDEO = f'videotestsrc pattern=black num-buffers={30 * SECONDS} ! {PICTURE} ! '
LIVE_VIDEO = VIDEO.replace('videotestsrc', 'videotestsrc is-live=true')
LIVE_AUDIO = f'{AUDIO} identity sync=true ! '


class TranscriberBin(Downstream):
    def setUp(self):
        super().setUp()
        self.need('transcriberbin', 'textwrap', 'ccextractor')
        # transcriberbin cannot be made without this one, though it is given another right away.
        if not Gst.ElementFactory.find('awstranscriber'):
            standIn = Gst.ElementFactory.find('nputranscriber').load().get_element_type()
            Gst.Element.register(None, 'awstranscriber', Gst.Rank.NONE, standIn)

    def make(self, method='cea708', audio=AUDIO, video=VIDEO, properties='', transcriber='model=whisper-base language=en', pad=None):
        """A pipeline of the bin with our transcriber, not yet started. self.given: words of the transcriber; self.captions: packets of
        CEA-608, which are in CEA-708 too; self.subtitles: what came from other pads, by name."""
        if method == 'cea608' and not Gst.ElementFactory.find('cea608mux'):
            self.skipTest('no element cea608mux: GStreamer has it from 1.26 on')
        pipeline = Gst.parse_launch(
            f'transcriberbin name=bin mux-method={method} {properties} {video} bin.sink_video {audio} bin.sink_audio '
            'bin.src_audio ! fakesink sync=true async=false '
            'bin.src_video ! ccextractor name=extractor ! fakesink name=screen signal-handoffs=true sync=true async=false '
            'extractor.caption ! ccconverter ! closedcaption/x-cea-608,format=raw ! '
            'fakesink name=out signal-handoffs=true sync=false async=false')
        self.addCleanup(pipeline.set_state, Gst.State.NULL)
        self.pipeline, self.given, self.captions, self.frames, self.subtitles = pipeline, [], [], [], {}
        pipeline.get_by_name('screen').connect('handoff', lambda sink, buffer, _: self.frames.append(buffer.pts * NS))
        pipeline.get_by_name('out').connect('handoff', lambda sink, buffer, _: self.captions.append(cueOf(buffer, 'latin-1')))
        self.transcriber = transcriber
        if isinstance(transcriber, str):
            self.transcriber = Gst.parse_launch(f'nputranscriber {transcriber}')
            self.transcriber.get_static_pad('src').add_probe(
                Gst.PadProbeType.BUFFER, lambda _, info: self.given.append(cueOf(info.get_buffer())) or Gst.PadProbeReturn.OK)
        self.bin = pipeline.get_by_name('bin')
        self.pad = self.bin.get_static_pad('sink_audio')
        self.pad.set_property('transcriber', self.transcriber)
        for name, value in (pad or {}).items():
            self.pad.set_property(name, value)

    def collect(self, name):
        """What comes from a pad of the bin that is there only sometimes."""
        sink = Gst.ElementFactory.make('fakesink')
        for key, value in (('signal-handoffs', True), ('sync', False), ('async', False)):
            sink.set_property(key, value)
        self.pipeline.add(sink)
        came = self.subtitles[name] = []
        sink.connect('handoff', lambda _, buffer, pad: came.append(cueOf(buffer)))
        source = self.bin.get_static_pad(name)
        self.assertIsNotNone(source, f'no pad {name}')
        self.assertEqual(source.link(sink.get_static_pad('sink')), Gst.PadLinkReturn.OK)

    def begin(self):
        """Sound comes once the bin plays and has begun to transcribe: before that it can be lost, or stop for good."""
        source = self.pad.get_peer()
        probe = source.add_probe(Gst.PadProbeType.BLOCK | Gst.PadProbeType.BUFFER, lambda *_: Gst.PadProbeReturn.OK)
        self.pipeline.set_state(Gst.State.PLAYING)
        inner = self.bin.get_by_name('transcription-bin').get_static_pad('sink_audio')
        self.waitFor(lambda: self.pipeline.get_state(0)[1] == Gst.State.PLAYING
                     and (inner.is_linked() or self.pad.get_property('passthrough')))
        source.remove_probe(probe)

    def waitFor(self, condition):
        """Fails on errors, warnings and time-out."""
        bus, deadline = self.pipeline.get_bus(), time.monotonic() + 4 * SECONDS * PATIENCE
        while not condition():
            message = bus.timed_pop_filtered(Gst.SECOND // 10, Gst.MessageType.ERROR | Gst.MessageType.WARNING)
            if message:
                self.fail(message.get_structure() and message.get_structure().to_string())
            self.assertLess(time.monotonic(), deadline, f'hangs: {len(self.frames)} frames, {len(self.captions)} packets')

    def play(self, until=SECONDS):
        """Until as much of the picture was shown. The end of the stream is no sign: cea608mux has none."""
        if self.pipeline.get_state(0)[1] != Gst.State.PLAYING:
            self.begin()
        self.waitFor(lambda: self.frames and self.frames[-1] >= until - 2 * self.FRAME)
        if until == SECONDS and not self.pad.get_property('passthrough'):
            self.assertIsNotNone(self.transcriber.get_static_pad('src').get_sticky_event(Gst.EventType.EOS, 0))

    def assertCaptions(self):
        self.assertLessEqual(wordErrors(joined(self.given), CLIP_TEXT), 2, self.given)
        self.assertRolledUp(self.captions, self.given, self.ROW)

    def test_cea608(self):
        self.make('cea608')
        self.play()
        self.assertCaptions()

    def test_cea608_live(self):
        self.make('cea608', LIVE_AUDIO, LIVE_VIDEO)
        self.play()
        self.assertCaptions()

    def test_cea708(self):
        self.make('cea708')
        self.play()
        self.assertCaptions()

    def test_cea708_live(self):
        self.make('cea708', LIVE_AUDIO, LIVE_VIDEO)
        self.play()
        self.assertCaptions()

    def test_subtitles_and_interim_text(self):
        languages, _ = Gst.Structure.from_string('languages, transcript=(string)identity, en=(string)identity')
        self.make(pad={'subtitle-languages': languages})
        for name in ('src_subtitle_transcript', 'src_subtitle_en', 'unsynced_src'):
            self.collect(name)
        self.play()
        self.assertEqual(self.subtitles['src_subtitle_transcript'], self.given)
        self.assertLessEqual(wordErrors(joined(self.subtitles['src_subtitle_en']), CLIP_TEXT), 2)
        heard = [json.loads(cue.text) for cue in self.subtitles['unsynced_src']]
        self.assertIn('country', json.dumps(heard[-1]))
        self.assertCaptions()

    def test_settings_are_passed_on(self):
        self.make(properties='latency=3000 translate-latency=1500 lateness=250', pad={'language-code': 'en-US'})
        values = {name: self.transcriber.get_property(name) for name in ('latency', 'translate-latency', 'lateness')}
        self.assertEqual(values, {'latency': 3000, 'translate-latency': 1500, 'lateness': 250})

    def test_language_changes_while_it_plays(self):
        """The bin stops the transcriber, sets a code with a region, and starts it again."""
        self.make(transcriber='model=whisper-base')
        self.play(until=1)
        self.pad.set_property('language-code', 'en-GB')
        self.play()
        self.assertEqual(self.transcriber.get_property('language-code'), 'en-GB')
        self.assertLessEqual(wordErrors(joined(self.given), CLIP_TEXT), 6, self.given)
        self.assertIn('for your country', ' '.join(words(joined(self.given))))
        self.assertRolledUp(self.captions, self.given, self.ROW)

    def test_passthrough_and_back(self):
        self.make()
        self.play(until=0.2)
        self.pad.set_property('passthrough', True)
        self.play(until=0.7)
        self.pad.set_property('passthrough', False)
        self.play()
        self.assertIn('for your country', ' '.join(words(joined(self.given))))
        self.assertEqual(self.transcriber.get_state(0)[1], Gst.State.PLAYING)

    def test_started_again(self):
        """Where the picture's rate is known the bin cannot be started a second time: another bin gets the transcriber."""
        self.make()
        self.play(until=3)
        self.pipeline.set_state(Gst.State.NULL)
        used = self.transcriber
        self.pad.set_property('transcriber', Gst.ElementFactory.make('nputranscriber'))
        self.make(transcriber=used)
        self.play()
        self.assertCaptions()

    def test_no_model_is_no_captions(self):
        """The bin goes on without a transcriber that fails."""
        self.make(transcriber='model=/none')
        self.play()
        self.assertTrue(self.pad.get_property('passthrough'))
        self.assertEqual(self.given, [])


if __name__ == '__main__':
    unittest.main(verbosity=2)
