# SPDX-License-Identifier: LGPL-2.1-or-later
"""The cache of models: where it is, one writer at a time, room on the disk; and what the user is told."""

import contextlib
import errno
import fcntl
import os
import pathlib
import pwd
import shutil
import sys

CHUNK = 1 << 20


class Failure(Exception):
    """What the user is told: one sentence."""


def say(text):
    overProgress = '\r\033[K' if sys.stderr.isatty() else ''
    print(f'{overProgress}fetch-model: {text}', file=sys.stderr, flush=True)


def megabytes(size):
    return f'{max(1, round(size / 1e6))} MB'


def cacheFolder():
    """As the engine has it: a relative XDG_CACHE_HOME counts as none, as its specification says."""
    folder = os.environ.get('XDG_CACHE_HOME', '')
    if os.path.isabs(folder):
        return pathlib.Path(folder)
    home = os.environ.get('HOME')
    if not home:
        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            home = '/'
    return pathlib.Path(home, '.cache')


def beside(folder, end):
    """A hidden name beside a model's folder, for its lock and for what is not finished."""
    return folder.with_name(f'.{folder.name}.{end}')


@contextlib.contextmanager
def locked(folder, name):
    """Holds a lock on a model's folder that ends with the process, however that ends."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(beside(folder, 'lock'), 'w', encoding='utf-8') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f'{name} is being fetched by another process; waiting for it')
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def checkRoom(folder, needed):
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Failure(f'{folder} has {megabytes(free)} free, but {megabytes(needed)} are needed')


def putInPlace(content, folder):
    """Gives a finished folder, or file, its name: under that there is all of a model or nothing."""
    old = beside(folder, 'old')
    shutil.rmtree(old, ignore_errors=True)
    if folder.is_dir():
        folder.rename(old)
    content.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def explain(failure, folder):
    """An error of the operating system in words."""
    full = failure.errno in (errno.ENOSPC, errno.EDQUOT)
    return f'{"the disk is full" if full else failure.strerror or failure}: {failure.filename or folder}'
