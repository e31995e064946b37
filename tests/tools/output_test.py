#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/transcribe's program and files that are there already: whatever happens, they are whole, or as they were."""

import os
import pty
import signal
import stat
import subprocess
import unittest

from harness import CLIP, CLIP_TEXT, ENVIRONMENT, PATIENCE, PROGRAM, TestCase, transcribe, wordErrors

OLD = 'what was said before\n'


class Refusals(TestCase):
    """Nothing is begun that would destroy what is no transcript."""

    def setUp(self):
        super().setUp()
        self.recording = self.folder / 'a.flac'
        self.recording.write_bytes(CLIP.read_bytes())

    def assertRefused(self, *arguments, **options):
        run = subprocess.run([PROGRAM, *arguments], stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, cwd=self.folder,
                             timeout=20 * PATIENCE, check=False, **{'stdout': subprocess.PIPE, **options})
        self.assertComplains(run, 'not overwritten', status=2)
        self.assertEqual(self.recording.read_bytes(), CLIP.read_bytes())

    def test_output_is_an_input(self):
        os.link(self.recording, self.folder / 'hard.flac')
        (self.folder / 'soft.flac').symlink_to('a.flac')
        (self.folder / 'again.flac').symlink_to('soft.flac')
        text = self.folder / 'list.m3u8'
        text.write_text('a.flac\n')
        for output, read in [('a.flac', 'a.flac'), ('a.flac', './a.flac'), ('./a.flac', self.recording), ('hard.flac', 'a.flac'),
                             ('soft.flac', 'a.flac'), ('again.flac', 'a.flac'), ('a.flac', 'again.flac'),
                             ('a.flac', self.recording.as_uri()), (text, text)]:
            with self.subTest(output=str(output), read=str(read)):
                self.assertRefused('--output', output, CLIP, read)
        self.assertEqual(text.read_text(), 'a.flac\n')

    def test_output_is_another_recording(self):
        self.assertRefused('--output', 'a.flac', CLIP)  # as the shell makes it of --output *.flac
        self.assertRefused('--live', '--output', 'a.flac', CLIP)
        (self.folder / 'talk.txt').symlink_to('a.flac')
        self.assertRefused('--output', 'talk.txt', CLIP)
        for head in (b'#!AMR\n\x3c\x08\x00', b'RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0', b'\xff\xf1\x50\x80\x00', b'ID3\x04\x00', bytes(100)):
            (self.folder / 'other').write_bytes(head)
            self.assertRefused('--output', 'other', CLIP)
            self.assertEqual((self.folder / 'other').read_bytes(), head)

    def test_standard_output_is_an_input(self):
        with self.recording.open('ab') as appended:
            self.assertRefused('a.flac', stdout=appended)
            self.assertRefused('--output', '/dev/stdout', 'a.flac', stdout=appended)

    def test_no_name(self):
        self.assertComplains(transcribe('--output', '', CLIP), '--output', status=2)


class FileCase(TestCase):
    def setUp(self):
        super().setUp()
        self.needModel()
        self.file = self.folder / 'out.txt'

    def assertTranscript(self, file=None):
        self.assertLessEqual(wordErrors((file or self.file).read_text(), CLIP_TEXT), 2)

    def assertNothingElse(self, *names):
        self.assertEqual(sorted(entry.name for entry in self.folder.iterdir()), sorted(names or ['out.txt']))

    def run_(self, *arguments, **options):
        return subprocess.run([PROGRAM, '--language', 'en', *arguments], text=True, env=ENVIRONMENT, timeout=60 * PATIENCE,
                              check=False, **{'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **options})

    def write(self, *arguments, **options):
        run = self.run_('--output', *(arguments or (self.file,)), CLIP, **options)
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, '', ''))


