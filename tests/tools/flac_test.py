#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/transcribe's program with FLAC of which bits are wrong: words from behind each, at their times."""

import json
import unittest

from harness import CLIP, CLIP_TEXT, ENVIRONMENT, Inputs, encode, transcribe, wordErrors

MAX_ERRORS = 4
STREAM_INFO = 8  # the offset, behind the marker and the block's head
ID3V2, ID3V1 = b'ID3\x04\0\0\0\0\x02\x00' + bytes(256), b'TAG' + bytes(125)


def wordsOf(line):
    return [word for segment in line['segments'] for word in segment['words']]


def withWrongBits(content, every=4096, begin=3000):
    content = bytearray(content)
    for at in range(begin, len(content), every):
        content[at] ^= 1
    return bytes(content)


def checksum(content, bits, polynomial):
    rest = 0
    for byte in content:
        rest ^= byte << (bits - 8)
        for _ in range(8):
            rest = (rest << 1 ^ (polynomial if rest >> (bits - 1) else 0)) & ((1 << bits) - 1)
    return rest.to_bytes(bits // 8, 'big')


class Flac(Inputs):
    def whole(self, *how):
        return encode(self.folder / 'whole.flac', '-i', CLIP, *how)

    def file(self, name, content):
        file = self.folder / name
        file.write_bytes(content)
        return file

    def assertWords(self, line, lastEnd=10.4, text=CLIP_TEXT, maxErrors=MAX_ERRORS):
        with self.subTest(line['file']):
            words = wordsOf(line)
            self.assertLessEqual(wordErrors(line['text'], text), maxErrors, line['text'])
            self.assertAlmostEqual(words[-1]['end'], lastEnd, delta=0.5)
            starts = [word['start'] for word in words]
            self.assertEqual(starts, sorted(starts))

    def assertTimes(self, line, whole, maxErrors=MAX_ERRORS):
        """The last words are where they are in the whole file."""
        with self.subTest(line['file']):
            self.assertLessEqual(wordErrors(line['text'], CLIP_TEXT), maxErrors, line['text'])
            behind = wordsOf(line)[-8:]
            for word, other in zip(reversed(behind), reversed(wordsOf(whole))):
                self.assertAlmostEqual(word['start'], other['start'], delta=0.3, msg=line['text'])

    def test_wrong_bits(self):
        """One, many, between tags, and in a part of a joined file."""
        whole = self.whole().read_bytes()
        wrong = withWrongBits(whole)
        once = bytearray(whole)
        once[len(once) // 2] ^= 1
        lines = self.lines(CLIP, self.file('once.flac', once), self.file('wrong.flac', wrong),
                           self.file('tags.flac', ID3V2 + wrong + ID3V1), self.file('joined.flac', wrong + whole))
        for line in lines[:-1]:
            self.assertWords(line)
            self.assertTimes(line, lines[0])
            self.assertAlmostEqual(line['duration'], 11, delta=0.1)
        self.assertWords(lines[-1], lastEnd=21.4, text=CLIP_TEXT + ' ' + CLIP_TEXT, maxErrors=2 * MAX_ERRORS)

    def test_frames_that_nothing_can_be_made_of(self):
        """Times are right behind each, and the line says how much they were."""
        whole = self.whole('-ar', '44100', '-ac', '2')
        content = whole.read_bytes()
        middle = len(content) // 2
        hole = content[:middle] + bytes(40000) + content[middle + 40000:]
        files = [self.file('wrong.flac', withWrongBits(content, begin=9000)), self.file('hole.flac', hole)]
        expected = self.lines(whole)[0]
        for environment in (ENVIRONMENT, {**ENVIRONMENT, 'PATH': ''}):
            run = transcribe('--language', 'en', '--format', 'json', *files, env=environment)
            self.assertComplains(run, *(f'{file}: is damaged: ' for file in files), ' of 11.0 s could not be read', lines=2)
            for line in map(json.loads, run.stdout.splitlines()):
                self.assertTimes(line, expected, maxErrors=12)
                self.assertAlmostEqual(line['duration'], 11, delta=0.1)

    def test_more_than_the_decoder_puts_up_with(self):
        file = self.whole('-ar', '44100', '-ac', '2')
        content = file.read_bytes()
        begin, end = len(content) // 5, len(content) // 2
        file.write_bytes(content[:begin] + withWrongBits(content[begin:end], every=256, begin=0) + content[end:])
        run = transcribe('--language', 'en', '--format', 'json', file, env={**ENVIRONMENT, 'PATH': ''})
        self.assertComplains(run, file, 'is damaged: ', ' of 11.0 s could not be read; ffmpeg, once installed, may read more')
        run = transcribe('--language', 'en', '--format', 'json', file)
        self.assertComplains(run, file, 'is damaged: ', ' of 11.0 s could not be read')
        line = json.loads(run.stdout)
        self.assertIn('you can do for your country', line['text'])
        self.assertAlmostEqual(wordsOf(line)[-1]['end'], 10.4, delta=0.3)

    def test_cut_is_said_once(self):
        whole = self.whole().read_bytes()
        part = whole[:len(whole) * 2 // 3]
        files = [self.file('cut.flac', part), self.file('both.flac', withWrongBits(part)),
                 self.file('tag.flac', ID3V2 + part)]
        run = transcribe('--language', 'en', *files)
        self.assertComplains(run, *(f'{file}: is cut short: it holds ' for file in files), lines=3)
        self.assertEqual(run.stderr.count(' of 11.0 s\n'), 3)

    def test_sizes_that_no_frame_has(self):
        """Of the smallest frame, and of all: what the header says is believed by nobody."""
        original = self.whole().read_bytes()

        def withSizes(at, content):
            whole = bytearray(original)
            whole[STREAM_INFO + at:STREAM_INFO + at + len(content)] = content
            return bytes(whole)
        smallest = withSizes(4, b'\x01\x01\x01')
        for line in self.lines(self.file('smallest.flac', smallest), self.file('block.flac', withSizes(0, b'\xff' * 4)),
                               self.file('wrong.flac', withWrongBits(smallest))):
            self.assertWords(line)
            self.assertAlmostEqual(line['duration'], 11, delta=0.1)

    def test_frames_of_many_sizes(self):
        """They count samples, and GStreamer's parser knows no times."""
        whole = self.whole()
        content = whole.read_bytes()
        frames = [at for at in range(8000, len(content)) if content[at:at + 2] == b'\xff\xf8' and self.frameHead(content, at)]
        out = bytearray(content[:frames[0]])
        out[STREAM_INFO:STREAM_INFO + 2] = (256).to_bytes(2, 'big')
        for begin, end in zip(frames, [*frames[1:], len(content)]):
            head = self.frameHead(content, begin)
            coded = chr(frames.index(begin) * 1152).encode('utf-8', 'surrogatepass')
            new = b'\xff\xf9' + content[begin + 2:begin + 4] + coded + head[1]
            frame = new + checksum(new, 8, 0x07) + content[begin + head[0]:end - 2]
            out += frame + checksum(frame, 16, 0x8005)
        lines = self.lines(whole, self.file('many.flac', out), self.file('wrong.flac', withWrongBits(out, begin=9000)))
        for line in lines[1:]:
            self.assertTimes(line, lines[0])

    def frameHead(self, content, at):
        """How long it is with its checksum, and what stands in front of that, behind the number; none where it is none."""
        number = 1 if content[at + 4] < 0x80 else 2 if content[at + 4] < 0xe0 else 3
        more = {6: 1, 7: 2}.get(content[at + 2] >> 4, 0) + {12: 1, 13: 2, 14: 2}.get(content[at + 2] & 15, 0)
        end = at + 4 + number + more
        if checksum(content[at:end], 8, 0x07) != content[end:end + 1]:
            return None
        return end + 1 - at, content[end - more:end]


if __name__ == '__main__':
    unittest.main(verbosity=2)
