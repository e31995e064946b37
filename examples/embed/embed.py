#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Speech to text inside an application: samples go in, a callback gets words. On Debian: python3-gi, gir1.2-gst-plugins-base-1.0.

usage: embed.py FILE.wav     16-bit PCM of any rate and any number of channels"""

import sys
import wave

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstApp', '1.0')
from gi.repository import Gst, GstApp  # noqa: E402, F401: GstApp gives appsrc and appsink their methods


class Transcriber:
    """A stream of speech. `onWord(start, end, text)`, in seconds, is called from a thread of GStreamer's."""

    def __init__(self, rate, channels, onWord):
        self.rate, self.channels, self.pushed, self.onWord = rate, channels, 0, onWord
        self.pipeline = Gst.parse_launch(
            'appsrc name=in format=time block=true max-bytes=1048576 ! '
            'nputranscriber model=whisper-base language=en ! appsink name=out sync=false emit-signals=true')
        self.source = self.pipeline.get_by_name('in')
        self.source.set_caps(Gst.Caps.from_string(
            f'audio/x-raw,format=S16LE,layout=interleaved,rate={rate},channels={channels}'))
        self.pipeline.get_by_name('out').connect('new-sample', self.takeSample)
        self.pipeline.set_state(Gst.State.PLAYING)

    def push(self, samples):
        """`samples`: bytes, channels interleaved. False where the stream has ended: finish() says why."""
        buffer = Gst.Buffer.new_wrapped(samples)
        count = len(samples) // (2 * self.channels)
        buffer.pts = self.pushed * Gst.SECOND // self.rate
        buffer.duration = count * Gst.SECOND // self.rate
        self.pushed += count
        return self.source.push_buffer(buffer) == Gst.FlowReturn.OK

    def finish(self):
        """Waits for the last words. None, or what went wrong."""
        self.source.end_of_stream()
        message = self.pipeline.get_bus().timed_pop_filtered(
            Gst.CLOCK_TIME_NONE, Gst.MessageType.ERROR | Gst.MessageType.EOS)
        self.pipeline.set_state(Gst.State.NULL)
        return message.parse_error()[0].message if message.type == Gst.MessageType.ERROR else None

    def takeSample(self, sink):
        buffer = sink.pull_sample().get_buffer()
        text = buffer.extract_dup(0, buffer.get_size()).decode()
        self.onWord(buffer.pts / Gst.SECOND, (buffer.pts + buffer.duration) / Gst.SECOND, text)
        return Gst.FlowReturn.OK


def main():
    if len(sys.argv) != 2:
        print(__doc__.split('\n')[-1], file=sys.stderr)
        return 2
    Gst.init(None)
    try:
        with wave.open(sys.argv[1]) as file:
            transcriber = Transcriber(file.getframerate(), file.getnchannels(),
                                      lambda *word: print('%7.2f %7.2f  %s' % word, flush=True))
            while samples := file.readframes(file.getframerate() // 10):
                if not transcriber.push(samples):
                    break
        error = transcriber.finish()
    except (OSError, EOFError, wave.Error) as problem:
        error = f'{sys.argv[1]}: {problem}'
    if error:
        print(f'embed: {error}', file=sys.stderr)
    return 1 if error else 0


if __name__ == '__main__':
    sys.exit(main())
