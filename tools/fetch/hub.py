# SPDX-License-Identifier: LGPL-2.1-or-later
"""The model hub: what files a repository has at a revision, with their digests, and where they are."""

import collections
import json
import os
import re
import urllib.parse

from download import File
from places import Failure
from web import Broken, Client, Patience, Refused, blocks, checkAddress, clean

ENDPOINT = 'https://huggingface.co'  # or a mirror that HF_ENDPOINT names
LONGEST_LISTING = 32 << 20

Listing = collections.namedtuple('Listing', 'repository revision files')  # files: File by name


def isHex(value, length):
    return isinstance(value, str) and re.fullmatch(f'[0-9a-f]{{{length}}}', value) is not None


class Hub:
    def __init__(self):
        self.endpoint = (os.environ.get('HF_ENDPOINT') or ENDPOINT).rstrip('/')
        plain = self.endpoint.startswith('http://')
        checkAddress(self.endpoint, plain)
        self.host = urllib.parse.urlsplit(self.endpoint).netloc
        token = os.environ.get('HF_TOKEN', '').strip()
        if not re.fullmatch('[!-~]*', token):
            raise Failure('HF_TOKEN holds what no token has; set it to one from the settings of your account, or unset it')
        self.client = Client(plain, token)

    def address(self, listing, file):
        return f'{self.endpoint}/{listing.repository}/resolve/{listing.revision}/{urllib.parse.quote(file.name)}'

    def explain(self, refused, repository, revision):
        """What a refusal means."""
        page = f'{self.endpoint}/{repository}'
        if refused.code == 'GatedRepo':
            return f'{page} asks for its terms to be accepted: do so there, and set HF_TOKEN to a token of that account'
        if refused.code == 'RevisionNotFound':
            return f'{page} has no revision {revision}'
        if refused.status == 401 and self.client.token and refused.code != 'RepoNotFound':
            return f'{self.host} does not take the token in HF_TOKEN ({refused})'
        if refused.status in (401, 404):
            private = 'the token in HF_TOKEN cannot read it' if self.client.token else 'it is private, and HF_TOKEN is not set'
            return f'{self.host} has no model {repository}, or {private}'
        return f'{self.host} does not give {repository} ({refused})'

    def read(self, path):
        """An answer in JSON."""
        patience = Patience(connected=False)
        while True:
            try:
                with self.client.open(self.endpoint + path, {'Accept': 'application/json'}) as response:
                    content = b''
                    for block in blocks(response, 1 << 16):
                        content += block
                        if len(content) > LONGEST_LISTING:
                            raise Failure(f'{self.host} answers without end')
                    if len(content) < int(response.headers.get('Content-Length') or 0):
                        raise Broken('the connection broke off')
                return json.loads(content)
            except Broken as broken:
                patience.wait(broken)
            except (ValueError, RecursionError) as reason:
                raise Failure(f'{self.host} does not answer as a model hub does; does the network ask for a login, is HF_ENDPOINT '
                              'right?') from reason

    def list(self, repository, revision):
        """The files of a repository at a branch, a tag or a commit."""
        path = f'/api/models/{repository}/revision/{urllib.parse.quote(revision, safe="")}?blobs=true'
        try:
            answer = self.read(path)
        except Refused as refused:
            raise Failure(self.explain(refused, repository, revision)) from refused
        try:
            commit, entries = answer['sha'], answer['siblings']
            files = [self.file(entry) for entry in entries]
        except (KeyError, TypeError, AttributeError) as reason:
            raise Failure(f'{self.host} lists {repository} in another way than expected ({type(reason).__name__}: {clean(str(reason))})') from reason
        if not isHex(commit, 40) or (isHex(revision, 40) and commit != revision):
            raise Failure(f'{self.host} answers for revision {clean(str(commit))} of {repository}, asked for was {revision}')
        return Listing(repository, commit, {file.name: file for file in files if file})

    @staticmethod
    def file(entry):
        """Nothing, where size or digest are not stated."""
        large = entry.get('lfs')
        size, algorithm, digest = (large['size'], 'sha256', large['sha256']) if large else (entry.get('size'), 'git', entry.get('blobId'))
        whole = isinstance(size, int) and size >= 0 and isHex(digest, 64 if large else 40)
        return File(str(entry['rfilename']), size, algorithm, digest) if whole else None
