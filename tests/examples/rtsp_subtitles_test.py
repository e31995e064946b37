#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/rtsp_subtitles with a server of this test's own, on the loopback: subtitles, and a connection that is lost."""

import re
import signal
import subprocess
import time
import unittest

from harness import BUILD, CLIP_TEXT, ENVIRONMENT, PATIENCE, TestCase, wordErrors, words
from rtsp import freePort, playing, serve

PROGRAM = BUILD / 'examples/rtsp_subtitles/npuspeech-rtsp-subtitles'


def cues(text):
    """(start, end, text) of WebVTT or SubRip."""
    found = []
    for start, end, said in re.findall(r'([\d:.,]+) --> ([\d:.,]+)\n(.*?)(?:\n\n|\Z)', text, re.S):
        seconds = [sum(float(part) * 60**i for i, part in enumerate(reversed(time_.replace(',', '.').split(':'))))
                   for time_ in (start, end)]
        found.append((*seconds, said.replace('\n', ' ').strip()))
    return found


class RtspSubtitles(TestCase):
    def setUp(self):
        super().setUp()
        self.needModel()
        self.port = freePort()
        self.uri = f'rtsp://127.0.0.1:{self.port}/talk'

    def start(self, output, path='talk', **environment):
        uri = f'rtsp://127.0.0.1:{self.port}/{path}'
        process = subprocess.Popen([PROGRAM, uri, output, 'en'], stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True, env={**ENVIRONMENT, **environment})
        self.addCleanup(process.__exit__, None, None, None)
        self.addCleanup(process.kill)
        return process

    def end(self, process):
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20 * PATIENCE), 0)
        return process.stderr.read()

    def test_times_go_on_behind_a_lost_connection(self):
        server = serve(self, self.port)
        file = self.folder / 'talk.vtt'
        started = time.monotonic()
        process = self.start(file)
        begins = [playing(self, server)]
        time.sleep(6)  # behind "And so, my fellow Americans: ask not"
        server.kill()
        server.wait()
        self.assertRegex(process.stderr.readline(), r'talk is lost \(.*\); trying again\n')
        server = serve(self, self.port)
        begins.append(playing(self, server))
        self.assertRegex(process.stderr.readline(), 'talk is back\n')
        time.sleep(max(0, begins[1] + 12 - time.monotonic()))
        self.assertEqual(self.end(process), '')
        text = file.read_text()
        self.assertTrue(text.startswith('WEBVTT'))
        found = cues(text)
        self.assertEqual(sorted(start for start, _, _ in found), [start for start, _, _ in found])
        # Times count from when the program plays: some time behind `started`, on a busy machine.
        self.assertLess(found[0][0], begins[0] - started + 0.3 + 0.9, msg=f'{begins} {text}')
        again = found[0][0] + begins[1] - begins[0]
        before = [cue for cue in found if cue[0] < again - 0.9]
        after = [cue for cue in found if cue[0] >= again - 0.9]
        self.assertEqual(words(' '.join(cue[2] for cue in before))[:5], words('and so my fellow americans'))
        self.assertLessEqual(wordErrors(' '.join(cue[2] for cue in after), CLIP_TEXT), 4, text)
        # Both begin with the same words. Connecting takes its time.
        self.assertAlmostEqual(after[0][0], again, delta=0.9, msg=f'{begins} {text}')

    def test_what_the_connection_holds_is_written(self):
        """Within its first 2 s nothing comes out of an RTSP connection, and all that came until Ctrl-C belongs to it."""
        server = serve(self, self.port)
        file = self.folder / 'talk.srt'
        process = self.start(file, 'radio')
        playing(self, server)
        time.sleep(1.9)
        self.assertEqual(self.end(process), '')
        text = file.read_text()
        self.assertEqual(words(' '.join(cue[2] for cue in cues(text)))[:2], ['and', 'so'], text)

    def test_matroska_and_subrip(self):
        serve(self, self.port)
        files = [self.folder / 'talk.mkv', self.folder / 'talk.srt']
        processes = [self.start(file) for file in files]
        time.sleep(13)
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            self.assertEqual((process.wait(20 * PATIENCE), process.stderr.read()), (0, ''))
        out = self.folder / 'out.srt'
        subprocess.run(['gst-launch-1.0', '-q', 'filesrc', f'location={files[0]}', '!', 'matroskademux', 'name=d',
                        'd.subtitle_0', '!', 'queue', '!', 'srtenc', '!', 'filesink', f'location={out}',
                        'd.audio_0', '!', 'queue', '!', 'fakesink'], check=True, timeout=60, env=ENVIRONMENT)
        for file in (out, files[1]):
            found = cues(file.read_text())
            self.assertLessEqual(wordErrors(' '.join(cue[2] for cue in found), CLIP_TEXT), 4, found)
            self.assertLess(found[-1][1], 14)

    def show(self, server, path, seconds):
        """What the overlay and the sink behind it tell."""
        log = self.folder / 'log'
        process = self.start('show', path, GST_PLUGIN_FEATURE_RANK='fakevideosink:MAX', GST_DEBUG_FILE=str(log),
                             GST_DEBUG='basetextoverlay:6,basesink:5')
        playing(self, server)
        time.sleep(seconds)
        self.assertEqual(self.end(process), '')
        return log.read_text(errors='replace')

    def test_shows_captions_in_the_picture(self):
        server = serve(self, self.port)
        for path, encoder in (('talk', 'jpegenc'), ('camera', 'x264enc')):
            with self.subTest(path):
                if subprocess.run(['gst-inspect-1.0', '--exists', encoder], check=False).returncode:
                    self.skipTest(f'no element {encoder}')
                log = self.show(server, path, 10)
                self.assertIn("Rendering text 'And so my fellow", log)
                # Ten a second; connecting and the first picture take their time.
                self.assertGreater(log.count('got times start'), 50)

    def test_ends_before_there_is_a_picture(self):
        log = self.show(serve(self, self.port), 'radio', 2)
        self.assertEqual(log.count('got times start'), 0)

    def test_nobody_there(self):
        process = self.start(self.folder / 'talk.srt')
        _, errors = process.communicate(timeout=30 * PATIENCE)
        self.assertEqual(process.returncode, 1)
        self.assertEqual(errors.count('\n'), 1, errors)
        self.assertIn(self.uri, errors)

    def test_wrong_usage(self):
        for arguments in ((), (self.uri,), (self.uri, 'talk.txt'), ('talk', 'talk.srt')):
            run = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, env=ENVIRONMENT, timeout=20)
            self.assertComplains(run, 'usage', status=2)
        old = self.folder / 'old.mkv'
        old.write_text('what was said yesterday')
        run = subprocess.run([PROGRAM, self.uri, old], capture_output=True, text=True, env=ENVIRONMENT, timeout=20)
        self.assertComplains(run, 'old.mkv', 'not overwritten', status=2)
        self.assertEqual(old.read_text(), 'what was said yesterday')
        run = subprocess.run([PROGRAM, self.uri, self.folder / 'no/where.srt'], capture_output=True, text=True,
                             env=ENVIRONMENT, timeout=20)
        self.assertComplains(run, 'where.srt')


if __name__ == '__main__':
    unittest.main(verbosity=2)
