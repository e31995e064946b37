# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models of the model hub: those that hub.tsv names, any repository, and any one file. What was fetched is recorded beside the model."""

import collections
import csv
import re
import shutil

import record
from choice import chooseFile, chooseModel
from download import download, sizeOf
from hub import Hub, isHex
from places import Failure, beside, checkRoom, locked, megabytes, putInPlace, say
from progress import Progress
from web import Refused

# `revision` is None where none is asked for; `weights`: the SHA-256 of model.bin, None where it is not known. `file`: the only one that is
# wanted, or None.
Model = collections.namedtuple('Model', 'name repository revision weights megabytes licence languages file', defaults=(None,) * 5)
REPOSITORY = re.compile(r'((?=\w)[\w.-]+/(?=\w)[\w.-]+)(?:@((?=\w)[\w.-]+))?(?:/((?=\w)[\w.-]+\.bin))?', re.ASCII)


def readTable(path):
    """The models by name."""
    with open(path, newline='', encoding='utf-8') as table:
        rows = list(csv.reader((line for line in table if not line.startswith('#')), delimiter='\t'))
    return {name: Model(name, repository, revision, None if weights == '-' else weights, int(size), licence, languages)
            for name, repository, revision, size, weights, licence, languages in rows}


def parse(text):
    """The model that OWNER/NAME, OWNER/NAME@REVISION, or one of these with /FILE.bin stands for, or None."""
    match = REPOSITORY.fullmatch(text)
    if not match or '..' in text:
        return None
    repository, revision, file = match.groups()
    return Model(text, repository, revision, file=file)


def checkStated(model, listing, files, first, path):
    """What the hub states now against what is known of the model; returns the SHA-256 that are known, by name."""
    known = {'model.bin': (model.weights, 'fetch-model knows')} if model.weights else {}
    if first and first['revision'] == listing.revision:
        known |= {name: (file['sha256'], f'{record.pathFor(path)} has of the first fetch') for name, file in first['files'].items()}
    for file in files:
        digest, whose = known.get(file.name, (file.digest, ''))
        if file.algorithm == 'sha256' and file.digest != digest:
            raise Failure(f'the hub states the SHA-256 {file.digest} for {file.name} of {listing.repository}, another than {digest}, '
                          f'which {whose}; it was not fetched')
    return {name: digest for name, (digest, _) in known.items()}


def partialPath(partial, file):
    """Named by its digest: what is there of another content is not gone on with."""
    return partial / f'{file.name}.{file.digest[:16]}'


def transfer(hub, listing, files, known, partial):
    """Fetches into `partial`; returns where the files are, and what to record of them, by name."""
    partial.mkdir(exist_ok=True)
    paths = {file.name: partialPath(partial, file) for file in files}
    for other in set(partial.iterdir()) - set(paths.values()):
        shutil.rmtree(other) if other.is_dir() else other.unlink()
    total, have = sum(file.size for file in files), sum(map(sizeOf, paths.values()))
    checkRoom(partial, total - have)
    say(f'fetching {listing.repository} at {listing.revision[:12]} ({megabytes(total)}{f", {megabytes(have)} are here" if have else ""})')
    progress, recorded = Progress(total, have), {}
    for file in files:
        try:
            sha256 = download(hub.client, hub.address(listing, file), paths[file.name], file, progress)
        except Refused as refused:
            raise Failure(f'{file.name}: {hub.explain(refused, listing.repository, listing.revision)}') from refused
        if sha256 != known.get(file.name, sha256):
            raise Failure(f'{file.name} has the SHA-256 {sha256}, the first fetch had {known[file.name]}; it was not installed')
        recorded[file.name] = {'size': file.size, 'sha256': sha256}
    return paths, recorded


def gather(paths, folder):
    """The files in a folder."""
    folder.mkdir()
    for name, path in paths.items():
        path.rename(folder / name)
    return folder


def fetch(model, cache):
    """Makes sure that the model is in `cache`, whole; a fetch that broke off goes on where it was."""
    path = cache / model.name
    if record.isComplete(path, record.read(path)):
        return
    with locked(path, model.name):
        first = record.read(path)
        if record.isComplete(path, first):
            return
        if path.exists() and not first:
            raise Failure(f'{path} is there, but fetch-model did not fetch it; rename or remove it first')
        hub = Hub()
        revision = model.revision if isHex(model.revision, 40) else (first or {}).get('revision') or model.revision or 'main'
        listing = hub.list(model.repository, revision)
        files = [chooseFile(listing, model.file)] if model.file else chooseModel(listing)
        known = checkStated(model, listing, files, first, path)
        partial = beside(path, 'partial')
        paths, recorded = transfer(hub, listing, files, known, partial)
        content = paths[model.file] if model.file else gather(paths, partial / 'model')
        record.write(path, listing, recorded)
        putInPlace(content, path)
        shutil.rmtree(partial, ignore_errors=True)
        say(f'{model.name} is in {path}')
