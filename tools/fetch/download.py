# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files from the web whose size and digest are known before: gone on with where they broke off, and checked."""

import collections
import hashlib
import os
import re

from places import CHUNK, Failure
from web import Broken, Patience, Refused, blocks

# `algorithm`: sha256, or git: of the blob, as Git names it.
File = collections.namedtuple('File', 'name size algorithm digest')


def sizeOf(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def startAnew(path, progress):
    progress.add(-sizeOf(path))
    path.unlink(missing_ok=True)


def checkAnswer(response, file):
    if 'html' in response.headers.get('Content-Type', ''):
        raise Failure(f'a web page is sent for {file.name}; does the network ask for a login?')
    length = response.headers.get('Content-Length')
    if response.status == 200 and length not in (None, str(file.size)):
        raise Failure(f'{file.name} is sent with {length} bytes, but the hub states {file.size}')


def receive(client, url, path, file, progress):
    """Adds to `path` what one connection brings. Raises Broken where that is not all."""
    have = sizeOf(path)
    try:
        response = client.open(url, {'Range': f'bytes={have}-'} if have else {})
    except Refused as refused:
        if refused.status != 416:
            raise
        startAnew(path, progress)
        raise Broken(f'{file.name} does not go on at byte {have}') from refused
    with response:
        if response.status == 206:
            # The servers that keep contents have entity tags of their own, so that If-Range has none to ask for: the digest tells.
            part = re.fullmatch(r'bytes (\d+)-\d+/(\d+|\*)', response.headers.get('Content-Range', ''))
            if not part or int(part[1]) != have or part[2] not in ('*', str(file.size)):
                startAnew(path, progress)
                raise Broken(f'{file.name} does not go on at byte {have}')
        elif response.status != 200:
            raise Broken(f'{file.name} is answered with status {response.status}')
        elif have:
            startAnew(path, progress)
            have = 0
        checkAnswer(response, file)
        with open(path, 'ab') as out:
            for block in blocks(response, CHUNK):
                have += len(block)
                if have > file.size:
                    raise Failure(f'{file.name} has more than the {file.size} bytes that the hub states')
                out.write(block)
                progress.add(len(block))
            out.flush()
            os.fsync(out.fileno())
    if have < file.size:
        raise Broken('the connection broke off')


def complete(client, url, path, file, progress):
    """Adds to `path` what it lacks."""
    patience = Patience(connected=True)
    path.touch()
    while (have := sizeOf(path)) < file.size:
        try:
            receive(client, url, path, file, progress)
        except Broken as broken:
            if sizeOf(path) - have >= CHUNK:
                patience.renew()
            patience.wait(broken)


def digests(path):
    """By algorithm."""
    sha256, git = hashlib.sha256(), hashlib.sha1(b'blob %d\0' % sizeOf(path), usedforsecurity=False)
    with open(path, 'rb') as content:
        while block := content.read(CHUNK):
            sha256.update(block)
            git.update(block)
    return {'sha256': sha256.hexdigest(), 'git': git.hexdigest()}


def download(client, url, path, file, progress):
    """Makes `path` the file, from what is there of it; returns its SHA-256. Nothing with another size or digest stays."""
    before = sizeOf(path)
    complete(client, url, path, file, progress)
    found = digests(path)
    if found[file.algorithm] != file.digest and before:  # what was there may have been damaged, or too much
        startAnew(path, progress)
        complete(client, url, path, file, progress)
        found = digests(path)
    if found[file.algorithm] != file.digest:
        path.unlink()
        raise Failure(f'{file.name} has the digest {found[file.algorithm]}, but the hub states {file.digest}; it was not installed')
    return found['sha256']
