#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/fetch/torch_file.py: reads weights as torch.save() wrote them, and nothing that a stranger's file says is ever run."""

import io
import json
import os
import pathlib
import pickle
import pickletools
import random
import struct
import sys
import tempfile
import types
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(os.environ['NPUSPEECH_SOURCE_ROOT']) / 'tools/fetch'))

import torch_file  # noqa: E402

MODULES = {'torch': ['FloatStorage', 'LongStorage'], 'torch._utils': ['_rebuild_tensor_v2']}
for module, names in MODULES.items():  # so that Python's own pickle writes their names
    sys.modules[module] = types.ModuleType(module)
    for name in names:
        made = type(name, (), {'__module__': module})
        setattr(sys.modules[module], name, made)
FloatStorage, LongStorage = sys.modules['torch'].FloatStorage, sys.modules['torch'].LongStorage
rebuild = sys.modules['torch._utils']._rebuild_tensor_v2


class Storage:
    def __init__(self, key, values, kind=FloatStorage):
        self.key, self.values, self.kind = key, values, kind
        self.content = struct.pack(f'<{len(values)}{"f" if kind is FloatStorage else "q"}', *values)


class Tensor:
    def __init__(self, storage, offset, shape, strides):
        self.arguments = (storage, offset, shape, strides, False, {})

    def __reduce__(self):
        return rebuild, self.arguments


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        return ('storage', obj.kind, obj.key, 'cpu', len(obj.values)) if isinstance(obj, Storage) else None


def pickled(root):
    out = io.BytesIO()
    Pickler(out, protocol=2).dump(root)
    return out.getvalue()


