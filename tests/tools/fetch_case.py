# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of tools/fetch-model against a model hub share: the hub, a small model, and the tool in this process or as its own."""

import contextlib
import io
import json
import os
import pathlib
import runpy
import signal
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

from model_hub import Hub, sha256

FETCH = pathlib.Path(os.environ['NPUSPEECH_SOURCE_ROOT']) / 'tools/fetch'
sys.path.insert(0, str(FETCH))

import web  # noqa: E402

COMMIT, OTHER = '0123456789abcdef' * 2 + '01234567', 'f' * 40
WEIGHTS = bytes(range(256)) * 20000  # 5 MB
FILES = {'model.bin': WEIGHTS, 'config.json': b'{"alignment_heads": []}\n', 'vocabulary.txt': b'a\nb\n', 'tokenizer.json': b'{}',
         'README.md': b'# not needed', '.gitattributes': b'*.bin filter=lfs'}
WANTED = {'model.bin', 'config.json', 'vocabulary.txt', 'tokenizer.json'}
START = f'import sys; sys.path.insert(0, {str(FETCH)!r}); import runpy, web; web.PAUSES_S = (0,) * 5; ' \
        f'runpy.run_path({str(FETCH.parent / "fetch-model")!r}, run_name="__main__")'
TOOL = runpy.run_path(str(FETCH.parent / 'fetch-model'))


class FetchHub(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.cache = self.folder / 'cache/npuspeech/models'
        self.hub = Hub()
        self.addCleanup(self.hub.close)
        self.hub.repositories = {'owner/tiny': (COMMIT, dict(FILES))}
        (self.folder / 'tables').mkdir()
        (self.folder / 'tables/packages.tsv').write_text('# none\n')
        self.writeTable()

    def writeTable(self, revision=COMMIT, weights=sha256(WEIGHTS)):
        row = ('whisper-tiny', 'owner/tiny', revision, '5', weights, 'MIT', '99')
        (self.folder / 'tables/hub.tsv').write_text('# a comment\n' + '\t'.join(row) + '\n')

    def environment(self, changes):
        return {'HF_ENDPOINT': self.hub.front.address, 'XDG_CACHE_HOME': str(self.folder / 'cache'), 'no_proxy': '*',
                'PATH': os.environ['PATH'], **changes}

    def start(self, *arguments, **environment):
        """The tool as a process of its own, with no time between attempts."""
        return subprocess.Popen([sys.executable, '-c', START, '--tables', self.folder / 'tables', *arguments], text=True,
                                env=self.environment(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run_(self, *arguments, **environment):
        """The tool in this process, which is quicker: exit status, standard output, standard error."""
        out, error, before = io.StringIO(), io.StringIO(), signal.getsignal(signal.SIGTERM)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error), \
                unittest.mock.patch.dict(os.environ, self.environment(environment), clear=True), \
                unittest.mock.patch.object(web, 'PAUSES_S', (0,) * 5), \
                unittest.mock.patch.object(sys, 'argv', ['fetch-model', '--tables', str(self.folder / 'tables'), *arguments]):
            try:
                code = TOOL['main']()
            except SystemExit as end:
                code = end.code
            finally:
                signal.signal(signal.SIGTERM, before)
        return code, out.getvalue(), error.getvalue()

    def assertFetches(self, name='whisper-tiny', files=None, **environment):
        code, out, error = self.run_(name, **environment)
        self.assertEqual((code, out), (0, ''), error)
        self.assertInstalled(name, files)
        return error

    def assertInstalled(self, name='whisper-tiny', files=None):
        files = files or {file: FILES[file] for file in WANTED}
        folder = self.cache / name
        self.assertEqual({path.name: path.read_bytes() for path in folder.iterdir()}, files)
        self.assertEqual([path for path in folder.parent.glob('.*') if path.suffix != '.lock'], [])
        record = json.loads((folder.parent / f'{folder.name}.json').read_text())
        self.assertEqual(record['files'], {file: {'size': len(content), 'sha256': sha256(content)} for file, content in files.items()})

    def assertRefused(self, *parts, name='whisper-tiny', **environment):
        code, _, error = self.run_(name, **environment)
        self.assertEqual(code, 1, error)
        for part in parts:
            self.assertIn(part, error)
        self.assertTrue(error.endswith('.\n'), error)
        self.assertFalse((self.cache / name).exists())
        return error
