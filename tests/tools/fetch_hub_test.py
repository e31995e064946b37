#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/fetch-model against a model hub of this test's own: what it asks for, and what it takes."""

import json
import os
import shutil
import ssl
import subprocess
import unittest

from fetch_case import COMMIT, FETCH, FILES, OTHER, WEIGHTS, FetchHub
from model_hub import Hub, blobId, listing, sha256, status

import packages
import published


class Protocol(FetchHub):
    def test_fetches_once_with_and_without_its_prefix(self):
        self.assertFetches()
        self.assertEqual(len(self.hub.paths('/api/')), 1)
        self.assertIn(f'/revision/{COMMIT}', self.hub.paths('/api/')[0])
        self.assertEqual(len(self.hub.paths('/resolve/')), 4)
        self.hub.close()
        for name in ('tiny', 'whisper-tiny'):
            self.assertEqual(self.run_(name), (0, '', ''))

    def test_any_repository(self):
        self.assertFetches('owner/tiny')
        self.assertIn('/revision/main', self.hub.paths('/api/')[0])
        self.assertEqual(json.loads((self.cache / 'owner/tiny.json').read_text())['revision'], COMMIT)
        self.assertFetches(f'owner/tiny@{COMMIT}')
        self.assertRefused('has no revision other', name='owner/tiny@other')
        _, out, _ = self.run_('--list')
        self.assertRegex(out, r'whisper-tiny +5 MB +MIT +99 languages +not fetched')
        self.assertRegex(out, rf'owner/tiny +5 MB +in {self.cache}/owner/tiny\n')

    def test_safetensors(self):
        whole = {'model.safetensors': WEIGHTS, 'config.json': b'{}', 'vocab.json': b'{}', 'merges.txt': b'', 'tokenizer.json': b'{"a": 1}',
                 'generation_config.json': b'{}', 'added_tokens.json': b'{}'}
        besides = {'pytorch_model.bin': b'p', 'flax_model.msgpack': b'f', 'model.safetensors.index.fp32.json': b'{}',
                   'model.fp32-00001-of-00002.safetensors': b's'}
        self.hub.repositories['owner/whole'] = (COMMIT, {**whole, **besides})
        self.assertFetches('owner/whole', whole)
        parts = {'model.safetensors.index.json': b'{}', 'model-00001-of-00002.safetensors': b'1', 'model-00002-of-00002.safetensors': b'2',
                 'config.json': b'{}', 'tokenizer.json': b'{}'}
        self.hub.repositories['owner/parts'] = (COMMIT, {**parts, **besides})
        self.assertFetches('owner/parts', parts)
        self.hub.repositories['owner/none'] = (COMMIT, besides)
        self.assertRefused('no model that the engine reads', name='owner/none')
        self.hub.repositories['owner/half'] = (COMMIT, {'model.bin': b'', 'config.json': b'{}'})
        self.assertRefused('no vocabulary.json or vocabulary.txt', name='owner/half')

    def test_one_file(self):
        ggml = b'lmgg' + WEIGHTS
        self.hub.repositories['owner/cpp'] = (COMMIT, {'ggml-small.bin': ggml, 'ggml-base.bin': WEIGHTS})
        self.assertRefused('owner/cpp/FILE.bin', name='owner/cpp')
        name = 'owner/cpp/ggml-small.bin'
        for _ in range(2):
            code, _, error = self.run_(name)
            self.assertEqual(code, 0, error)
            self.assertEqual((self.cache / name).read_bytes(), ggml)
            self.assertEqual({path.name for path in (self.cache / 'owner/cpp').iterdir()},
                             {'ggml-small.bin', 'ggml-small.bin.json', '.ggml-small.bin.lock'})
        self.assertEqual(len(self.hub.paths('/store/')), 1)
        os.truncate(self.cache / name, 7)
        self.assertEqual(self.run_(name)[0], 0)
        self.assertEqual((self.cache / name).read_bytes(), ggml)
        self.assertRegex(self.run_('--list')[1], rf'{name} +5 MB +in {self.cache}/{name}\n')
        self.assertRefused('has no ggml-huge.bin', name='owner/cpp/ggml-huge.bin')

    def test_renamed_repository(self):
        self.hub.repositories['newer/tiny'] = self.hub.repositories['owner/tiny']
        for part in ('/api/models/owner/tiny', *['/owner/tiny/resolve/'] * 4):
            self.hub.order(part, lambda handler, _: handler.answer(307, {'Location': handler.path.split('?')[0].replace('owner', 'newer')}))
        self.assertFetches(HF_TOKEN='hf_secret')
        self.assertEqual([path.split('?')[1] for path in self.hub.paths('/api/')], ['blobs=true'] * 2)
        self.assertEqual({headers['Authorization'] for path, headers in self.hub.requests if '/store/' not in path}, {'Bearer hf_secret'})

    def test_token_stays_with_its_host(self):
        self.assertFetches(HF_TOKEN='hf_secret')
        for path, headers in self.hub.requests:
            self.assertEqual(headers['Authorization'], None if path.startswith('/store/') else 'Bearer hf_secret', path)
        for token in ('bad\ntoken', 'sch\u00f6n'):
            error = self.assertRefused('HF_TOKEN', name='owner/tiny', HF_TOKEN=token)
            self.assertNotIn(token, error)

    def test_proxy(self):
        error = self.assertFetches(no_proxy='', http_proxy=self.hub.store.address)
        self.assertTrue(self.hub.paths(f'{self.hub.front.address}/api/'), error)

    def test_addresses_that_are_not_used(self):
        for address in ('http://example.com', 'ftp://127.0.0.1', 'https://', 'https://a:b@127.0.0.1', 'http://[::1', 'file:///etc', 'x'):
            self.assertRefused('an address', HF_ENDPOINT=address)
        for address in ('http://example.com/', 'file:///etc/passwd', 'ftp://127.0.0.1/', 'https://a:b@127.0.0.1/', 'http://[::1'):
            self.hub.order('/resolve/', status(302, {'Location': address}))
            self.assertRefused('address')
        self.assertEqual(self.hub.paths('passwd'), [])

    def test_certificates(self):
        certificate = self.folder / 'certificate.pem'
        command = ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-addext',
                   'subjectAltName=IP:127.0.0.1', '-keyout', certificate, '-out', self.folder / 'public.pem']
        if not shutil.which('openssl') or subprocess.run(command, capture_output=True, check=False).returncode:
            self.skipTest('no openssl')
        certificate.write_bytes(certificate.read_bytes() + (self.folder / 'public.pem').read_bytes())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        hub = Hub(context)
        self.addCleanup(hub.close)
        hub.repositories = self.hub.repositories
        self.assertRefused('certificate', 'not valid', HF_ENDPOINT=hub.front.address)
        trusted = {'HF_ENDPOINT': hub.front.address, 'SSL_CERT_FILE': str(self.folder / 'public.pem')}
        self.assertRefused(f'{hub.store.address}/store/', 'is not used', **trusted)  # from https to http
        self.assertEqual(hub.paths('/store/'), [])
        hub.store = hub.front
        self.assertFetches(**trusted)

    def test_no_network(self):
        self.hub.close()
        self.assertRefused('cannot be reached', 'check the network', 'HF_ENDPOINT')

    def test_names_that_are_none(self):
        for name in ('owner/../tiny', '../tiny', 'owner/..', './tiny', '/etc/passwd', 'a/b/c', 'a/b/../c.bin', 'owner/tiny@', 'owner/a..b', 'owner/tiny@../x', 'owner/tiny@a/b',
                     'owner/tiny\n', 'nothing', ''):
            code, _, error = self.run_(name)
            self.assertEqual(code, 2, name)
            self.assertIn('whisper-tiny', error)
        self.assertEqual(self.hub.requests, [])


