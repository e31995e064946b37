#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/transcribe's program, end to end: the words of the example clip, in every format, from every kind of file."""

import json
import re
import unittest
import wave

from harness import CLIP, CLIP_SECONDS, CLIP_TEXT, TestCase, launch, transcribe, wordErrors, words

# A recogniser may hear "Americans, ask" and "Americans ask", but hardly another word of this clip.
MAX_ERRORS = 2


def srtTime(text):
    hours, minutes, seconds, ms = map(int, re.fullmatch(r'(\d\d+):(\d\d):(\d\d)[,.](\d\d\d)', text).groups())
    return (hours * 60 + minutes) * 60 + seconds + ms / 1000


def cues(text):
    """Cues of SubRip or WebVTT: (start, end, text)."""
    found = []
    for block in text.strip().split('\n\n'):
        lines = block.split('\n')
        at = next((i for i, line in enumerate(lines) if ' --> ' in line), None)
        if at is not None:
            start, end = lines[at].split(' --> ')
            found.append((srtTime(start), srtTime(end), ' '.join(lines[at + 1:])))
    return found


class Formats(TestCase):
    def setUp(self):
        super().setUp()
        self.needModel()

    def run_(self, *arguments):
        run = transcribe('--language', 'en', *arguments)
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        return run.stdout

    def assertCues(self, found):
        self.assertGreater(len(found), 0)
        for (start, end, text), following in zip(found, found[1:] + [(CLIP_SECONDS + 0.5,)]):
            self.assertLess(start, end)
            self.assertLessEqual(start, following[0])
            self.assertTrue(text.strip())
        self.assertLessEqual(wordErrors(' '.join(text for _, _, text in found), CLIP_TEXT), MAX_ERRORS)

    def test_text(self):
        text = self.run_(CLIP)
        self.assertLessEqual(wordErrors(text, CLIP_TEXT), MAX_ERRORS)
        self.assertTrue(text.endswith('\n'))

    def test_json(self):
        output = self.run_('--format', 'json', '--threads', '2', '--device', 'cpu', CLIP)
        self.assertEqual(output.count('\n'), 1)
        line = json.loads(output)
        self.assertEqual(list(line), ['file', 'language', 'duration', 'text', 'segments', 'device', 'model', 'timing'])
        self.assertEqual((line['file'], line['language'], line['device']), (str(CLIP), 'en', 'cpu'))
        self.assertIn('whisper-base', line['model'])
        self.assertAlmostEqual(line['duration'], CLIP_SECONDS, delta=0.01)
        self.assertLessEqual(wordErrors(line['text'], CLIP_TEXT), MAX_ERRORS)
        self.assertEqual(' '.join(segment['text'] for segment in line['segments']), line['text'])
        previous = 0
        for segment in line['segments']:
            self.assertEqual(list(segment), ['start', 'end', 'text', 'words'])
            self.assertEqual(words(' '.join(word['text'] for word in segment['words'])), words(segment['text']))
            self.assertEqual(segment['start'], segment['words'][0]['start'])
            self.assertEqual(segment['end'], segment['words'][-1]['end'])
            for word in segment['words']:
                self.assertEqual(list(word), ['start', 'end', 'text', 'probability'])
                self.assertLessEqual(previous, word['start'])
                self.assertLess(word['start'], word['end'])
                self.assertLessEqual(word['end'], CLIP_SECONDS + 0.02)
                self.assertGreater(word['probability'], 0)
                self.assertLessEqual(word['probability'], 1)
                self.assertEqual(word['text'], word['text'].strip())
                previous = word['start']
        timing = line['timing']
        self.assertEqual(list(timing), ['load', 'wall', 'speed'])
        self.assertGreater(timing['load'], 0)
        self.assertGreater(timing['wall'], timing['load'])
        self.assertGreater(timing['speed'], 0)

    def test_word_times(self):
        # Where the recording's waveform has these words, between pauses.
        line = json.loads(self.run_('--format', 'json', CLIP))
        found = [word for segment in line['segments'] for word in segment['words']]
        for text, time in [('ask', 3.45), ('not', 4.15), ('what', 5.45), ('ask', 8.3)]:
            said = [word for word in found if word['start'] <= time <= word['end']]
            self.assertIn([text], [words(word['text']) for word in said], (time, line['segments']))

    def test_few_words(self):
        # 2 s of speech, of which few rows of padding alone make "do", and that nobody speaks.
        whole, end = self.folder / 'whole.wav', self.folder / 'end.wav'
        launch(f'filesrc location={CLIP} ! flacparse ! flacdec ! audioconvert ! audioresample ! '
               f'audio/x-raw,format=S16LE,rate=16000,channels=1 ! wavenc ! filesink location={whole}')
        with wave.open(str(whole)) as source, wave.open(str(end), 'wb') as target:
            target.setparams(source.getparams())
            source.setpos(9 * source.getframerate())
            target.writeframes(source.readframes(2 * source.getframerate()))
        self.assertLessEqual(wordErrors(self.run_(end), 'can do for your country'), 1)

    def test_srt(self):
        text = self.run_('--format', 'srt', CLIP)
        self.assertCues(cues(text))
        numbers = [block.split('\n')[0] for block in text.strip().split('\n\n')]
        self.assertEqual(numbers, [str(i + 1) for i in range(len(numbers))])

    def test_vtt(self):
        text = self.run_('--format', 'vtt', CLIP)
        self.assertTrue(text.startswith('WEBVTT\n\n'))
        self.assertCues(cues(text))

    def test_several_inputs_in_order(self):
        other = self.folder / 'other.wav'
        launch(f'filesrc location={CLIP} ! flacparse ! flacdec ! wavenc ! filesink location={other}')
        files = [str(CLIP), str(other)] * 6
        lines = [json.loads(line) for line in self.run_('--format', 'json', *files).splitlines()]
        self.assertEqual([line['file'] for line in lines], files)
        self.assertEqual({line['text'] for line in lines}, {lines[0]['text']})

    def test_output_file(self):
        file = self.folder / 'out.srt'
        file.write_text('old')
        self.assertEqual(self.run_('--format', 'srt', '--output', file, CLIP), '')
        self.assertCues(cues(file.read_text()))
        self.assertEqual([entry.name for entry in self.folder.iterdir()], ['out.srt'])

    def test_full_disk(self):
        run = transcribe('--output', '/dev/full', CLIP)
        self.assertComplains(run, '/dev/full', 'No space left')
        with open('/dev/full', 'w') as full:
            import subprocess
            from harness import BUILD, ENVIRONMENT
            run = subprocess.run([BUILD / 'examples/transcribe/npuspeech-transcribe', CLIP], stdout=full,
                                 stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, timeout=60)
        run.stdout = ''
        self.assertComplains(run, 'standard output', 'No space left')

    def test_rates_channels_and_containers(self):
        source = f'filesrc location={CLIP} ! flacparse ! flacdec ! audioconvert ! audioresample !'
        kinds = {
            'telephone.wav': 'audio/x-raw,rate=8000 ! mulawenc ! wavenc !',
            'studio.wav': 'audio/x-raw,rate=96000,channels=6,format=F64LE,channel-mask=(bitmask)0x3f ! wavenc !',
            'music.ogg': 'audio/x-raw,rate=44100,channels=2 ! vorbisenc ! oggmux !',
            'film.mkv': 'vorbisenc ! queue ! m. videotestsrc num-buffers=330 ! '
                        'video/x-raw,width=64,height=48,framerate=30/1 ! vp8enc deadline=1 ! queue ! matroskamux name=m !',
        }
        for name, encoder in kinds.items():
            with self.subTest(name):
                file = self.folder / name
                launch(source, encoder, f'filesink location={file}')
                line = json.loads(self.run_('--format', 'json', file))
                self.assertAlmostEqual(line['duration'], CLIP_SECONDS, delta=0.1)
                self.assertLessEqual(wordErrors(line['text'], CLIP_TEXT), 2 * MAX_ERRORS, line['text'])

    def test_uri_and_strange_names(self):
        name = self.folder / 'a b#c%20ü.flac'
        name.write_bytes(CLIP.read_bytes())
        output = self.run_('--format', 'json', name, CLIP.as_uri())
        self.assertEqual([json.loads(line)['file'] for line in output.splitlines()], [str(name), CLIP.as_uri()])

    def test_silence_says_nothing(self):
        file = self.folder / 'silence.wav'
        launch(f'audiotestsrc wave=silence num-buffers=400 ! audio/x-raw,rate=16000 ! wavenc ! filesink location={file}')
        for arguments, output in [((), ''), (('--format', 'srt'), ''), (('--format', 'vtt'), 'WEBVTT\n\n')]:
            run = transcribe(*arguments, file)
            self.assertComplains(run, file, 'No words in 25.6 s of sound', 'silence', status=0)
            self.assertEqual(run.stdout, output)
        self.assertEqual(json.loads(transcribe('--format', 'json', file).stdout)['segments'], [])


if __name__ == '__main__':
    unittest.main(verbosity=2)
