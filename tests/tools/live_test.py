#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/transcribe --live: words while they are spoken, on a terminal and elsewhere; Ctrl-C; the microphone."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
import unittest

from harness import BUILD, CLIP, CLIP_SECONDS, CLIP_TEXT, ENVIRONMENT, PATIENCE, ROOT, TestCase, transcribe, wordErrors, words

sys.path.append(str(ROOT / 'tests/examples'))
from rtsp import freePort, playing, serve  # noqa: E402

PROGRAM = BUILD / 'examples/transcribe/npuspeech-transcribe'
# Live text is decided word by word: a little worse than a whole recording's.
MAX_ERRORS = 3
MICROPHONES = ['alsasrc', 'jackaudiosrc', 'openalsrc', 'oss4src', 'osssrc', 'pipewiresrc', 'pulsesrc']


class Live(TestCase):
    def setUp(self):
        super().setUp()
        self.needModel()

    def start(self, *arguments, **options):
        process = subprocess.Popen([PROGRAM, '--live', '--language', 'en', *arguments], text=True,
                                   **{'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'env': ENVIRONMENT, **options})
        self.addCleanup(process.__exit__, None, None, None)  # closes its pipes
        self.addCleanup(process.kill)
        return process

    def test_lines_come_while_the_clock_runs(self):
        started = time.monotonic()
        process = self.start('--format', 'json', CLIP)
        arrivals = [(time.monotonic() - started, json.loads(line)) for line in process.stdout]
        self.assertEqual((process.wait(), process.stderr.read()), (0, ''))
        self.assertGreaterEqual(time.monotonic() - started, CLIP_SECONDS - 0.5)
        self.assertGreater(len(arrivals), 1)
        self.assertLess(arrivals[0][0], (CLIP_SECONDS - 3) * PATIENCE)
        for arrival, line in arrivals:
            self.assertEqual(list(line), ['start', 'end', 'text', 'words'])
            self.assertGreater(arrival, line['end'] - 0.5)
        self.assertLessEqual(wordErrors(' '.join(line['text'] for _, line in arrivals), CLIP_TEXT), MAX_ERRORS)

    def test_interrupt_drains_the_last_words(self):
        process = self.start('--format', 'vtt', CLIP)
        lines = ['']
        while ' --> ' not in lines[-1] and process.poll() is None:
            lines.append(process.stdout.readline())
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        text = ''.join(lines) + process.stdout.read()
        self.assertEqual((process.wait(20 * PATIENCE), process.stderr.read()), (0, ''))
        self.assertTrue(text.startswith('WEBVTT\n\n'))
        self.assertTrue(text.endswith('\n\n'), 'the last caption is whole')
        said = words(re.sub(r'(?m)^(WEBVTT|NOTE.*|.* --> .*)$', '', text))
        self.assertEqual(said[:5], words('And so my fellow Americans'))
        self.assertLess(len(said), len(words(CLIP_TEXT)))

    def test_interrupt_brings_what_a_connection_holds(self):
        """Within its first 2 s nothing comes out of an RTSP connection."""
        port = freePort()
        server = serve(self, port)
        process = self.start('--output', self.folder / 'talk.txt', f'rtsp://127.0.0.1:{port}/radio')
        playing(self, server)
        time.sleep(1.9)
        process.send_signal(signal.SIGINT)
        self.assertEqual((process.wait(20 * PATIENCE), process.stderr.read()), (0, ''))
        self.assertEqual(words((self.folder / 'talk.txt').read_text())[:2], ['and', 'so'])

    def test_terminal_rewrites_what_is_not_settled(self):
        try:
            master, slave = pty.openpty()
        except OSError as error:
            self.skipTest(f'no terminal can be had: {error}')
        process = self.start(CLIP, stdout=slave, env={**ENVIRONMENT, 'TERM': 'xterm'})
        os.close(slave)
        screen = b''
        while True:
            try:
                screen += os.read(master, 4096)
            except OSError:  # the other end is closed
                break
        os.close(master)
        self.assertEqual((process.wait(), process.stderr.read()), (0, ''))
        frames = screen.decode().split('\r\x1b[K')
        interim = [re.search(r'\x1b\[2m(.*)\x1b\[0m$', frame) for frame in frames]
        self.assertTrue(any(match and match[1].strip() for match in interim), 'something is dim')
        # What stays on the screen: what is followed by a new line.
        lines = [frame.replace('\r\n', '') for frame in frames if frame.endswith('\r\n')]
        self.assertLessEqual(wordErrors(' '.join(lines), CLIP_TEXT), MAX_ERRORS)
        # Plain words are never taken back: each frame's are the beginning of the line that comes of it.
        for frame, match in zip(frames, interim):
            if match:
                plain = frame[:match.start()].strip()
                self.assertTrue(not plain or any(line.startswith(plain) or plain.startswith(line) for line in lines), frame)
        self.assertRegex(frames[-1], r'^$|\r\n$', 'no interim text is left')

    def test_microphone(self):
        # GStreamer's generator of tones as the one source to be found, and silent hardware.
        ranks = ','.join(f'{name}:NONE' for name in MICROPHONES)
        process = self.start('mic', env={**ENVIRONMENT, 'GST_PLUGIN_FEATURE_RANK': ranks + ',audiotestsrc:PRIMARY'})
        time.sleep(2)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=30 * PATIENCE)
        self.assertEqual((process.returncode, out), (0, ''))
        self.assertRegex(errors, r'\Atranscribe: mic: No words in [^\n]* of sound[^\n]*\n\Z')

    def test_no_microphone(self):
        ranks = ','.join(f'{name}:NONE' for name in MICROPHONES)
        run = transcribe('--live', 'mic', seconds=20, env={**ENVIRONMENT, 'GST_PLUGIN_FEATURE_RANK': ranks})
        self.assertComplains(run, 'no microphone')

    def test_one_input(self):
        self.assertComplains(transcribe('--live', CLIP, CLIP), '--live', status=2)
        self.assertComplains(transcribe('--live', self.folder / 'none.wav', seconds=20), 'none.wav: no such file')


if __name__ == '__main__':
    unittest.main(verbosity=2)
