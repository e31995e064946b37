# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much has arrived, counted on a terminal."""

import contextlib
import sys
import threading

from places import megabytes


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
