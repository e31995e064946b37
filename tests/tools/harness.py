# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the end-to-end tests share: the program of this build, the model, and recordings made from the example."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.environ['NPUSPEECH_SOURCE_ROOT'])
BUILD = pathlib.Path(os.environ['NPUSPEECH_BUILD_ROOT'])
PROGRAM = BUILD / 'examples/transcribe/npuspeech-transcribe'
CLIP = ROOT / 'examples/media/jfk.flac'
CLIP_SECONDS = 11.0
CLIP_TEXT = ('and so my fellow americans ask not what your country can do for you '
             'ask what you can do for your country')
CACHE = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'npuspeech/models'
MODEL = CACHE / 'whisper-base'
# A sanitizer's build is many times slower.
PATIENCE = float(os.environ.get('NPUSPEECH_TEST_PATIENCE', '1'))

ENVIRONMENT = {**os.environ, 'GST_PLUGIN_PATH': str(BUILD / 'gst'),
               'GST_REGISTRY': str(BUILD / 'gstreamer-registry.bin')}


def transcribe(*arguments, seconds=60, env=None):
    """Runs the program; a signal or a time-out fails the test."""
    run = subprocess.run([PROGRAM, *arguments], capture_output=True,
                         text=True, env=env or ENVIRONMENT, timeout=seconds * PATIENCE)
    assert run.returncode >= 0, f'signal {-run.returncode}: {run.stderr}'
    return run


def stampBuild():
    """Says that this build is up to date, as tools/transcribe does behind a build of its own."""
    stamp = BUILD / f'.transcribe.{os.getpid()}'
    stamp.write_text(f'{ROOT}\n')
    stamp.replace(BUILD / '.transcribe')  # other tests may be reading it


def launch(*pipeline):
    """Makes a file with gst-launch-1.0; skips where an element is missing."""
    run = subprocess.run(['gst-launch-1.0', '-q', *' '.join(pipeline).split()], capture_output=True, text=True,
                         timeout=60 * PATIENCE)
    if run.returncode:
        raise unittest.SkipTest(f'gst-launch-1.0: {run.stderr.strip()}')


def encode(file, *arguments):
    """Makes a file with ffmpeg; skips where that, or an encoder, is missing."""
    try:
        run = subprocess.run(['ffmpeg', '-v', 'error', '-y', *map(str, arguments), file], capture_output=True, text=True,
                             stdin=subprocess.DEVNULL, timeout=60 * PATIENCE)
    except FileNotFoundError:
        raise unittest.SkipTest('no ffmpeg')
    if run.returncode:
        raise unittest.SkipTest(f'ffmpeg: {run.stderr.strip()}')
    return file


def words(text):
    return re.sub(r"[^\w' ]", ' ', text.lower()).split()


def wordErrors(text, reference):
    """Words to be replaced, added or removed."""
    said, expected = words(text), words(reference)
    row = list(range(len(expected) + 1))
    for i, word in enumerate(said, 1):
        previous, row = row, [i]
        for j, other in enumerate(expected, 1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (word != other)))
    return row[-1]


class TestCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def needModel(self):
        for name in ('whisper-base', 'silero-vad'):
            if not (CACHE / name).is_dir():
                self.skipTest(f'no model {name}: tools/fetch-model {name}')

    def needPlugin(self):
        """For programs of others, which cannot load a plugin that was built with a sanitizer."""
        if b'__asan_init' in (BUILD / 'gst/libgstnpuspeech.so').read_bytes():
            self.skipTest('built with a sanitizer: only programs of this build can load the plugin')

    def assertComplains(self, run, *parts, status=1, lines=1):
        """The exit status, nothing that is no transcript on stdout, and readable lines on stderr."""
        self.assertEqual(run.returncode, status, run.stderr)
        self.assertEqual(run.stderr.count('\n'), lines, run.stderr)
        for part in parts:
            self.assertIn(str(part), run.stderr)
        for noise in ('CRITICAL', 'WARNING **', 'terminate called', 'Assertion'):
            self.assertNotIn(noise, run.stderr)


class Inputs(TestCase):
    """Recordings as people have them, which the program reads together."""

    def setUp(self):
        super().setUp()
        self.needModel()

    def lines(self, *arguments, errors=''):
        """What each input said; `errors` is a pattern of all that stands on stderr."""
        run = transcribe('--language', 'en', '--format', 'json', *arguments)
        self.assertRegex(run.stderr, re.compile(f'^{errors}$', re.S))
        self.assertEqual(run.returncode, 0)
        return [json.loads(line) for line in run.stdout.splitlines()]

    def join(self, name, *parts):
        file = self.folder / name
        file.write_bytes(b''.join(part.read_bytes() for part in parts))
        return file
