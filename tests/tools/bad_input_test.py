#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/transcribe's program with missing, broken and hostile files: one readable line each, and no signal."""

import json
import os
import random
import unittest

from harness import CLIP, CLIP_TEXT, MODEL, TestCase, launch, transcribe, wordErrors


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
