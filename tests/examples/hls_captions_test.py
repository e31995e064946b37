#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/hls_captions: what players find in its folder while it runs, and FFmpeg's view of what is left."""

import array
import json
import re
import shutil
import signal
import subprocess
import time
import unittest

from harness import BUILD, CLIP, CLIP_SECONDS, CLIP_TEXT, ENVIRONMENT, PATIENCE, TestCase, launch, wordErrors, words
from rtsp import freePort, playing, serve

PROGRAM = BUILD / 'examples/hls_captions/npuspeech-hls-captions'
CLOCK = 90000  # ticks of MPEG-TS a second
RATE = 16000
MICROPHONES = ['alsasrc', 'jackaudiosrc', 'openalsrc', 'oss4src', 'osssrc', 'pipewiresrc', 'pulsesrc']
# The phrases of the recording, between pauses, by how they begin and end.
PHRASES = [('and so', 'fellow americans'), ('ask not', 'ask not'), ('what your', 'for you'), ('ask what', 'your country')]


def playlist(file):
    """A media playlist: (number of the first segment, [(name, seconds)], its other lines)."""
    lines = file.read_text().splitlines()
    assert lines.pop(0) == '#EXTM3U'
    segments, tags = [], []
    for line in lines:
        if not line.startswith('#'):
            segments.append((line, float(re.fullmatch(r'#EXTINF:([\d.]+),', tags.pop())[1])))
        else:
            tags.append(line)
    first = next(int(tag.split(':')[1]) for tag in tags if tag.startswith('#EXT-X-MEDIA-SEQUENCE:'))
    return first, segments, tags


def seconds(stamp):
    hours, minutes, rest = stamp.split(':')
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def captions(file):
    """A WebVTT segment: (ticks of its start, [(ticks, ticks, text)]), by the map in its head (RFC 8216, 3.5)."""
    head, *blocks = file.read_text().rstrip('\n').split('\n\n')
    local, ticks = re.fullmatch(r'WEBVTT\nX-TIMESTAMP-MAP=LOCAL:([\d:.]+),MPEGTS:(\d+)', head).groups()
    cues = []
    for block in blocks:
        start, end, text = re.fullmatch(r'([\d:.]+) --> ([\d:.]+)\n(.+)', block, re.S).groups()
        cues.append((*(int(ticks) + round((seconds(at) - seconds(local)) * CLOCK) for at in (start, end)), text))
    return int(ticks), cues


def ffmpeg(*arguments, program='ffmpeg', **options):
    run = subprocess.run([program, '-v', 'error', *arguments], capture_output=True, check=False, timeout=60 * PATIENCE,
                         **options)
    assert run.returncode == 0, run.stderr
    return run.stdout


def packets(file, kind):
    """(presentation time in ticks, whether it is a key frame) of the packets of a stream, as FFmpeg reads them."""
    found = json.loads(ffmpeg('-select_streams', kind, '-show_entries', 'packet=pts,flags', '-of', 'json', file,
                              program='ffprobe'))
    return [(packet['pts'], packet['flags'].startswith('K')) for packet in found['packets']]


