# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the first fetch of a model got, kept beside the model: repository, revision, and of each file size and SHA-256."""

import json
import os

from download import sizeOf
from hub import isHex
from places import Failure, beside


def pathFor(model):
    return model.with_name(model.name + '.json')


def read(model):
    """The record of the model at this path; None where there is none."""
    try:
        record = json.loads(pathFor(model).read_text(encoding='utf-8'))
        sound = isHex(record['revision'], 40) and all(isinstance(file['size'], int) and isHex(file['sha256'], 64)
                                                      for file in record['files'].values())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise Failure(f'{pathFor(model)} is damaged; remove it, and start again')
    return record


def write(model, listing, files):
    new = beside(model, 'record')
    with open(new, 'w', encoding='utf-8') as out:
        json.dump({'repository': listing.repository, 'revision': listing.revision, 'files': files}, out, indent=2)
        out.write('\n')
        out.flush()
        os.fsync(out.fileno())
    new.rename(pathFor(model))


def isComplete(model, record):
    """A quick look at a folder, or at the only file: contents were checked before they got their name."""
    def isThere(path, file):
        return path.is_file() and sizeOf(path) == file['size']
    if record is None:
        return False
    if model.is_file():
        return [isThere(model, file) for file in record['files'].values()] == [True]
    return all(isThere(model / name, file) for name, file in record['files'].items())
