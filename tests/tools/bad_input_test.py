#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/transcribe's program with missing, broken and hostile files: one readable line each, and no signal."""

import http.server
import json
import os
import random
import socket
import threading
import unittest
import zipfile

from harness import CLIP, CLIP_TEXT, ENVIRONMENT, MODEL, TestCase, encode, launch, transcribe, wordErrors


class Inputs(TestCase):
    def setUp(self):
        super().setUp()
        self.needModel()

    def test_files_that_are_no_recordings(self):
        (self.folder / 'empty.wav').touch()
        (self.folder / 'noise.wav').write_bytes(random.Random(1).randbytes(5000))
        (self.folder / 'text.txt').write_text('hello\n')
        for name in ('empty.wav', 'noise.wav', 'text.txt', 'none.wav', ''):
            with self.subTest(name):
                run = transcribe(self.folder / name, seconds=20)
                self.assertComplains(run, self.folder / name)
                self.assertEqual(run.stdout, '')

    def test_what_is_the_matter(self):
        (self.folder / 'empty.wav').touch()
        (self.folder / 'page.mp3').write_text('<!DOCTYPE html><html><body>Not found</body></html>')
        (self.folder / 'loop').symlink_to('loop')
        with zipfile.ZipFile(self.folder / 'a.zip', 'w') as archive:
            archive.writestr('a.txt', 'a')
        encode(self.folder / 'a.png', '-f', 'lavfi', '-i', 'testsrc=s=64x48', '-frames:v', '1')
        encode(self.folder / 'secret.mp4', '-i', CLIP, '-c:a', 'aac', '-ar', '44100', '-encryption_scheme',
               'cenc-aes-ctr', '-encryption_key', '0' * 32, '-encryption_kid', '1' * 32)
        for name, part in [('empty.wav', 'is empty'), ('page.mp3', 'no recording but text/html'),
                           ('loop', 'symbolic links'), ('a.zip', 'no recording but application/zip'),
                           ('a.png', 'no recording but image/png'), ('secret.mp4', 'encrypted')]:
            with self.subTest(name):
                self.assertComplains(transcribe(self.folder / name, seconds=20), self.folder / name, part)

    def test_kind_that_is_known_but_not_decoded(self):
        file = encode(self.folder / 'a.gsm', '-i', CLIP, '-ar', '8000', '-c:a', 'libgsm')
        run = transcribe(file, seconds=20, env={**ENVIRONMENT, 'PATH': ''})
        self.assertComplains(run, file, 'cannot be decoded as audio/x-gsm; convert')

    @unittest.skipIf(os.geteuid() == 0, 'root may read everything')
    def test_file_that_may_not_be_read(self):
        file = self.folder / 'a.wav'
        file.touch(mode=0)
        self.assertComplains(transcribe(file, seconds=20), file, 'Permission denied')

    def test_uris_that_lead_nowhere(self):
        with socket.create_server(('127.0.0.1', 0)) as server:
            port = server.getsockname()[1]
        for uri, part in [(f'http://127.0.0.1:{port}/a.mp3', 'Connection refused'),
                          (f'rtsp://127.0.0.1:{port}/a', 'Connection refused'), ('http://', 'names no host'),
                          ('foo://a', 'no installed plugin reads "foo:"'), ('file:///none.wav', 'no such file'),
                          (self.folder.as_uri(), 'is a folder')]:
            with self.subTest(uri):
                self.assertComplains(transcribe(uri, seconds=20), uri, part)

    def test_download_that_breaks_off(self):
        content = encode(self.folder / 'a.mp3', '-i', CLIP, '-ar', '44100').read_bytes()

        class Server(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(404 if self.path == '/none' else 200)
                self.send_header('Content-Length', str(len(content)))
                self.end_headers()
                self.wfile.write(content[:len(content) // 2])

            def log_message(self, *_):
                pass
        with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Server) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            uri = f'http://127.0.0.1:{server.server_port}'
            run = transcribe('--language', 'en', uri + '/a.mp3')
            self.assertComplains(run, 'breaks off after 5')
            self.assertTrue(run.stdout.lower().startswith('and so my fellow'), run.stdout)
            self.assertComplains(transcribe(uri + '/none'), 'the server says: Not Found')
            server.shutdown()

    def test_film_without_sound(self):
        file = self.folder / 'mute.mkv'
        launch('videotestsrc num-buffers=5 ! video/x-raw,width=64,height=48 ! vp8enc ! matroskamux !',
               f'filesink location={file}')
        self.assertComplains(transcribe(file, seconds=20), file, 'has no audio')

    def test_truncated_recording(self):
        file = self.folder / 'half.flac'
        file.write_bytes(CLIP.read_bytes()[:100000])
        run = transcribe('--format', 'json', '--language', 'en', file)
        self.assertComplains(run, file, 'cut short')
        self.assertTrue(json.loads(run.stdout)['text'].lower().startswith('and so'))

    def test_the_others_are_done(self):
        none = self.folder / 'none.wav'
        run = transcribe('--language', 'en', none, CLIP, none)
        self.assertComplains(run, none, lines=2)
        self.assertLessEqual(wordErrors(run.stdout, CLIP_TEXT), 2)

    def test_output_holds_what_could_be_done(self):
        file = self.folder / 'out.txt'
        run = transcribe('--language', 'en', '--output', file, self.folder / 'none.wav', CLIP)
        self.assertComplains(run, 'none.wav')
        self.assertLessEqual(wordErrors(file.read_text(), CLIP_TEXT), 2)

    def test_language_that_the_model_does_not_know(self):
        self.assertComplains(transcribe('--language', 'xx', CLIP, seconds=20), 'xx')


class Models(TestCase):
    def setUp(self):
        super().setUp()
        self.needModel()

    def copyOfModel(self, name, size=None):
        folder = self.folder / name
        folder.mkdir()
        for file in MODEL.iterdir():
            if file.name != 'model.bin':
                (folder / file.name).write_bytes(file.read_bytes())
        if size is None:
            os.symlink(MODEL / 'model.bin', folder / 'model.bin')
        else:
            with open(MODEL / 'model.bin', 'rb') as model:
                (folder / 'model.bin').write_bytes(model.read(size))
        return folder

    def assertRefused(self, folder, part):
        run = transcribe('--model', folder, CLIP, seconds=20)
        self.assertComplains(run, part)
        self.assertEqual(run.stdout, '')

    def test_no_model(self):
        self.assertRefused(self.folder / 'none', 'none')
        self.assertRefused('no-such-name', 'no-such-name')

    def test_truncated_models(self):
        for size in (0, 3, 40, 1000, 70000, 9000000, (MODEL / 'model.bin').stat().st_size - 100):
            with self.subTest(size):
                self.assertRefused(self.copyOfModel(f'm{size}', size), 'model.bin')

    def test_hostile_sizes(self):
        folder = self.copyOfModel('hostile', 300000)
        content = bytearray((folder / 'model.bin').read_bytes())
        for offset in (8, 20, 30, 40, 60):
            with self.subTest(offset):
                broken = content[:]
                broken[offset:offset + 4] = b'\xff\xff\xff\x7f'
                (folder / 'model.bin').write_bytes(broken)
                self.assertRefused(folder, 'model.bin')

    def test_broken_vocabulary(self):
        folder = self.copyOfModel('vocabulary')
        (folder / 'vocabulary.json').write_text('{')
        self.assertRefused(folder, 'vocabulary.json')


if __name__ == '__main__':
    unittest.main(verbosity=2)
