#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/transcribe's program with recordings that are damaged, or have something else in front of them or behind."""

import json
import random
import re
import unittest

from harness import CLIP, CLIP_TEXT, ENVIRONMENT, Inputs, encode, transcribe, wordErrors

MAX_ERRORS = 2
WITHOUT_FFMPEG = {**ENVIRONMENT, 'PATH': ''}
PICTURE = ('-f', 'lavfi', '-i', 'testsrc=s=64x48:r=10:d=16')


class Damaged(Inputs):
    def test_what_is_behind_damage_is_heard(self):
        files = []
        kinds = {'a.mp3': (), 'a.aac': (), 'a.m4a': (), 'a.ts': ('-c:a', 'aac'), 'a.flac': (), 'a.ogg': ('-c:a', 'libvorbis')}
        for name, how in kinds.items():
            files.append(encode(self.folder / name, '-i', CLIP, *how, '-ar', '44100'))
            content = bytearray(files[-1].read_bytes())
            at = len(content) // 3
            content[at:at + 3000] = random.Random(name).randbytes(3000)
            files[-1].write_bytes(content)
        for line in self.lines(*files):
            with self.subTest(line['file']):
                self.assertLessEqual(wordErrors(line['text'], CLIP_TEXT), 5)
                self.assertIn('do for your country', line['text'])

    def damaged(self, name, how, *arguments):
        """The file with bytes of its middle third overwritten, taken out, or put in between."""
        file = encode(self.folder / name, *arguments)
        content = bytearray(file.read_bytes())
        at, noise = len(content) // 3, random.Random(name).randbytes(5000)
        if how == 'overwritten':
            content[at:at + len(noise)] = noise
        elif how == 'inserted':
            content[at:at] = noise
        else:
            del content[at:at + len(noise) + 1]
        file.write_bytes(content)
        return file

    def test_nothing_is_lost_in_silence(self):
        """Where FFmpeg is not installed."""
        sound = ('-i', CLIP, '-ar', '44100')
        said = re.compile('is damaged: nothing could be read behind [345][.][0-9] of 1[016][.][0-9] s'
                          '|is damaged: [0-9.]+ of 1[016][.][0-9] s could not be read'
                          '|is cut short: it holds')
        files = [self.damaged('b.avi', 'inserted', *sound, '-c:a', 'mp3'),
                 self.damaged('c.avi', 'removed', *sound, '-c:a', 'mp3'),
                 self.damaged('d.wma', 'inserted', *sound, '-c:a', 'wmav2'),
                 # Its demuxer goes on by itself, behind all of a cluster.
                 self.damaged('e.mka', 'removed', *sound, '-c:a', 'aac', '-f', 'matroska', '-live', '1'),
                 self.damaged('fragments.mp4', 'inserted', *sound, '-c:a', 'aac', '-movflags', 'frag_keyframe+empty_moov')]
        run = transcribe('--language', 'en', '--format', 'json', *files, env=WITHOUT_FFMPEG)
        self.assertComplains(run, *files, 'ffmpeg, once installed, may read more', lines=len(files))
        for line in run.stderr.splitlines():
            self.assertRegex(line, said)
        for line in map(json.loads, run.stdout.splitlines()):
            with self.subTest(line['file']):
                self.assertTrue(line['text'].startswith('And so my fellow Americans'), line['text'])

    def test_reads_on_behind_damage(self):
        sound = ('-i', CLIP, '-ar', '44100')
        film = (*PICTURE, *sound, '-map', '0', '-map', '1')
        files = [self.damaged('a.flv', 'overwritten', *sound, '-c:a', 'aac'),
                 self.damaged('film.flv', 'removed', *film, '-c:v', 'flv1', '-c:a', 'mp3'),
                 self.damaged('a.mkv', 'overwritten', *sound, '-c:a', 'aac', '-cluster_time_limit', '1000'),
                 self.damaged('b.webm', 'inserted', '-i', CLIP, '-c:a', 'libopus', '-cluster_time_limit', '1000'),
                 self.damaged('film.mkv', 'inserted', *film, '-c:v', 'mpeg4', '-c:a', 'aac', '-cluster_time_limit', '1000')]
        run = transcribe('--language', 'en', '--format', 'json', *files)
        self.assertComplains(run, *files, 'is damaged: ', ' s could not be read', lines=len(files))
        for line in map(json.loads, run.stdout.splitlines()):
            with self.subTest(line['file']):
                words = [word for segment in line['segments'] for word in segment['words']]
                self.assertTrue(line['text'].startswith('And so my fellow Americans'), line['text'])
                self.assertIn('do for your country', line['text'])
                # Times are those of the file.
                self.assertAlmostEqual(words[-1]['end'], 10.4, delta=0.5)
                self.assertEqual([word['start'] for word in words], sorted(word['start'] for word in words))

    def assertWhole(self, *files):
        for line in self.lines(*files):
            with self.subTest(line['file']):
                self.assertLessEqual(wordErrors(line['text'], CLIP_TEXT), 2 * MAX_ERRORS)
                self.assertAlmostEqual(line['duration'], 11, delta=0.3)
                self.assertAlmostEqual(line['segments'][-1]['end'], 10.4, delta=0.5)

    def test_finds_what_lies_behind_bytes_that_do_not_belong(self):
        """Nothing of the sound is missing, and no utterance ends where the other reader begins."""
        sound = ('-i', CLIP, '-ar', '44100')
        self.assertWhole(self.damaged('a.avi', 'inserted', *sound, '-c:a', 'mp3'),
                         self.damaged('b.avi', 'inserted', *sound, '-c:a', 'pcm_s16le'))

    def test_several_damages(self):
        """Words from behind each, at their times."""
        file = encode(self.folder / 'a.mka', '-i', CLIP, '-ar', '44100', '-c:a', 'aac', '-cluster_time_limit', '1000')
        content = file.read_bytes()
        for part in (4, 2):
            at = len(content) * part // 8
            content = content[:at] + content[at + 700:]
        file.write_bytes(content)
        for name in ('c.avi', 'd.wma'):
            self.damaged(name, 'removed', '-i', CLIP, '-ar', '44100', '-c:a', 'mp3' if name == 'c.avi' else 'wmav2')
        files = (file, self.folder / 'c.avi', self.folder / 'd.wma')
        run = transcribe('--language', 'en', '--format', 'json', *files)
        self.assertComplains(run, *files, lines=3)
        for line in map(json.loads, run.stdout.splitlines()):
            with self.subTest(line['file']):
                self.assertIn('do for your country', line['text'])
                self.assertAlmostEqual(line['segments'][-1]['end'], 10.1, delta=0.7)

    def test_something_in_front(self):
        kinds = {'a.flac': (), 'a.ogg': ('-c:a', 'libvorbis'), 'b.ogg': ('-c:a', 'libopus'), 'a.ac3': ('-ar', '48000'),
                 'a.aac': ('-ar', '44100')}
        files = [encode(self.folder / name, '-i', CLIP, *how) for name, how in kinds.items()]
        for file in files:
            file.write_bytes(random.Random(7).randbytes(5000) + file.read_bytes())
        self.assertWhole(*files)

    def test_something_behind(self):
        kinds = {'a.aiff': (), 'a.ts': ('-c:a', 'aac'), 'a.mp3': ('-ar', '44100'), 'a.opus': ('-c:a', 'libopus'),
                 'a.flv': ('-c:a', 'mp3', '-ar', '44100'), 'live.webm': ('-c:a', 'libopus', '-f', 'webm', '-live', '1')}
        files = [encode(self.folder / name, '-i', CLIP, *how) for name, how in kinds.items()]
        for file in files:
            more = random.Random(9).randbytes(3000) if file.suffix in ('.ts', '.flv', '.webm') else bytes(20000)
            file.write_bytes(file.read_bytes() + more)
        self.assertWhole(*files)

    def test_containers_one_after_the_other(self):
        kinds = {'a.avi': ('-c:a', 'mp3', '-ar', '44100'), 'a.mka': ('-c:a', 'libopus'),
                 'live.webm': ('-c:a', 'libopus', '-f', 'webm', '-live', '1')}
        files = [encode(self.folder / name, '-i', CLIP, *how) for name, how in kinds.items()]
        for line in self.lines(*(self.join(f'joined-{file.name}', file, file) for file in files)):
            with self.subTest(line['file']):
                self.assertLessEqual(wordErrors(line['text'], CLIP_TEXT + ' ' + CLIP_TEXT), 2 * MAX_ERRORS)
                starts = [word['start'] for segment in line['segments'] for word in segment['words']]
                self.assertEqual(starts, sorted(starts))
                self.assertAlmostEqual(line['segments'][-1]['end'], 21.4, delta=0.5)

    def test_an_index_that_nothing_leads_to(self):
        file = self.damaged('a.m4a', 'inserted', '-i', CLIP)
        self.assertComplains(transcribe(file), file, 'is damaged: its index (moov) is not where it should be')

    def test_room_that_a_download_has_not_filled(self):
        kinds = {'a.mp3': ('-ar', '44100', '-write_xing', '0'), 'a.aac': ('-ar', '44100'), 'a.ogg': ('-c:a', 'libvorbis'), 'a.ac3': ('-ar', '48000')}
        files = [encode(self.folder / name, '-i', CLIP, *how) for name, how in kinds.items()]
        for file in files:
            content = file.read_bytes()
            room = len(content) * 2 // 5
            file.write_bytes(content[:-room] + bytes(room))
        run = transcribe('--language', 'en', *files)
        self.assertComplains(run, *(f'{file}: is cut short' for file in files), lines=len(files))

    def test_an_error_behind_sound_ends_no_other_file(self):
        """Several damages of FLV: its demuxer fails behind the first sound."""
        file = encode(self.folder / 'a.flv', '-i', CLIP, '-c:a', 'mp3', '-ar', '44100')
        content = file.read_bytes()
        for i in range(5):
            at = len(content) * (i + 2) // 8 - 700 * i
            content = content[:at] + content[at + 700:]
        file.write_bytes(content)
        run = transcribe('--language', 'en', '--format', 'json', file, CLIP, file)
        self.assertComplains(run, file, 'is damaged: ', lines=2)
        self.assertEqual(run.stdout.count('\n'), 3)

    def test_kinds_that_only_ffmpeg_reads(self):
        self.assertWhole(encode(self.folder / 'a.caf', '-i', CLIP), encode(self.folder / 'a.gsm', '-i', CLIP, '-ar', '8000', '-c:a', 'libgsm'))

    def test_whole_is_not_called_damaged(self):
        """Sound that ends before the picture, subtitles behind all, times that begin late, lengths that nobody wrote down."""
        sound = ('-t', '4', '-i', CLIP, '-ar', '44100')
        film = (*PICTURE, *sound, '-map', '0', '-map', '1', '-c:v')
        slides = ('-f', 'lavfi', '-i', 'testsrc=s=64x48:r=0.5:d=12', *sound, '-map', '0', '-map', '1', '-c:v')
        (self.folder / 's.srt').write_text('1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:45,000 --> 00:00:50,000\nb\n')
        files = [encode(self.folder / 'film.mkv', *film, 'mpeg4'),
                 encode(self.folder / 'film.avi', *film, 'mpeg4', '-c:a', 'mp3'),
                 encode(self.folder / 'film.flv', *film, 'flv1', '-c:a', 'mp3'),
                 encode(self.folder / 'film.asf', *film, 'wmv2', '-c:a', 'wmav2'),
                 encode(self.folder / 'slides.mkv', *slides, 'mpeg4'),
                 encode(self.folder / 'slides.flv', *slides, 'flv1', '-c:a', 'mp3'),
                 encode(self.folder / 'subtitles.mkv', '-i', self.folder / 's.srt', *sound, '-map', '0', '-map', '1', '-c:s', 'srt'),
                 encode(self.folder / 'late.mkv', '-copyts', '-itsoffset', '5', *sound, '-c:a', 'aac'),
                 encode(self.folder / 'live.mkv', *sound, '-c:a', 'aac', '-f', 'matroska', '-live', '1')]
        self.assertEqual(len(self.lines(*files)), len(files))

    def test_whole_with_headers_that_promise_more(self):
        """Other tracks and pictures that last longer, and lengths that are wrong or only fill the room."""
        def under(seconds):
            return '-f', 'lavfi', '-i', f'color=s=64x64:d={seconds}', '-i', CLIP, '-ar', '44100', '-c:v'

        tracks = ('-i', CLIP, '-t', '9', '-i', CLIP, '-map', '0', '-map', '1', '-disposition:a:0', '0', '-disposition:a:1', 'default')
        late = ('-copyts', '-itsoffset', '5', '-i', CLIP, '-ar', '44100')
        files = [encode(self.folder / 'tracks.mp4', *tracks, '-c:a', 'aac'),
                 encode(self.folder / 'tracks.mov', *tracks, '-c:a', 'pcm_s16le'),
                 encode(self.folder / 'film.flv', *under(40), 'flv', '-c:a', 'mp3'),
                 encode(self.folder / 'film.mp4', *under(90), 'mpeg4', '-c:a', 'aac'),
                 encode(self.folder / 'film.mov', *under(90), 'mpeg4', '-c:a', 'pcm_s16le'),
                 encode(self.folder / 'late.avi', *late, '-c:a', 'mp3'),
                 encode(self.folder / 'ms.avi', '-i', CLIP, '-c:a', 'adpcm_ms'),
                 encode(self.folder / 'ima.avi', '-i', CLIP, '-c:a', 'adpcm_ima_wav', '-ar', '8000')]
        pipe = encode(self.folder / 'pipe.aiff', '-i', CLIP)
        content = bytearray(pipe.read_bytes())
        for at in (4, content.index(b'SSND') + 4):
            content[at:at + 4] = (0x7f000008).to_bytes(4, 'big')
        pipe.write_bytes(content)
        for line in self.lines('--track', '2', *files[:2]) + self.lines(*files[2:], pipe):
            with self.subTest(line['file']):
                self.assertIn('what your country can do for you', line['text'])
                if 'film' in line['file']:
                    self.assertAlmostEqual(line['duration'], 11, delta=0.3)


if __name__ == '__main__':
    unittest.main(verbosity=2)