class HlsCaptions(TestCase):
    def setUp(self):
        super().setUp()
        self.needModel()
        for element in ('mpegtsmux', 'splitmuxsink', 'voaacenc', 'x264enc'):
            if subprocess.run(['gst-inspect-1.0', '--exists', element], check=False).returncode:
                self.skipTest(f'no element {element}')
        if not shutil.which('ffprobe'):
            self.skipTest('ffmpeg is missing')
        self.out = self.folder / 'made for 100%'

    def start(self, *arguments, **environment):
        process = subprocess.Popen([PROGRAM, *arguments], stderr=subprocess.PIPE, text=True,
                                   env={**ENVIRONMENT, **environment})
        self.addCleanup(process.__exit__, None, None, None)
        self.addCleanup(process.kill)
        return process

    def assertEnds(self, process, status=0, complaint=''):
        self.assertEqual(process.wait(30 * PATIENCE), status)
        self.assertRegex(process.stderr.read(), rf'\A{complaint}\Z')
        self.assertEqual([file.name for file in self.out.iterdir()
                          if not re.fullmatch(r'(stream|media|captions)\.m3u8|media\d{5}\.ts|captions\d{5}\.vtt', file.name)], [])
        for name in ('media', 'captions'):
            self.assertEqual(playlist(self.out / f'{name}.m3u8')[2][-1], '#EXT-X-ENDLIST')

    def look(self, seen):
        """As a player does: the media playlist, and then that of the captions. `seen` keeps what it has loaded."""
        if not (self.out / 'media.m3u8').exists():
            return
        first, media, _ = playlist(self.out / 'media.m3u8')
        firstCaptions, texts, _ = playlist(self.out / 'captions.m3u8')
        self.assertGreaterEqual(firstCaptions + len(texts), first + len(media))
        for number in range(max(first, firstCaptions), first + len(media)):
            name, duration = media[number - first]
            self.assertEqual(texts[number - firstCaptions], (f'captions{number:05}.vtt', duration))
            for file in (self.out / name, self.out / f'captions{number:05}.vtt'):
                content = file.read_bytes()
                self.assertEqual(seen.setdefault(file.name, content), content, f'{file.name} has changed')

    def assertTimes(self, segments, delta=0.06):
        """What the playlist and the captions' maps say is what FFmpeg finds in the media segments."""
        starts = []
        for number, (name, duration) in enumerate(segments):
            start, _ = captions(self.out / f'captions{number:05}.vtt')
            sound = packets(self.out / name, 'a')
            starts.append(start)
            self.assertAlmostEqual((sound[0][0] - start) / CLOCK, 0, delta=0.03)
            self.assertAlmostEqual((sound[-1][0] - sound[0][0]) / CLOCK, duration, delta=delta)
            picture = packets(self.out / name, 'v')
            if picture:
                self.assertTrue(picture[0][1], 'begins with a key frame')
                self.assertAlmostEqual((picture[0][0] - start) / CLOCK, 0, delta=0.001)
        for i in range(1, len(starts)):
            self.assertAlmostEqual((starts[i] - starts[i - 1]) / CLOCK, segments[i - 1][1], delta=0.002)
        return starts

    def cues(self, starts):
        """All cues once; each is in the segments that it reaches into, and in no other."""
        found = {}
        for number in range(len(starts)):
            for cue in captions(self.out / f'captions{number:05}.vtt')[1]:
                found.setdefault(cue, []).append(number)
        for (start, end, text), numbers in found.items():
            ends = [*starts[1:], float('inf')]
            self.assertEqual(numbers, [i for i, at in enumerate(starts) if start < ends[i] and end > at], text)
        return sorted(found), [len(numbers) for numbers in found.values()]

    def loudParts(self, segments):
        """Where the sound of the segments is loud, between pauses, in ticks."""
        stream = b''.join((self.out / name).read_bytes() for name, _ in segments)
        sound = array.array('h', ffmpeg('-i', '-', '-vn', '-ac', '1', '-ar', str(RATE), '-f', 's16le', '-', input=stream))
        begin = packets(self.out / segments[0][0], 'a')[0][0]
        sound = sound[:int(10.3 * RATE)]  # a click follows
        threshold = max(map(abs, sound)) / 10
        loud = [i for i, sample in enumerate(sound) if abs(sample) > threshold]
        gaps = [i for i in range(1, len(loud)) if loud[i] - loud[i - 1] > 0.5 * RATE]
        parts = [(loud[a], loud[b - 1]) for a, b in zip([0, *gaps], [*gaps, len(loud)])]
        return [tuple(begin + sample * CLOCK // RATE for sample in part) for part in parts]

    def assertSpoken(self, cues, parts):
        """A cue that begins or ends with a phrase does so in the pause beside it, give or take the 0.5 s of live word times."""
        self.assertEqual(len(parts), len(PHRASES), parts)
        pauses = [(parts[0][0] - CLOCK // 2, parts[0][0]), *((a[1], b[0]) for a, b in zip(parts, parts[1:])),
                  (parts[-1][1], parts[-1][1] + CLOCK // 2)]
        checked = []
        for start, end, text in cues:
            said = ' '.join(words(text))
            for number, (begins, ends) in enumerate(PHRASES):
                for at, pause, isThere in ((start, pauses[number], said.startswith(begins)),
                                           (end, pauses[number + 1], said.endswith(ends))):
                    if isThere:
                        checked.append(number)
                        self.assertGreater(at, pause[0] - 0.5 * CLOCK, (cues, parts))
                        self.assertLess(at, pause[1] + 0.5 * CLOCK, (cues, parts))
        self.assertGreaterEqual(len(checked), 3, cues)

    def test_picture_and_sound(self):
        clip = self.folder / 'clip.mkv'
        launch('videotestsrc num-buffers=275 pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 !',
               f'jpegenc ! matroskamux name=mux ! filesink location={clip} filesrc location={CLIP} ! flacparse ! mux.')
        started = time.monotonic()
        process = self.start(clip, self.out, 'en')
        seen = {}
        while process.poll() is None:
            self.look(seen)
            self.assertLess(time.monotonic() - started, 60 * PATIENCE)
            time.sleep(0.05)
        self.assertGreaterEqual(time.monotonic() - started, CLIP_SECONDS - 0.5, 'at the pace of the clock')
        self.assertEnds(process)
        self.look(seen)

        first, segments, tags = playlist(self.out / 'media.m3u8')
        self.assertEqual((first, len(segments)), (0, 3))
        self.assertIn('#EXT-X-TARGETDURATION:4', tags)
        self.assertAlmostEqual(sum(duration for _, duration in segments), CLIP_SECONDS, delta=0.1)
        starts = self.assertTimes(segments)
        found, uses = self.cues(starts)
        self.assertLessEqual(wordErrors(' '.join(text for _, _, text in found), CLIP_TEXT), 4, found)
        self.assertGreater(max(uses), 1, 'a phrase reaches over the boundary at 4 s')
        self.assertSpoken(found, self.loudParts(segments))

        stream = (self.out / 'stream.m3u8').read_text()
        head = re.search(r'#EXT-X-STREAM-INF:BANDWIDTH=(\d+),CODECS="avc1\.(\w+),mp4a\.40\.2",SUBTITLES="captions"\nmedia.m3u8\n', stream)
        self.assertIn('#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="Captions",LANGUAGE="en",', stream)
        for name, duration in segments:
            data = (self.out / name).read_bytes()
            self.assertLess(len(data) * 8 / duration, int(head[1]))
            self.assertEqual(re.search(rb'\x00\x00\x01\x67(...)', data, re.S)[1].hex().upper(), head[2])
        # A player's view, of the whole: FFmpeg takes captions as an experiment.
        text = ffmpeg('-strict', 'experimental', '-allowed_extensions', 'ALL', '-i', self.out / 'stream.m3u8',
                      '-map', '0:s', '-f', 'webvtt', '-').decode()
        self.assertEqual(re.sub(r'WEBVTT|.* --> .*', '', text).split(), ' '.join(text for _, _, text in found).split())

    def test_interrupt_writes_the_last_words(self):
        process = self.start('--keep', CLIP, self.out, 'en')
        started = time.monotonic()
        while not (self.out / 'unpublished00001.ts').exists():  # begins with 4 s
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic() - started, 60 * PATIENCE)
            time.sleep(0.05)
        time.sleep(3.3)  # behind "what your country can do for you"
        process.send_signal(signal.SIGINT)
        self.assertEnds(process)
        _, segments, tags = playlist(self.out / 'media.m3u8')
        self.assertIn('#EXT-X-PLAYLIST-TYPE:EVENT', tags)
        self.assertIn('CODECS="mp4a.40.2"', (self.out / 'stream.m3u8').read_text())
        found, _ = self.cues(self.assertTimes(segments))
        heard = sum(duration for _, duration in segments)
        self.assertGreater(heard, 7.5)
        self.assertLess(heard, CLIP_SECONDS - 1)
        self.assertLessEqual(wordErrors(' '.join(text for _, _, text in found), ' '.join(words(CLIP_TEXT)[:14])), 3, found)
        self.assertLessEqual(found[-1][1], captions(self.out / 'captions00000.vtt')[0] + (heard + 0.2) * CLOCK)

    def test_lost_source(self):
        """A server that goes away and comes back: no hole in the tracks, and the words on both sides."""
        port = freePort()
        uri = f'rtsp://127.0.0.1:{port}/talk'
        server = serve(self, port)
        process = self.start('--keep', uri, self.out, 'en')
        started = playing(self, server)
        time.sleep(8)  # behind "what your country can do for you"
        server.kill()
        server.wait()
        self.assertRegex(process.stderr.readline(), rf'\Ahls-captions: {uri} is lost \(.+\); trying again\n\Z')
        time.sleep(5)
        server = serve(self, port)
        again = playing(self, server)
        self.assertEqual(process.stderr.readline(), f'hls-captions: {uri} is back\n')
        time.sleep(max(0, again + 8 - time.monotonic()))
        process.send_signal(signal.SIGINT)
        ended = time.monotonic()
        self.assertEnds(process)
        _, segments, tags = playlist(self.out / 'media.m3u8')
        self.assertNotIn('#EXT-X-DISCONTINUITY', tags)
        self.assertLess(max(duration for _, duration in segments), 4.5)
        # What came until Ctrl-C is in it. Connecting takes its time.
        self.assertAlmostEqual(sum(duration for _, duration in segments), ended - started, delta=2)
        starts = self.assertTimes(segments, delta=0.2)  # pictures come every 0.1 s, or 0.2 s in the hole
        found, _ = self.cues(starts)
        hole = starts[0] + (again - started - 2.5) * CLOCK
        for half in ([text for start, _, text in found if start < hole],
                     [text for start, _, text in found if start >= hole]):
            self.assertLessEqual(wordErrors(' '.join(half), ' '.join(words(CLIP_TEXT)[:14])), 4, found)

    def test_what_the_connection_holds_is_published(self):
        """An RTSP connection holds 2 s, which belong to what was heard until Ctrl-C."""
        port = freePort()
        server = serve(self, port)
        process = self.start('--keep', f'rtspt://127.0.0.1:{port}/radio', self.out, 'en')
        started = playing(self, server)
        time.sleep(5)
        process.send_signal(signal.SIGINT)
        heard = time.monotonic() - started
        self.assertEnds(process)
        _, segments, _ = playlist(self.out / 'media.m3u8')
        self.assertGreater(sum(duration for _, duration in segments), heard - 1.5)

    def test_microphone(self):
        # GStreamer's generator of tones as the one source to be found, and silent hardware.
        ranks = ','.join(f'{name}:NONE' for name in MICROPHONES)
        process = self.start('mic', self.out, GST_PLUGIN_FEATURE_RANK=ranks + ',audiotestsrc:PRIMARY')
        time.sleep(2)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEnds(process, complaint='(hls-captions: No words in .+\n)?')  # as nobody speaks
        self.assertNotIn('LANGUAGE', (self.out / 'stream.m3u8').read_text())
        process = self.start('mic', self.out, GST_PLUGIN_FEATURE_RANK=ranks)
        self.assertEqual(process.wait(20 * PATIENCE), 1)
        self.assertRegex(process.stderr.read(), 'no microphone can be opened')

    def test_says_what_is_wrong(self):
        def run(*arguments, **environment):
            return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, env={**ENVIRONMENT, **environment},
                                  timeout=30 * PATIENCE, check=False)
        for arguments in ((), (CLIP,), (CLIP, self.out, 'en', 'more')):
            self.assertComplains(run(*arguments), 'usage', status=2)
        self.assertComplains(run(self.folder / 'none.mp4', self.out), 'none.mp4: no such file')
        text = self.folder / 'talk.txt'
        text.write_text('no sound ' * 1000)
        self.assertComplains(run(text, self.out), 'talk.txt')
        self.assertComplains(run(CLIP, text / 'folder'), text / 'folder')
        self.assertComplains(run(CLIP, self.out, 'xx'), 'language "xx"')
        self.assertComplains(run(CLIP, self.out, XDG_CACHE_HOME=str(self.folder)), 'whisper-base')
        picture = self.folder / 'picture.mkv'
        launch('videotestsrc num-buffers=5 ! video/x-raw,format=I420 ! jpegenc ! matroskamux ! filesink',
               f'location={picture}')
        self.assertComplains(run(picture, self.out), 'picture.mkv: has no sound')
        self.assertEqual(list(self.out.iterdir()), [], 'nothing is left of a stream that never began')


if __name__ == '__main__':
    unittest.main(verbosity=2)
