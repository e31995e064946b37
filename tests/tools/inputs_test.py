#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/transcribe's program with recordings as people have them: of several parts, with several tracks, with a picture
that begins earlier, cut."""

import json
import re
import unittest

from harness import CLIP, CLIP_TEXT, Inputs, encode, transcribe, wordErrors

MAX_ERRORS = 2
PICTURE = ('-f', 'lavfi', '-i', 'testsrc=s=64x48:r=10:d=16')


class Parts(Inputs):
    def assertTwice(self, line):
        """All words of both parts, at times that go on."""
        self.assertLessEqual(wordErrors(line['text'], CLIP_TEXT + ' ' + CLIP_TEXT), 2 * MAX_ERRORS, line['file'])
        self.assertAlmostEqual(line['duration'], 22, delta=1, msg=line['file'])
        starts = [word['start'] for segment in line['segments'] for word in segment['words']]
        self.assertEqual(starts, sorted(starts), line['file'])
        self.assertGreater(starts[len(starts) // 2], 10, line['file'])

    def test_streams_one_after_the_other(self):
        vorbis = encode(self.folder / 'a.ogg', '-i', CLIP, '-c:a', 'libvorbis')
        opus = encode(self.folder / 'b.ogg', '-i', CLIP, '-c:a', 'libopus')
        near = encode(self.folder / 'a.ts', '-i', CLIP, '-c:a', 'aac')
        far = encode(self.folder / 'b.ts', '-i', CLIP, '-c:a', 'aac', '-output_ts_offset', '100')
        mono = encode(self.folder / 'a.mp3', '-i', CLIP, '-ar', '44100')
        stereo = encode(self.folder / 'b.mp3', '-i', CLIP, '-ar', '22050', '-ac', '2')
        adts = encode(self.folder / 'a.aac', '-i', CLIP, '-ar', '44100')
        flac = encode(self.folder / 'a.flac', '-i', CLIP)
        # The parts of the last two: times go back to 0; the same stream again.
        files = [self.join('chained.ogg', vorbis, opus), self.join('jumps.ts', near, far),
                 self.join('back.ts', far, near), self.join('joined.mp3', mono, stereo),
                 self.join('joined.aac', adts, adts), self.join('joined.flac', flac, flac),
                 self.join('again.ogg', opus, opus)]
        for line in self.lines(*files):
            with self.subTest(line['file']):
                self.assertTwice(line)

    def test_channels_that_change(self):
        def parts(kind, *how):
            return [encode(self.folder / f'{channels}.{kind}', '-i', CLIP, '-ar', '48000', '-ac', channels, *how)
                    for channels in (6, 2, 1)]

        surround, stereo, mono = parts('ac3')
        files = [self.join('fewer.ac3', surround, stereo), self.join('one.ac3', surround, mono), self.join('more.ac3', mono, surround)]
        surround, stereo, mono = parts('dts', '-c:a', 'dca', '-strict', '-2', '-b:a', '1000k')
        files += [self.join('fewer.dts', surround, stereo), self.join('one.dts', surround, mono)]
        surround, _, mono = parts('ts', '-c:a', 'ac3')
        files.append(self.join('one.ts', surround, mono))
        for line in self.lines(*files):
            with self.subTest(line['file']):
                self.assertTwice(line)

    def test_timestamps_that_go_back(self):
        files = [encode(self.folder / f'{codec}.wav', '-i', CLIP, '-c:a', codec) for codec in ('adpcm_ms', 'adpcm_ima_wav')]
        for line in self.lines(*files):
            with self.subTest(line['file']):
                self.assertLessEqual(wordErrors(line['text'], CLIP_TEXT), MAX_ERRORS)
                self.assertAlmostEqual(line['duration'], 11, delta=0.2)
                self.assertGreater(line['segments'][-1]['end'], 10)


class Tracks(Inputs):
    def film(self, name, default):
        """The clip in English, and 4 s of it in what calls itself German, in front."""
        tracks = ('-t', '4', '-i', CLIP, '-i', CLIP, '-map', '0', '-map', '1', '-map', '2', '-c:v', 'mpeg4', '-c:a', 'aac')
        languages = ('-metadata:s:a:0', 'language=ger', '-metadata:s:a:1', 'language=eng')
        return encode(self.folder / name, *PICTURE, *tracks, *languages, '-disposition:a:0', '0' if default else 'default',
                      '-disposition:a:1', 'default' if default else '0')

    def heard(self, *arguments, errors=''):
        return len(self.lines(*arguments, errors=errors)[0]['text'].split())

    def test_default_track(self):
        note = r'transcribe: \S*two.mkv: has 2 sound tracks: 1 \(de\), 2 \(en, default\); heard is 2[^\n]*\n'
        self.assertGreater(self.heard(self.film('two.mkv', True), errors=note), 15)
        note = r'transcribe: \S*two.mkv: has 2 sound tracks: 1 \(de, default\), 2 \(en\); heard is 1[^\n]*\n'
        self.assertLess(self.heard(self.film('two.mkv', False), errors=note), 10)

    def test_track_that_is_asked_for(self):
        for name in ('two.mp4', 'two.mkv', 'two.ts'):
            file = self.film(name, False)
            for track in ('2', 'en', 'eng'):
                with self.subTest(name, track=track):
                    self.assertGreater(self.heard('--track', track, file), 15)

    def test_track_that_is_not_there(self):
        file = self.film('two.mkv', True)
        for track in ('3', '0', 'fr'):
            with self.subTest(track):
                self.assertComplains(transcribe('--track', track, file), '2 sound tracks: 1 (de), 2 (en, default)', track)

    def test_track_without_decoder(self):
        file = self.film('two.mkv', False)
        # Nobody decodes this codec.
        content = file.read_bytes()
        at = content.index(b'A_AAC')
        file.write_bytes(content[:at] + b'A_XYZ' + content[at + 5:])
        note = r'transcribe: [^\n]* 1 \(de, default, no decoder for [^\n]*\), 2 \(en\); heard is 2[^\n]*\n'
        self.assertGreater(self.heard(file, errors=note), 15)


class Times(Inputs):
    def test_times_count_from_the_first_frame(self):
        late = (*PICTURE, '-itsoffset', '5', '-i', CLIP, '-map', '0', '-map', '1')
        shift = ('-copyts', '-itsoffset', '10', *PICTURE, '-itsoffset', '15', '-i', CLIP, '-map', '0', '-map', '1')
        files = [encode(self.folder / 'late.mp4', *late, '-c:v', 'mpeg4'),
                 encode(self.folder / 'late.mkv', *late, '-c:v', 'mpeg4', '-c:a', 'libopus'),
                 encode(self.folder / 'late.ts', *late, '-r', '25', '-c:v', 'mpeg2video', '-c:a', 'mp2'),
                 encode(self.folder / 'late.flv', *late, '-c:v', 'flv1', '-c:a', 'mp3', '-ar', '44100'),
                 encode(self.folder / 'shifted.mkv', *shift, '-c:v', 'mpeg4', '-c:a', 'libopus')]
        for line in self.lines(*files):
            with self.subTest(line['file']):
                self.assertLessEqual(wordErrors(line['text'], CLIP_TEXT), MAX_ERRORS)
                self.assertAlmostEqual(line['segments'][0]['start'], 5.02, delta=0.1)
                self.assertAlmostEqual(line['duration'], 16, delta=0.1)

    def test_broadcast_stream_begins_at_0(self):
        # Several packets of Opus stand in one unit of the stream, which has one time.
        files = [encode(self.folder / f'{codec}.ts', '-i', CLIP, '-c:a', codec) for codec in ('aac', 'libopus')]
        for line in self.lines(*files):
            with self.subTest(line['file']):
                self.assertLess(line['segments'][0]['start'], 0.2)
                self.assertAlmostEqual(line['segments'][-1]['end'], 10.7, delta=0.4)
        content = files[1].read_bytes()
        files[1].write_bytes(content[:len(content) * 55 // 100])
        run = transcribe('--language', 'en', '--format', 'json', files[1])
        self.assertComplains(run, 'cut short')
        self.assertLess(json.loads(run.stdout)['segments'][0]['start'], 0.2)


class Formats(Inputs):
    def test_latm(self):
        # One frame in 20 says how they all are coded.
        files = [encode(self.folder / 'a.latm', '-i', CLIP, '-c:a', 'aac', '-f', 'latm'),
                 encode(self.folder / 'a.ts', '-i', CLIP, '-c:a', 'aac', '-f', 'mpegts', '-mpegts_flags', 'latm'),
                 encode(self.folder / 'film.ts', *PICTURE, '-i', CLIP, '-map', '0', '-map', '1', '-c:v', 'mpeg2video', '-r', '25',
                        '-c:a', 'aac', '-mpegts_flags', 'latm')]
        for line in self.lines(*files):
            with self.subTest(line['file']):
                self.assertLessEqual(wordErrors(line['text'], CLIP_TEXT), MAX_ERRORS)
                self.assertLess(line['segments'][0]['start'], 0.3)


class Cut(Inputs):
    FILES = {
        'a.wav': (), 'b.wav': ('-rf64', 'always'), 'a.w64': (), 'a.aiff': (), 'a.au': (), 'a.flac': (),
        'xing.mp3': ('-ar', '44100', '-metadata', 'title=t', '-write_id3v1', '1'),
        'bare.mp3': ('-ar', '44100', '-write_xing', '0'), 'a.ogg': ('-c:a', 'libvorbis'), 'a.opus': ('-c:a', 'libopus'),
        'front.m4a': ('-movflags', 'faststart'), 'fragments.mp4': ('-c:a', 'aac', '-movflags', 'frag_keyframe+empty_moov'),
        'a.mka': ('-c:a', 'libopus'), 'live.webm': ('-c:a', 'libopus', '-f', 'webm', '-live', '1'), 'a.ts': ('-c:a', 'aac'),
        'a.aac': ('-ar', '44100'), 'a.avi': ('-c:a', 'mp3', '-ar', '44100'), 'a.flv': ('-c:a', 'mp3', '-ar', '44100'),
        'a.wma': ('-c:a', 'wmav2'), 'a.ac3': ('-ar', '48000'), 'a.mpg': ('-c:a', 'mp2', '-ar', '44100'),
        'a.tta': (), 'a.caf': (),
    }

    def test_cut_is_said_and_whole_is_not(self):
        whole = [encode(self.folder / name, '-t', '3', '-i', CLIP, *how) for name, how in self.FILES.items()]
        # Nothing more to say: neither of a film whose picture goes on, nor where the writer did not know the size.
        film = encode(self.folder / 'film.mp4', *PICTURE, '-t', '4', '-i', CLIP, '-c:v', 'mpeg4')
        piped = self.folder / 'piped.wav'
        content = (self.folder / 'a.wav').read_bytes()
        at = content.index(b'data') + 4
        piped.write_bytes(content[:4] + b'\xff' * 4 + content[8:at] + b'\xff' * 4 + content[at + 4:])
        for line in self.lines(*whole, film, piped):
            self.assertGreater(len(line['segments']), 0, line['file'])
        cut = []
        for file in whole:
            content = file.read_bytes()
            cut.append(self.folder / f'cut-{file.name}')
            cut[-1].write_bytes(content[:len(content) * 62 // 100 + 1])
        run = transcribe('--language', 'en', '--format', 'json', *cut)
        self.assertComplains(run, lines=len(cut))
        said = {line['file']: line for line in map(json.loads, run.stdout.splitlines())}
        for file in cut:
            with self.subTest(file.name):
                self.assertRegex(run.stderr, f'{re.escape(str(file))}: is cut short: it holds [12][.][0-9]')
                self.assertGreater(len(said[str(file)]['segments']), 0)

    def test_cut_before_the_index(self):
        file = encode(self.folder / 'a.m4a', '-i', CLIP, '-ar', '44100')
        file.write_bytes(file.read_bytes()[:50000])
        self.assertComplains(transcribe(file), file, 'cut short', 'moov')


class Headers(Inputs):
    def wave(self, name, offset=None, change=b'', more=b''):
        """The clip, with bytes behind the name of its format's chunk changed, and more behind its end."""
        content = bytearray(encode(self.folder / name, '-i', CLIP).read_bytes())
        if offset is not None:
            at = content.index(b'fmt ') + 8 + offset
            content[at:at + len(change)] = change
        (self.folder / name).write_bytes(content + more)
        return self.folder / name

    def test_what_cannot_be_is_not_believed(self):
        files = [self.wave(f'rate{rate}.wav', 8, rate.to_bytes(4, 'little')) for rate in (0, 1, 16000, 64000, 2**31 - 1)]
        files += [self.wave(f'block{block}.wav', 12, block.to_bytes(2, 'little')) for block in (0, 1, 3, 4, 65535)]
        files += [self.wave('bits24.wav', 14, b'\x18'), self.wave('bytes.wav', more=b'\0'), self.wave('heads.wav', more=bytes(100)),
                  self.wave('list.wav', more=b'LIST\4\0\0\0INFO***')]
        for line in self.lines(*files):
            with self.subTest(line['file']):
                self.assertLessEqual(wordErrors(line['text'], CLIP_TEXT), MAX_ERRORS)

    def test_decoders_that_read_files_themselves_are_linked_in_time(self):
        files = [encode(self.folder / f'{i}.w64', '-t', '3', '-i', CLIP) for i in range(20)]
        for line in self.lines(*files):
            self.assertTrue(line['text'].lower().startswith('and so my'), line)


if __name__ == '__main__':
    unittest.main(verbosity=2)