class Checks(FetchHub):
    def test_wrong_content(self):
        wrong = WEIGHTS[:-1] + b'?'
        self.hub.order('/store/', lambda handler, _: handler.send(wrong))
        self.assertRefused('model.bin', sha256(wrong), sha256(WEIGHTS))
        self.hub.order('/config.json', lambda handler, content: handler.send(content[:-1] + b'?'))
        self.assertRefused('config.json', blobId(FILES['config.json']))
        self.assertFetches()

    def test_wrong_size(self):
        for wrong in (WEIGHTS[:-1], WEIGHTS + b'?'):
            self.hub.order('/store/', status(200, {}, wrong))
            self.assertRefused('model.bin', str(len(wrong)), str(len(WEIGHTS)))
            self.hub.order('/store/', status(200, {'Content-Length': None}, wrong))
            if len(wrong) > len(WEIGHTS):
                self.assertRefused(f'more than the {len(WEIGHTS)} bytes')
        self.assertFetches()

    def test_web_pages(self):
        page = status(200, {'Content-Type': 'text/html; charset=utf-8'}, b'<html>Please log in')
        self.hub.order('/api/', page)
        self.assertRefused('login')
        self.hub.order('/api/', status(200, {}, b'[' * 100000))
        self.assertRefused('does not answer as a model hub')
        for length in ({}, {'Content-Length': None}):
            self.hub.order('/store/', status(200, {'Content-Type': 'text/html', **length}, b'<html>Please log in'))
            self.assertRefused('model.bin', 'login')

    def test_redirects_without_end(self):
        self.hub.order('/api/', lambda handler, _: handler.answer(302, {'Location': handler.path}), times=30)
        self.assertRefused('without end')
        self.hub.faults.clear()
        self.hub.order('/', lambda handler, _: handler.answer(302, {'Location': handler.path + '0'}), times=30)
        self.assertRefused('without end')

    def test_refusals_in_words(self):
        for code, headers, part, environment in (
                (401, {'X-Error-Code': 'RepoNotFound'}, 'has no model owner/tiny, or it is private, and HF_TOKEN is not set', {}),
                (404, {'X-Error-Code': 'RepoNotFound'}, 'the token in HF_TOKEN cannot read it', {'HF_TOKEN': 'hf_secret'}),
                (401, {}, 'does not take the token', {'HF_TOKEN': 'hf_secret'}),
                (403, {'X-Error-Code': 'GatedRepo'}, '/owner/tiny asks for its terms to be accepted', {}),
                (404, {'X-Error-Code': 'RevisionNotFound'}, f'has no revision {COMMIT}', {}),
                (403, {'X-Error-Message': 'No\x1b[2Jthing'}, '(403 No?[2Jthing)', {}), (451, {}, '(451)', {}), (404, {}, 'has no model', {})):
            for part_of_address in ('/api/', '/store/'):
                self.hub.order(part_of_address, status(code, headers))
                error = self.assertRefused(part, **environment)
                self.assertNotIn('hf_secret', error)

    def test_hostile_listings(self):
        def names(answer):
            for name in ('../x', '/etc/x', 'model.bin/../../x', '..', 'x\0y'):
                answer['siblings'].append({**answer['siblings'][0], 'rfilename': name})
            return answer
        self.hub.repositories['other/tiny'] = self.hub.repositories['owner/tiny']
        self.hub.order('/api/', listing(lambda answer: {**answer, 'sha': OTHER}))
        self.assertRefused(OTHER, COMMIT)
        self.hub.order('/api/', listing(lambda answer: {**answer, 'sha': '../..'}))
        self.assertRefused('answers for revision ../..', name='other/tiny')
        self.hub.order('/api/', listing(names))
        self.assertFetches('owner/tiny')
        self.assertEqual({path.name for path in (self.folder / 'cache/npuspeech').iterdir()}, {'models'})

        def weights(**change):
            def fault(answer):
                answer['siblings'][0]['lfs'] |= change
                return answer
            return fault
        for change in (lambda answer: [], lambda answer: None, lambda answer: {'sha': COMMIT}, lambda answer: {**answer, 'siblings': 7},
                       lambda answer: {**answer, 'siblings': [7]},
                       lambda answer: {**answer, 'siblings': []},
                       lambda answer: {**answer, 'siblings': [{'rfilename': 'model.bin'}]}, weights(sha256='../../x'), weights(sha256=None),
                       weights(size=-1), weights(size='5'), weights(size=None)):
            for name in ('whisper-tiny', 'other/tiny'):
                self.hub.order('/api/', listing(change))
                self.assertRefused(name=name)
        self.assertEqual(len(self.hub.paths('/store/')), 1)

    def test_weights_that_are_known(self):
        self.writeTable(weights=OTHER + 'f' * 24)
        self.assertRefused(sha256(WEIGHTS), 'fetch-model knows')
        self.assertEqual(self.hub.paths('/store/'), [])
        self.writeTable(weights='-')
        self.assertFetches()

    def test_later_fetches_get_what_the_first_one_got(self):
        self.assertFetches('owner/tiny')
        (self.cache / 'owner/tiny/config.json').unlink()
        self.assertFetches('owner/tiny')
        self.assertIn(f'/revision/{COMMIT}', self.hub.paths('/api/')[1])
        for name, content in (('model.bin', WEIGHTS[:-1] + b'?'), ('config.json', b'{"alignment_heads": [9]}\n')):
            self.hub.repositories['owner/tiny'] = (COMMIT, {**FILES, name: content})
            (self.cache / 'owner/tiny/config.json').unlink(missing_ok=True)
            code, _, error = self.run_('owner/tiny')
            self.assertEqual(code, 1)
            for part in (name, sha256(content), 'first fetch'):
                self.assertIn(part, error)
        record = self.cache / 'owner/tiny.json'
        record.write_text('{"revision": 7}')
        self.assertIn(str(record), self.run_('owner/tiny')[2])

    def test_a_folder_of_somebody_else(self):
        (self.cache / 'whisper-tiny').mkdir(parents=True)
        (self.cache / 'whisper-tiny/mine').write_text('mine')
        code, _, error = self.run_('tiny')
        self.assertEqual(code, 1)
        self.assertIn('did not fetch it', error)
        self.assertTrue((self.cache / 'whisper-tiny/mine').exists())

    def test_own_table(self):
        models, others = published.readTable(FETCH / 'hub.tsv'), packages.readTable(FETCH / 'packages.tsv')
        self.assertFalse(set(models) & set(others))
        for name in 'tiny tiny.en base base.en small small.en medium medium.en large-v1 large-v2 large-v3 large-v3-turbo'.split():
            self.assertIn(f'whisper-{name}', {**models, **others})
        self.assertIn('whisper-distil-large-v3', models)
        for name, model in models.items():
            self.assertTrue(published.parse(f'{model.repository}@{model.revision}'), name)
            self.assertRegex(model.revision, '^[0-9a-f]{40}$')
            self.assertRegex(model.weights or '0' * 64, '^[0-9a-f]{64}$')
            self.assertEqual(model.languages == 'English', name.endswith('.en') or '-distil-' in name)


if __name__ == '__main__':
    unittest.main()
