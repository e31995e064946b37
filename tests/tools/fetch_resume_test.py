#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/fetch-model where the way is long: connections that break off, busy servers, interruptions, full disks, and what is said meanwhile."""

import io
import signal
import time
import unittest

from fetch_case import WEIGHTS, FetchHub
from model_hub import cut, listing, sha256, status
from progress import Progress


class Resuming(FetchHub):
    def breakOff(self, size=2_000_000):
        """A fetch that is interrupted with `size` bytes of the weights here."""
        def fault(handler, content):
            handler.send(content, size)
            handler.wfile.flush()
            time.sleep(60)
        self.hub.order('/store/', fault)
        process = self.start('whisper-tiny')
        partial = self.cache / f'.whisper-tiny.partial/model.bin.{sha256(WEIGHTS)[:16]}'
        end = time.monotonic() + 60
        while time.monotonic() < end and not (partial.exists() and partial.stat().st_size >= size - (1 << 16)):
            time.sleep(0.02)
        return process, partial

    def test_connection_that_breaks_off(self):
        for limit in (1_500_000, 2_000_000):
            self.hub.order('/store/', cut(limit))
        self.hub.order('/api/', status(200, {'Content-Length': '1000'}, b'{"sha": '))
        error = self.assertFetches()
        self.assertEqual(error.count('broke off; trying again'), 3)
        ranges = [headers['Range'] for path, headers in self.hub.requests if '/store/' in path]
        self.assertEqual(ranges, [None, 'bytes=1500000-', 'bytes=3500000-'])

    def test_connection_that_never_brings_anything(self):
        self.hub.order('/store/', cut(0), times=100)
        self.assertRefused('broke off', '6 times')
        self.assertEqual(len(self.hub.paths('/store/')), 6)

    def test_patience_begins_anew_with_what_arrives(self):
        for limit in (0, 0, 0, 0, 1_500_000, 0, 0, 0, 0):
            self.hub.order('/store/', cut(limit))
        self.assertEqual(self.assertFetches().count('trying again'), 9)

    def test_what_is_left_of_other_content_goes(self):
        partial = self.cache / '.whisper-tiny.partial'
        (partial / 'model').mkdir(parents=True)
        (partial / 'model/model.bin').write_text('old')
        (partial / 'model.bin.0123456789abcdef').write_text('old')
        self.hub.order('/store/', status(404))
        self.assertRefused('has no model')
        self.assertEqual([path.name for path in partial.iterdir()], [f'model.bin.{sha256(WEIGHTS)[:16]}'])

    def test_interrupted_and_started_again(self):
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            process, partial = self.breakOff()
            process.send_signal(how)
            _, error = process.communicate(timeout=30)
            self.assertEqual(process.returncode, -9 if how == signal.SIGKILL else 130)
            self.assertNotIn('Traceback', error)
            self.assertFalse((self.cache / 'whisper-tiny').exists())
            have = partial.stat().st_size
            self.assertGreater(have, 1_900_000)
            self.assertIn('are here', self.assertFetches())
            self.assertEqual(self.hub.requests[-1 - 3][1]['Range'], f'bytes={have}-')
            for path in (self.cache / 'whisper-tiny').iterdir():
                path.unlink()
            (self.cache / 'whisper-tiny').rmdir()

    def test_damage_in_what_was_there(self):
        process, partial = self.breakOff()
        process.kill()
        process.communicate()
        with open(partial, 'r+b') as content:
            content.write(b'damage')
        self.assertFetches()

    def test_more_there_than_there_should_be(self):
        process, partial = self.breakOff()
        process.kill()
        process.communicate()
        partial.write_bytes(WEIGHTS + b'more')
        self.assertFetches()

    def test_servers_that_do_not_go_on(self):
        ignoring = status(200, {'Content-Type': 'application/octet-stream'}, WEIGHTS)
        elsewhere = status(206, {'Content-Range': f'bytes 7-{len(WEIGHTS) - 1}/{len(WEIGHTS)}'}, WEIGHTS[7:])
        for fault in (ignoring, status(416), elsewhere, status(206, {}, WEIGHTS)):
            self.hub.order('/store/', cut(1_500_000))
            self.hub.order('/store/', fault)
            self.assertFetches('owner/tiny')
            (self.cache / 'owner/tiny/model.bin').unlink()

    def test_servers_that_are_busy(self):
        self.hub.order('/api/', status(429, {'Retry-After': '1'}))
        self.hub.order('/api/', status(503, {'Retry-After': 'Wed, 21 Oct 2015 07:28:00 GMT'}))
        self.hub.order('/store/', status(500))
        self.hub.order('/store/', status(504, {'Retry-After': 'soon'}))
        start = time.monotonic()
        error = self.assertFetches()
        self.assertGreaterEqual(time.monotonic() - start, 1)
        for code in (429, 503, 500, 504):
            self.assertIn(f'answers {code}; trying again', error)
        self.hub.order('/api/', status(429, {'Retry-After': '3600'}))
        self.assertRefused('answers 429', '60 minutes', name='owner/tiny')
        self.hub.order('/api/', status(429, {'RateLimit': '"api";r=0;t=1200'}))
        self.assertRefused('answers 429', '20 minutes', name='owner/tiny')
        self.hub.order('/api/', status(502), times=100)
        self.assertRefused('answers 502, 6 times', name='owner/tiny')

    def test_two_at_once_fetch_once(self):
        process, _ = self.breakOff()
        second = self.start('whisper-tiny')
        self.assertIn('another process', second.stderr.readline())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        _, error = second.communicate(timeout=60)
        self.assertEqual(second.returncode, 0, error)
        self.assertInstalled()

    def test_full_disk(self):
        partial = self.cache / '.whisper-tiny.partial'
        partial.mkdir(parents=True)
        (partial / f'model.bin.{sha256(WEIGHTS)[:16]}').symlink_to('/dev/full')
        code, _, error = self.run_('whisper-tiny')
        self.assertEqual(code, 1)
        self.assertIn('the disk is full', error)

    def test_says_how_much_room_it_needs(self):
        def grow(answer):
            answer['siblings'][0]['lfs']['size'] = 10**18
            return answer
        self.hub.order('/api/', listing(grow))
        self.assertRefused('are needed', str(self.cache))
        self.assertEqual(self.hub.paths('/store/'), [])