class Files(FileCase):
    def test_full_disk(self):
        # A file system of three pages, in a namespace of its own: one of the old text, the others filled.
        script = ('mount -t tmpfs -o size=12k none "$0" && printf "%s\n" "$1" >"$0/out.txt" && ! cat /dev/zero >"$0/full" || exit 77\n'
                  'shift; "$@"; status=$?; cat "$0/out.txt"; ls "$0"; exit $status')
        alone = ['unshare', '--user', '--map-root-user', '--mount']
        trial = subprocess.run([*alone, 'true'], capture_output=True, text=True, check=False)
        if trial.returncode != 0:
            self.skipTest(f'no namespace can be had, as in a chroot: {trial.stderr}')
        for arguments in ((), ('--live',)):
            run = subprocess.run([*alone, 'sh', '-c', script, self.folder, OLD.strip(), PROGRAM, *arguments, '--output',
                                  self.file, CLIP], capture_output=True, text=True, env=ENVIRONMENT, timeout=60 * PATIENCE, check=False)
            if run.returncode not in (0, 1):
                self.skipTest(f'no file system can be mounted: {run.stderr}')
            run.stderr = ''.join(line for line in run.stderr.splitlines(True) if not line.startswith('cat:'))
            self.assertComplains(run, 'out.txt', 'No space left')
            self.assertEqual(run.stdout.splitlines()[:3], [OLD.strip(), 'full', 'out.txt'])

    def test_mode(self):
        self.write(self.file, preexec_fn=lambda: os.umask(0o027))
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o640)
        for mode in (0o600, 0o664):
            self.file.write_text(OLD)
            self.file.chmod(mode)
            self.write()
            self.assertTranscript()
            self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), mode)
        self.assertNothingElse()

    def test_owner(self):
        if os.geteuid() != 0:
            self.skipTest('only root may give files away')
        self.file.write_text(OLD)
        os.chown(self.file, 12345, 23456)
        self.write()
        self.assertTranscript()
        self.assertEqual((self.file.stat().st_uid, self.file.stat().st_gid), (12345, 23456))

    def test_links(self):
        (self.folder / 'far').mkdir()
        target = self.folder / 'far/target.txt'
        self.file.symlink_to('far/target.txt')
        for content in (None, OLD):
            if content:
                target.write_text(content)
            self.write()
            self.assertTrue(self.file.is_symlink())
            self.assertTranscript(target)
        self.assertEqual([entry.name for entry in target.parent.iterdir()], ['target.txt'])
        (self.folder / 'loop').symlink_to('loop')
        self.assertComplains(self.run_('--output', self.folder / 'loop', CLIP), 'loop', 'Too many levels')

    def test_long_name(self):
        file = self.folder / ('n' * 255)
        self.write(file)
        self.assertTranscript(file)
        self.write(file)
        self.assertNothingElse(file.name)

    def test_streams(self):
        for name in ('-', '/dev/stdout', '/dev/fd/1'):
            with self.file.open('w') as out:
                run = self.run_('--output', name, CLIP, stdout=out, cwd=self.folder)
            self.assertEqual((run.returncode, run.stderr), (0, ''))
            self.assertTranscript()
        self.assertNothingElse()
        os.mkfifo(self.folder / 'fifo')
        reader = subprocess.Popen(['cat', self.folder / 'fifo'], stdout=subprocess.PIPE, text=True)
        self.write(self.folder / 'fifo')
        self.assertLessEqual(wordErrors(reader.communicate(timeout=20)[0], CLIP_TEXT), 2)
        self.assertTrue(stat.S_ISFIFO((self.folder / 'fifo').stat().st_mode))
        self.assertComplains(self.run_('--output', self.folder, CLIP), 'Is a directory')

    def test_nothing_done(self):
        """A run that has no transcript has nothing to put in the place of an old one."""
        self.file.write_text(OLD)
        for arguments in ((self.folder / 'none.wav',), (CLIP, '--model', self.folder / 'none')):
            self.assertComplains(self.run_('--output', self.file, *arguments), 'none')
            self.assertEqual(self.file.read_text(), OLD)
            self.assertNothingElse()
        self.file.unlink()
        self.assertComplains(self.run_('--output', self.file, self.folder / 'none.wav'), 'none.wav')
        self.assertEqual(list(self.folder.iterdir()), [])