class Hostile:
    """Unpickled, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


SHARED = Storage('7', [float(i) for i in range(20)])
OWN = Storage('94233609424192', [0.5, -1.5])
COUNT = Storage('3', [1000], LongStorage)
STATE = {'lstm.weight': Tensor(SHARED, 2, (2, 3), (3, 1)), 'b': Tensor(OWN, 0, (2,), (1,)), 'lstm.bias': Tensor(SHARED, 8, (12, 1), (1, 1)),
         'batches': Tensor(COUNT, 0, (), ()), 'version': 'text'}
EXPECTED = {'lstm.weight': ((2, 3), SHARED.content[8:32]), 'b': ((2,), OWN.content), 'lstm.bias': ((12, 1), SHARED.content[32:80])}


class TorchFile(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, root=None, pickle_=None, storages=(SHARED, OWN, COUNT), compression=zipfile.ZIP_STORED):
        out = io.BytesIO()
        with zipfile.ZipFile(out, 'w', compression) as archive:
            archive.writestr('archive/data.pkl', pickled(root) if pickle_ is None else pickle_)
            for storage in storages:
                archive.writestr(f'archive/data/{storage.key}', storage.content)
        return out.getvalue()

    def assertRefused(self, words, **what):
        with self.assertRaisesRegex(ValueError, words):
            torch_file.readTensors(self.file(**what))

    def read(self, root):
        return {name: (shape, bytes(values)) for name, (shape, values) in torch_file.readTensors(self.file(root)).items()}

    def testReadsPlainWeightsAndThoseOfACheckpoint(self):
        self.assertEqual(self.read(STATE), EXPECTED)
        optimizer = {'state': [Tensor(COUNT, 0, (1,), (1,)), {1: 2.5, 'x': None}, (1, 2, 3, True)], 'rate': 10**30}
        self.assertEqual(self.read({'epoch': 3, 'state_dict': STATE, 'optimizer_states': [optimizer]}), EXPECTED)

    def testWritesSafetensors(self):
        (self.folder / 'in').write_bytes(self.file(STATE))
        torch_file.convert(self.folder / 'in', self.folder / 'out')
        content = (self.folder / 'out').read_bytes()
        length, = struct.unpack('<Q', content[:8])
        header, data = json.loads(content[8:8 + length]), content[8 + length:]
        self.assertEqual((list(header), length % 8), (sorted(EXPECTED), 0))
        at = 0
        for name, entry in header.items():
            shape, values = EXPECTED[name]
            self.assertEqual(entry, {'dtype': 'F32', 'shape': list(shape), 'data_offsets': [at, at + len(values)]})
            self.assertEqual(data[at:at + len(values)], values)
            at += len(values)
        self.assertEqual(at, len(data))

    def testRunsNothing(self):
        target = self.folder / 'made'
        self.assertEqual(self.read({**STATE, 'trap': Hostile(target)}), EXPECTED)
        self.assertRefused('no tensors', root=Hostile(target))
        self.assertFalse(target.exists())
        pickle.loads(pickled(Hostile(target)))
        self.assertTrue(target.exists())  # the trap would have worked

    def testRefusesTensorsThatAreNotInTheirStorage(self):
        for offset, shape, strides in ((1, (2,), (1,)), (0, (3,), (1,)), (0, (0,), (1,)), (2, (), ()), (0, (1 << 39, 1 << 39), (1 << 39, 1))):
            self.assertRefused('inside of its storage', root={'b': Tensor(OWN, offset, shape, strides)})
        for shape, strides in (((2, 3), (1, 2)), ((3, 2), (4, 1))):
            self.assertRefused('not contiguous', root={'b': Tensor(SHARED, 0, shape, strides)})
        for arguments in ((-1, (2,), (1,)), (0, (-2,), (1,)), (0, 'x', (1,)), (0, ('x',), (1,)), (0.5, (2,), (1,)), (1 << 50, (2,), (1,))):
            self.assertRefused('no sizes', root={'b': Tensor(OWN, *arguments)})
        self.assertRefused('inside of its storage', root={'b': Tensor(OWN, 0, (2,), (1, 1, 1))})

    def testRefusesArchivesThatTorchDoesNotWrite(self):
        self.assertRefused('compressed', root=STATE, compression=zipfile.ZIP_DEFLATED)
        self.assertRefused('archive is damaged', root=STATE, storages=[SHARED])
        self.assertRefused('no list of tensors', pickle_=b'.' * (torch_file.MOST_OF_PICKLE + 1))
        self.assertRaisesRegex(ValueError, 'archive is damaged', torch_file.readTensors, b'PK no archive')

    def testRefusesStoragesThatShareBytes(self):
        """A small file whose many members are all the same place would be a large one in memory."""
        keys = [Storage(str(key), [0.0] * 4000) for key in range(64)]
        file = io.BytesIO(self.file({storage.key: Tensor(storage, 0, (4000,), (1,)) for storage in keys}, storages=keys))
        with zipfile.ZipFile(file, 'a') as archive:
            first = archive.getinfo('archive/data/0').header_offset
            archive.comment = b'x'  # has the list of members written anew
            for key in keys:
                archive.getinfo(f'archive/data/{key.key}').header_offset = first
            archive.fp.seek(first + 20000)
            archive.start_dir = first + 20000
        self.assertRaisesRegex(ValueError, 'overlap', torch_file.readTensors, file.getvalue())

    def testRefusesUnknownInstructions(self):
        self.assertRefused('INST', pickle_=b'(ios\nsystem\n.')
        self.assertRefused('STACK_GLOBAL', pickle_=b'\x80\x04\x8c\x02os\x8c\x06system\x93.'.replace(b'\x8c', b'X').replace(
            b'X\x02os', b'X\x02\0\0\0os').replace(b'X\x06s', b'X\x06\0\0\0s'))
        for content in (b'', b'.', b'R.', b'0.', b'(u.', b't.', b'u.', b'h\x00.', b'q\x00.', b'}(R.', b'Q.', b'NQ.', b'\xff.'):
            self.assertRefused('damaged', pickle_=content)

    def testDeepNestingIsNoTrouble(self):
        depth = 200000
        self.assertRefused('no tensors', pickle_=b'\x80\x02' + b')' + b'\x85' * depth + b'.')
        self.assertRefused('no tensors', pickle_=b'\x80\x02}X\x01\0\0\0x' + b')' + b'\x85' * depth + b's.')

    def testDamageIsToldAndNeverRaisesAnythingElse(self):
        """Cut anywhere, and with bytes changed anywhere: a sentence, or tensors."""
        content, luck = pickled({'epoch': 3, 'state_dict': STATE}), random.Random(19)
        for end in range(len(content)):
            self.assertRefused('', pickle_=content[:end])
        opcodes = [ord(opcode.code) for opcode in pickletools.opcodes]
        for _ in range(1500):
            damaged = bytearray(content)
            for _ in range(luck.choice((1, 1, 2, 8))):
                damaged[luck.randrange(len(damaged))] = luck.choice((luck.randrange(256), luck.choice(opcodes)))
            self.readDamaged(self.file(pickle_=bytes(damaged)))
        whole = self.file(STATE)
        for _ in range(1500):
            damaged = bytearray(whole)
            for _ in range(luck.choice((1, 1, 2, 8))):
                damaged[luck.randrange(len(damaged))] = luck.randrange(256)
            self.readDamaged(damaged[:luck.choice((len(damaged), luck.randrange(len(damaged))))])

    def readDamaged(self, content):
        try:
            for shape, values in torch_file.readTensors(content).values():
                self.assertLessEqual(len(values), 1000, shape)
        except ValueError as reason:
            self.assertTrue(str(reason))


if __name__ == '__main__':
    unittest.main()