class Counting(unittest.TestCase):
    class Stream(io.StringIO):
        terminal = False

        def isatty(self):
            return self.terminal

    def test_lines_now_and_then(self):
        stream, now = self.Stream(), [0]
        progress = Progress(200_000_000, 100_000_000, stream, lambda: now[0])
        for second in range(1, 50):
            now[0] = second
            progress.add(1_000_000)
        self.assertEqual(stream.getvalue().splitlines(), [
            f'fetch-model: {have} of 200 MB, 1.0 MB/s, 1:{left} left' for have, left in ((115, 25), (130, 10))] + [
            'fetch-model: 145 of 200 MB, 1.0 MB/s, 0:55 left'])

    def test_one_line_on_a_terminal(self):
        stream, now = self.Stream(), [0]
        stream.terminal = True
        progress = Progress(200_000_000, 0, stream, lambda: now[0])
        for size in (50_000_000, 50_000_000, -100_000_000):
            now[0] += 1
            progress.add(size)
        shown = stream.getvalue().split('\r')
        self.assertEqual([line.strip() for line in shown[1:]],
                         ['50 of 200 MB, 50.0 MB/s, 0:03 left', '100 of 200 MB, 50.0 MB/s, 0:02 left', '0 of 200 MB, 0.0 MB/s'])
        self.assertEqual({len(line) for line in shown[1:]}, {50})


if __name__ == '__main__':
    unittest.main()
