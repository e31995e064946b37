#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/transcribe's program and recordings that come through pipes, in every kind that can be read from its front."""

import json
import os
import pty
import struct
import subprocess
import threading
import unittest

from harness import CLIP, CLIP_TEXT, ENVIRONMENT, PATIENCE, PROGRAM, TestCase, encode, transcribe, wordErrors

# What FFmpeg writes to a pipe. Where a size stands in front of the sound, it cannot come back to fill it in.
KINDS = {'wav': '', 'aiff': '', 'au': '', 'flac': '', 'mp3': '', 'ogg': '', 'adts': '', 'matroska': '', 'mpegts': '',
         'mp4': '-movflags frag_keyframe+empty_moov'}


BEGINNING = 'and so my fellow americans'


class Streams(TestCase):
    def setUp(self):
        super().setUp()
        self.needModel()

    def assertSays(self, *arguments, text=CLIP_TEXT, **options):
        run = subprocess.run([PROGRAM, '--language', 'en', *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=ENVIRONMENT, timeout=60 * PATIENCE, check=False, **options)
        self.assertEqual((run.returncode, run.stderr.decode()), (0, ''))
        self.assertLessEqual(wordErrors(run.stdout.decode(), text), 1 if text == BEGINNING else 2)

    def encoded(self, kind):
        """What FFmpeg pipes of the beginning."""
        run = subprocess.run(['ffmpeg', '-v', 'error', '-t', '2.5', '-i', CLIP, '-ar', '16000', *KINDS[kind].split(), '-f', kind, '-'],
                             capture_output=True, check=False)
        if run.returncode:
            self.skipTest(f'ffmpeg: {run.stderr.decode()}')
        return run.stdout

    def test_every_kind(self):
        pipes = [self.folder / kind for kind in KINDS]
        for pipe in pipes:
            content = self.encoded(pipe.name)
            os.mkfifo(pipe)
            threading.Thread(target=pipe.write_bytes, args=(content,), daemon=True).start()
        run = transcribe('--language', 'en', '--format', 'json', *pipes)
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        for pipe, line in zip(pipes, run.stdout.splitlines()):
            with self.subTest(pipe.name):
                said = json.loads(line)
                self.assertEqual(said['file'], str(pipe))
                self.assertLessEqual(wordErrors(said['text'], BEGINNING), 1)

    def test_its_other_names(self):
        for name in ('/dev/stdin', '/dev/fd/0', '/proc/self/fd/0', 'fd://0'):
            with self.subTest(name):
                self.assertSays(name, input=CLIP.read_bytes())

    def test_standard_input_that_is_a_file(self):
        file = self.folder / 'index at the end.mp4'
        subprocess.run(['ffmpeg', '-v', 'error', '-i', CLIP, file], check=True)
        with file.open('rb') as recording:
            file.unlink()
            self.assertSays('-', stdin=recording)

    def test_sizes_that_nobody_filled_in(self):
        wave = self.encoded('wav')
        at = wave.index(b'data') + 4
        for riff, data in ((0, 0), (36, 0), (0xffffffff, 0xffffffff), (0x7fffffff, 0x7fffffd3), (0x80000024, 0x80000000)):
            with self.subTest(data=hex(data)):
                self.assertSays('-', input=wave[:4] + struct.pack('<I', riff) + wave[8:at] + struct.pack('<I', data)
                                + wave[at + 4:], text=BEGINNING)

    def test_what_never_ends(self):
        # FFmpeg's demuxer of NUT looks for more behind the end for ever.
        nut = encode(self.folder / 'a.nut', '-i', CLIP)
        with nut.open('rb') as recording:
            self.assertSays('-', stdin=recording)
        run = subprocess.run([PROGRAM, '-'], input=nut.read_bytes(), capture_output=True, env=ENVIRONMENT,
                             timeout=30 * PATIENCE, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr.decode(), '^transcribe: -: is NUT, [^\n]*from a pipe\n$')
        # Nobody finds its streams.
        mute = encode(self.folder / 'b.nut', '-t', '3', '-i', CLIP, '-c:a', 'sonic', '-strict', '-2')
        self.assertComplains(transcribe(mute), mute)

    def test_pipes_by_name(self):
        pipe = self.folder / 'pipe'
        os.mkfifo(pipe)
        for name in (pipe, pipe.as_uri()):
            writer = subprocess.Popen(['sh', '-c', 'cat "$0" >"$1"', CLIP, pipe])
            self.assertSays(name)
            self.assertEqual(writer.wait(), 0)
        read, write = os.pipe()
        writer = subprocess.Popen(['cat', CLIP], stdout=write)
        os.close(write)
        self.assertSays(f'/dev/fd/{read}', pass_fds=[read])
        os.close(read)
        self.assertEqual(writer.wait(), 0)

    def test_a_pipe_that_waits_holds_up_nobody(self):
        pipe = self.folder / 'pipe'
        os.mkfifo(pipe)
        process = subprocess.Popen([PROGRAM, '--language', 'en', CLIP, pipe], stdout=subprocess.PIPE, text=True,
                                   env=ENVIRONMENT)
        self.addCleanup(process.__exit__, None, None, None)
        self.addCleanup(process.kill)
        said = ''
        while len(said.split()) < len(CLIP_TEXT.split()) and (line := process.stdout.readline()):
            said += line
        self.assertLessEqual(wordErrors(said, CLIP_TEXT), 2)
        pipe.write_bytes(CLIP.read_bytes())
        self.assertLessEqual(wordErrors(process.stdout.read(), CLIP_TEXT), 2)
        self.assertEqual(process.wait(), 0)

    def test_live(self):
        self.assertSays('--live', '-', input=self.encoded('wav'), text=BEGINNING)

    def test_what_cannot_be_read(self):
        with CLIP.open('rb') as recording:
            for second in ('-', '/dev/stdin', '/dev/fd/0'):
                run = subprocess.run([PROGRAM, '-', CLIP, second], stdin=recording, capture_output=True, text=True,
                                     env=ENVIRONMENT, timeout=20 * PATIENCE, check=False)
                self.assertComplains(run, second, 'only once', status=2)
        try:
            master, terminal = pty.openpty()
        except OSError as error:
            self.skipTest(f'no terminal can be had: {error}')
        run = subprocess.run([PROGRAM, '-'], stdin=terminal, capture_output=True, text=True, env=ENVIRONMENT,
                             timeout=20 * PATIENCE, check=False)
        os.close(master)
        os.close(terminal)
        self.assertComplains(run, 'terminal', status=2)
        self.assertComplains(transcribe('/dev/fd/99', seconds=20), '/dev/fd/99', 'Bad file descriptor')
        run = subprocess.run([PROGRAM, '-'], input='no sound', capture_output=True, text=True, env=ENVIRONMENT,
                             timeout=20 * PATIENCE, check=False)
        self.assertComplains(run, '-: ')


if __name__ == '__main__':
    unittest.main(verbosity=2)