class Signals(FileCase):
    """The first input is done, the last is a pipe on which nothing more comes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup ignores it for all that it starts

    def start(self, *arguments, **options):
        pipe = self.folder / 'pipe'
        if not pipe.exists():
            os.mkfifo(pipe)
            self.addCleanup(os.close, os.open(pipe, os.O_RDWR))
        process = subprocess.Popen([PROGRAM, '--language', 'en', *arguments, pipe], text=True,
                                   **{'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'env': ENVIRONMENT, **options})
        self.addCleanup(process.__exit__, None, None, None)
        self.addCleanup(process.kill)
        return process

    def startOnFile(self):
        # What is not there is told behind what is done.
        process = self.start('--output', self.file, CLIP, self.folder / 'none.wav')
        self.assertIn('none.wav', process.stderr.readline())
        return process

    def test_finished_inputs_are_kept(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            with self.subTest(number):
                self.file.write_text(OLD)
                process = self.startOnFile()
                self.assertEqual(self.file.read_text(), OLD)
                process.send_signal(number)
                self.assertEqual((process.wait(10 * PATIENCE), process.stderr.read()), (status, ''))
                self.assertTranscript()
                self.assertNothingElse('out.txt', 'pipe')

    def test_nothing_finished(self):
        self.file.write_text(OLD)
        process = self.start('--output', self.file, self.folder / 'none.wav')
        self.assertIn('none.wav', process.stderr.readline())
        process.send_signal(signal.SIGTERM)
        self.assertEqual((process.wait(10 * PATIENCE), process.stderr.read()), (143, ''))
        self.assertEqual(self.file.read_text(), OLD)
        self.assertNothingElse('out.txt', 'pipe')

    def test_killed(self):
        self.file.write_text(OLD)
        process = self.startOnFile()
        process.kill()
        process.wait()
        self.assertEqual(self.file.read_text(), OLD)
        self.assertNothingElse('out.txt', 'pipe')

    def test_ignored_signals_stay_ignored(self):
        def nohup():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        process = self.start(CLIP, preexec_fn=nohup)
        process.send_signal(signal.SIGHUP)
        self.assertTrue(process.stdout.readline().startswith('And so'))
        process.send_signal(signal.SIGINT)
        self.assertEqual((process.wait(10 * PATIENCE), process.stderr.read()), (130, ''))

    def test_live(self):
        for number, status in ((signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            with self.subTest(number):
                self.file.write_text(OLD)
                process = subprocess.Popen([PROGRAM, '--live', '--language', 'en', '--output', self.file, CLIP], text=True,
                                           stderr=subprocess.PIPE, env=ENVIRONMENT)
                self.addCleanup(process.__exit__, None, None, None)
                self.addCleanup(process.kill)
                part = self.folder / 'out.txt.part'
                while not (part.exists() and part.read_text()) and process.poll() is None:
                    pass
                process.send_signal(number)
                self.assertEqual((process.wait(20 * PATIENCE), process.stderr.read()), (status, ''))
                self.assertTrue(self.file.read_text().startswith('And so'))
                self.assertNothingElse()

    def test_terminal_is_left_clean(self):
        try:
            master, terminal = pty.openpty()
        except OSError as error:
            self.skipTest(f'no terminal can be had: {error}')
        self.addCleanup(os.close, master)
        process = self.start(CLIP, stdout=subprocess.PIPE, stderr=terminal, env={**ENVIRONMENT, 'TERM': 'xterm'})
        os.close(terminal)
        self.assertTrue(process.stdout.readline().startswith('And so'))
        screen = b''
        while b'pipe' not in screen:  # the last input's name beside the bar
            screen += os.read(master, 4096)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10 * PATIENCE), 130)
        os.set_blocking(master, False)
        try:
            while more := os.read(master, 4096):
                screen += more
        except OSError:  # all is read, or the other end is closed
            pass
        self.assertEqual(screen.split(b'\x1b[K')[-1], b'')

    def test_twice(self):
        process = self.start(CLIP)
        self.assertTrue(process.stdout.readline().startswith('And so'))
        process.send_signal(signal.SIGSTOP)  # so that both are there at once
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        self.assertIn(process.wait(10 * PATIENCE), (130, 143))
        self.assertEqual(process.stderr.read(), '')

    def test_reader_that_goes(self):
        for ignored in (signal.SIG_DFL, signal.SIG_IGN):
            process = self.start(CLIP, preexec_fn=lambda how=ignored: signal.signal(signal.SIGPIPE, how))
            process.stdout.close()
            self.assertEqual((process.wait(30 * PATIENCE), process.stderr.read()), (141, ''))


if __name__ == '__main__':
    unittest.main(verbosity=2)
