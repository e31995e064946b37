# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much has arrived: counted on a terminal, and a line now and then where standard error is a file."""

import contextlib
import sys
import threading
import time

from places import megabytes

LINE_EVERY_S = 15
REDRAW_EVERY_S = 0.2


class Progress:
    """Of `total` bytes, of which `have` were there before. `stream` and `clock` (seconds) come from outside for tests."""

    def __init__(self, total, have=0, stream=None, clock=time.monotonic):
        self.stream, self.clock = stream or sys.stderr, clock
        self.total, self.have, self.before = total, have, have
        self.start = self.last = clock()
        self.terminal = self.stream.isatty()

    def add(self, size):
        """`size` more bytes have arrived; less than none where some have to be fetched again."""
        self.have += size
        self.before = min(self.before, self.have)
        now = self.clock()
        if now - self.last >= (REDRAW_EVERY_S if self.terminal else LINE_EVERY_S):
            self.last = now
            self.show(now)

    def text(self, now):
        seconds = max(now - self.start, 1e-3)
        rate = (self.have - self.before) / seconds
        text = f'{self.have / 1e6:.0f} of {megabytes(self.total)}, {rate / 1e6:.1f} MB/s'
        if rate > 0 and seconds >= 1:  # sooner it says nothing
            minutes, seconds = divmod(round((self.total - self.have) / rate), 60)
            text += f', {minutes}:{seconds:02} left'
        return text

    def show(self, now):
        print(f'\r{self.text(now):<50}' if self.terminal else f'fetch-model: {self.text(now)}',
              end='' if self.terminal else '\n', file=self.stream, flush=True)


@contextlib.contextmanager
def arriving(folder):
    """Counts on a terminal what another program puts into `folder`."""
    done = threading.Event()

    def show():
        while not done.wait(0.5):
            arrived = 0
            for path in folder.rglob('*'):
                with contextlib.suppress(OSError):
                    arrived += path.stat().st_size if path.is_file() else 0
            print(f'\r{megabytes(arrived)} ', end='', file=sys.stderr, flush=True)
        print('\r' + ' ' * 16 + '\r', end='', file=sys.stderr, flush=True)

    thread = threading.Thread(target=show, daemon=True)
    if sys.stderr.isatty():
        thread.start()
    try:
        yield
    finally:
        done.set()
        if thread.is_alive():
            thread.join()
