# SPDX-License-Identifier: LGPL-2.1-or-later
"""An element that transcribes, fed with a recording as a microphone would, and what came out of it when.

usage: worker_element.py PLUGIN_PATH "ELEMENT PROPERTY=VALUE..." WAV     prints lines like those of live_bench, when all is over"""

import json
import os
import pathlib
import re
import resource
import sys
import wave

PIECE_MS = 20
SAMPLED_S = 5
MAX_LATE_S = 120  # behind the end of the recording


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident_mb():
    return int(re.search(r"VmRSS:\s*(\d+)", pathlib.Path("/proc/self/status").read_text(encoding="utf-8"))[1]) / 1024


class Listener:
    """Collects lines on the element's threads; a time is the pipeline's running time, at which a sample comes when its end was spoken."""

    def __init__(self, Gst, launch, wav):
        self.Gst, self.name, self.lines, self.memory = Gst, pathlib.Path(wav).name, [], []
        self.pipeline = Gst.parse_launch(
            f"filesrc location={wav} ! wavparse ! audioconvert ! audioresample ! audiobuffersplit output-buffer-duration={PIECE_MS}/1000 ! "
            f"identity sync=true ts-offset={PIECE_MS * Gst.MSECOND} ! "
            "queue max-size-time=60000000000 max-size-bytes=0 max-size-buffers=0 ! audioconvert ! "
            f"{launch} name=element element.src ! fakesink name=words sync=false async=false signal-handoffs=true")
        self.pipeline.get_by_name("words").connect("handoff", self.take_words)
        interim = self.pipeline.get_by_name("element").get_static_pad("unsynced_src")
        if interim:
            sink = Gst.parse_launch("fakesink sync=false async=false signal-handoffs=true")
            self.pipeline.add(sink)
            interim.link(sink.get_static_pad("sink"))
            sink.connect("handoff", self.take_interim)

    def now(self):
        return (self.pipeline.get_clock().get_time() - self.pipeline.get_base_time()) / self.Gst.SECOND

    def write(self, words, interim):
        self.lines.append({"file": self.name, "at": self.now(), "final": False, "words": words, "interim": interim})

    def take_words(self, sink, buffer, pad):
        text = buffer.extract_dup(0, buffer.get_size()).decode("utf-8", "replace").strip()
        if text:
            start = buffer.pts / self.Gst.SECOND
            self.write([[start, start + buffer.duration / self.Gst.SECOND, " " + text]], [])

    def take_interim(self, sink, buffer, pad):
        heard = json.loads(buffer.extract_dup(0, buffer.get_size()))
        self.write([], [[word["start"] / self.Gst.SECOND, word["end"] / self.Gst.SECOND, word["text"]] for word in heard["interim"]])

    def wait(self, bus, seconds, is_awaited):
        deadline = self.Gst.util_get_timestamp() + int(seconds * self.Gst.SECOND)
        while self.Gst.util_get_timestamp() < deadline:
            message = bus.timed_pop(self.Gst.SECOND // 10)
            if self.pipeline.get_state(0)[1] == self.Gst.State.PLAYING and self.now() >= SAMPLED_S * len(self.memory):
                self.memory.append([self.now(), resident_mb()])
            if message and message.type == self.Gst.MessageType.ERROR:
                raise SystemExit(message.parse_error()[0].message)
            if message and is_awaited(message):
                return
        raise SystemExit(f"no end after {seconds} s")

    def run(self, seconds):
        bus = self.pipeline.get_bus()
        self.pipeline.set_state(self.Gst.State.PAUSED)
        self.wait(bus, MAX_LATE_S, lambda message: message.type == self.Gst.MessageType.PROGRESS
                  and message.parse_progress()[0] == self.Gst.ProgressType.COMPLETE)
        begin = processor_seconds()
        self.pipeline.set_state(self.Gst.State.PLAYING)
        self.wait(bus, seconds + MAX_LATE_S, lambda message: message.type == self.Gst.MessageType.EOS)
        processor = processor_seconds() - begin
        self.pipeline.set_state(self.Gst.State.NULL)
        return [*self.lines, {"file": self.name, "audio": seconds, "processor": processor, "memory": self.memory}]


def main(plugins, launch, wav):
    # Before GStreamer starts in this process; a registry of its own, for plugins are found by these paths.
    os.environ["GST_PLUGIN_PATH"] = plugins
    os.environ["GST_REGISTRY"] = str(pathlib.Path(wav).with_suffix(".registry"))
    import gi
    gi.require_version("Gst", "1.0")
    from gi.repository import Gst
    Gst.init(None)
    with wave.open(wav) as recording:
        seconds = recording.getnframes() / recording.getframerate()
    for line in Listener(Gst, launch, wav).run(seconds):
        print(json.dumps(line))


if __name__ == "__main__":
    main(*sys.argv[1:])
