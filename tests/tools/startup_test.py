#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the scripts of tools/ are started: by links, from anywhere, in an environment with little in it; and what they build."""

import json
import os
import pathlib
import pwd
import re
import subprocess
import unittest

from harness import BUILD, CACHE, CLIP, CLIP_TEXT, PATIENCE, ROOT, TestCase, stampBuild, wordErrors

PATH = os.environ['PATH']
SCRIPTS = ('tools/transcribe', 'tools/test', 'tools/fetch-model')


class Startup(TestCase):
    def setUp(self):
        super().setUp()
        stampBuild()

    def run_(self, *command, environment=None, **options):
        """With nothing in the environment but what is said, and what tells sanitizers how to work."""
        sanitizers = {name: value for name, value in os.environ.items() if name.endswith('SAN_OPTIONS')}
        variables = {'PATH': PATH, 'NPUSPEECH_BUILD': str(BUILD), 'HOME': os.environ.get('HOME', '/'), **sanitizers,
                     **(environment or {})}
        return subprocess.run(command, capture_output=True, text=True, timeout=60 * PATIENCE, check=False,
                              env={name: value for name, value in variables.items() if value is not None},
                              **{'cwd': self.folder, **options})

    def assertHelps(self, run):
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        self.assertIn('usage', run.stdout.lower())

    def test_links(self):
        (self.folder / 'bin dir').mkdir()
        for script in SCRIPTS:
            link = self.folder / 'bin dir' / pathlib.Path(script).name
            link.symlink_to(ROOT / script)
            (self.folder / 'again').symlink_to(link)
            for start in (link, self.folder / 'again'):
                self.assertHelps(self.run_(start, '--help'))
            (self.folder / 'again').unlink()
            self.assertHelps(self.run_(link.name, '--help', environment={'PATH': f'{link.parent}:{PATH}'}))
        (self.folder / 'check').symlink_to(ROOT / 'tools/check-layers')
        self.assertRegex(self.run_(self.folder / 'check').stdout, r'\d\d+ files')

    def test_by_the_shell(self):
        for folder, script in ((ROOT / 'tools', 'transcribe'), (ROOT, 'tools/transcribe'), (ROOT, 'tools/test')):
            self.assertHelps(self.run_('bash', script, '--help', cwd=folder))

    def test_a_folder_of_that_name_elsewhere(self):
        (self.folder / 'tools').mkdir()
        for script in SCRIPTS:
            self.assertHelps(self.run_(script, '--help', cwd=ROOT, environment={'CDPATH': str(self.folder)}))

    def test_a_folder_that_is_gone(self):
        gone = self.folder / 'gone'
        gone.mkdir()
        run = self.run_('sh', '-c', 'rmdir "$PWD"; exec "$@"', 'sh', ROOT / 'tools/transcribe', '--help', cwd=gone)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_build_named_from_here(self):
        self.assertHelps(self.run_(ROOT / 'tools/transcribe', '--help', environment={'NPUSPEECH_BUILD': BUILD.name},
                                   cwd=BUILD.parent))

    def test_no_home(self):
        home = pathlib.Path(pwd.getpwuid(os.getuid()).pw_dir)
        if CACHE != home / '.cache/npuspeech/models':
            self.skipTest('the models are not in the cache of this user')
        self.needModel()
        for home in (None, ''):
            for cache in (None, 'not/absolute'):
                run = self.run_(ROOT / 'tools/transcribe', '--language', 'en', CLIP,
                                environment={'HOME': home, 'XDG_CACHE_HOME': cache})
                self.assertEqual((run.returncode, run.stderr), (0, ''))
                self.assertLessEqual(wordErrors(run.stdout, CLIP_TEXT), 2)
        run = self.run_(ROOT / 'tools/fetch-model', '--list', environment={'HOME': None})
        self.assertEqual((run.returncode, run.stderr), (0, ''))

    def test_a_cache_that_takes_nothing(self):
        run = self.run_(ROOT / 'tools/transcribe', CLIP, environment={'XDG_CACHE_HOME': '/dev/null'})
        self.assertEqual(run.returncode, 1)
        self.assertIn('/dev/null', run.stderr)
        self.assertNotIn('Traceback', run.stderr)

    def test_names_of_any_kind(self):
        self.needModel()
        names = ['a:b.flac', 'http:x', 'c d\n.flac', '-dash.flac', '100%25 #?.flac', '[x,y].flac', '{z}', 'mic', '--live', '--']
        for name in [*names, b'\xff\xfe.flac'.decode(errors='surrogateescape')]:
            (self.folder / name).symlink_to(CLIP)
        files = ['./' + name if name.startswith('--') else name for name in names]
        run = self.run_(ROOT / 'tools/transcribe', '--language', 'en', '--format', 'json', '--output', '-dash: out\n', '--',
                        *files, b'\xff\xfe.flac', environment={'XDG_CACHE_HOME': str(CACHE.parent.parent)})
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, '', ''))
        lines = [json.loads(line) for line in (self.folder / '-dash: out\n').read_text().splitlines()]
        self.assertEqual([line['file'] for line in lines], [*files, '\ufffd\ufffd.flac'])
        for line in lines:
            self.assertLessEqual(wordErrors(line['text'], CLIP_TEXT), 2)

    def test_recording_on_standard_input(self):
        """What the script itself starts must not read it."""
        self.needModel()
        with CLIP.open('rb') as clip:
            run = self.run_(ROOT / 'tools/transcribe', '--language', 'en', '-', stdin=clip,
                            environment={'XDG_CACHE_HOME': str(CACHE.parent.parent)})
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        self.assertLessEqual(wordErrors(run.stdout, CLIP_TEXT), 2)


class Builds(TestCase):
    def test_what_the_documents_name(self):
        """A newcomer's first command builds the programs of docs/live.md: asked for here are ninja's targets."""
        tools = self.folder / 'bin'
        tools.mkdir()
        for name in ('meson', 'ninja'):
            (tools / name).write_text('#!/bin/sh\ncat >"$LOG.stdin"; echo "$0 $*" >>"$LOG"\n')
            (tools / name).chmod(0o755)
        log = self.folder / 'log'
        run = subprocess.run([ROOT / 'tools/transcribe', '--help'], capture_output=True, text=True, input='a recording',
                             env={'PATH': f'{tools}:{PATH}', 'NPUSPEECH_BUILD': str(self.folder / 'build'), 'LOG': str(log),
                                  'XDG_CACHE_HOME': str(CACHE.parent.parent)}, timeout=60 * PATIENCE, check=False)
        if not log.exists():
            self.skipTest(run.stderr)
        targets = re.search(r'/ninja -C \S+ (.*)', log.read_text())[1].split()
        page = (ROOT / 'docs/live.md').read_text() + (ROOT / 'README.md').read_text()
        programs = set(re.findall(r'\bbuild/(examples/\S+)', page)) - {'examples`.'}
        self.assertGreaterEqual(len(programs), 3)
        self.assertLessEqual(programs, set(targets))
        for target in targets:
            self.assertTrue((BUILD / target).exists(), target)
        self.assertEqual(pathlib.Path(f'{log}.stdin').read_text(), '')


if __name__ == '__main__':
    unittest.main(verbosity=2)
