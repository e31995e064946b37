# SPDX-License-Identifier: LGPL-2.1-or-later
"""The weights in a file of torch's: a zip of plain memory, and a pickle that says what is where. The pickle is read, never run: names of
classes stay names, and what they would build is nothing unless it is a tensor."""

import collections
import io
import json
import os
import pickletools
import struct
import zipfile

# Counted in numbers of 4 bytes; `storage`: the member of the archive.
Tensor = collections.namedtuple('Tensor', 'storage offset shape strides')
Class = collections.namedtuple('Class', 'name')

FLOATS, TENSOR, DICTIONARY = Class('torch FloatStorage'), Class('torch._utils _rebuild_tensor_v2'), Class('collections OrderedDict')
VALUES = {'BININT', 'BININT1', 'BININT2', 'BINUNICODE', 'BINFLOAT', 'LONG1'}
CONSTANTS = {'NONE': None, 'NEWTRUE': True, 'NEWFALSE': False}
EMPTY = {'EMPTY_DICT': dict, 'EMPTY_LIST': list, 'EMPTY_TUPLE': tuple}
SHORT_TUPLES = {'TUPLE1': 1, 'TUPLE2': 2, 'TUPLE3': 3}
MOST_OF_PICKLE = 16 << 20


class Objects:
    """What a pickle says, on the stack that its instructions expect."""

    def __init__(self):
        self.stack, self.marks, self.memo = [], [], {}

    def take(self, count):
        """The last `count` objects, none of them from before the last mark."""
        floor = self.marks[-1] if self.marks else 0
        if len(self.stack) - count < floor:
            raise ValueError('an object is missing')
        taken = self.stack[len(self.stack) - count:]
        del self.stack[len(self.stack) - count:]
        return taken

    def takeMarked(self):
        if not self.marks:
            raise ValueError('a mark is missing')
        taken = self.stack[self.marks[-1]:]
        del self.stack[self.marks.pop():]
        return taken

    def top(self):
        top, = self.take(1)
        self.stack.append(top)
        return top

    def fill(self, values):
        """Puts keys and values into the dictionary on top; what else is filled is of no concern."""
        target = self.top()
        if isinstance(target, dict):
            target.update((key, value) for key, value in zip(values[::2], values[1::2]) if isinstance(key, str))

    def build(self, made, arguments):
        if made == TENSOR:
            self.stack.append(tensorOf(arguments))
        else:
            self.stack.append({} if made == DICTIONARY else None)

    def step(self, name, argument):
        stack = self.stack
        if name in VALUES:
            stack.append(argument)
        elif name in CONSTANTS:
            stack.append(CONSTANTS[name])
        elif name in EMPTY:
            stack.append(EMPTY[name]())
        elif name in SHORT_TUPLES:
            stack.append(tuple(self.take(SHORT_TUPLES[name])))
        elif name == 'MARK':
            self.marks.append(len(stack))
        elif name == 'TUPLE':
            stack.append(tuple(self.takeMarked()))
        elif name in ('BINPUT', 'LONG_BINPUT'):
            self.memo[argument] = self.top()
        elif name in ('BINGET', 'LONG_BINGET'):
            stack.append(self.memo[argument])
        elif name == 'GLOBAL':
            stack.append(Class(argument))
        elif name == 'BINPERSID':
            stack.append(storageOf(*self.take(1)))
        elif name in ('REDUCE', 'NEWOBJ'):
            self.build(*self.take(2))
        elif name == 'SETITEM':
            self.fill(self.take(2))
        elif name == 'SETITEMS':
            self.fill(self.takeMarked())
        elif name in ('BUILD', 'APPEND'):
            self.take(1)
            self.top()
        elif name == 'APPENDS':
            self.takeMarked()
            self.top()
        elif name not in ('PROTO', 'STOP'):
            raise ValueError(f'the instruction {name} is not one that weights need')


def isCount(value):
    return isinstance(value, int) and 0 <= value < 1 << 40


def storageOf(identity):
    """The member that a persistent id names; None where it does not hold float32."""
    if not isinstance(identity, tuple) or len(identity) != 5 or identity[0] != 'storage' or not isinstance(identity[2], str):
        raise ValueError('a storage is not described as one')
    return identity[2] if identity[1] == FLOATS else None


def tensorOf(arguments):
    """The tensor; None where it is not of float32."""
    if not isinstance(arguments, tuple) or len(arguments) < 4:
        raise ValueError('a tensor is not described as one')
    storage, offset, shape, strides = arguments[:4]
    if not isCount(offset) or not all(isinstance(sizes, tuple) and all(map(isCount, sizes)) for sizes in (shape, strides)):
        raise ValueError('a tensor has no sizes')
    return Tensor(storage, offset, shape, strides) if isinstance(storage, str) else None


def describe(pickle):
    """The tensors of float32 by name: those of the dictionary that is the file, or of its 'state_dict'."""
    objects = Objects()
    at = 0
    try:
        for instruction, argument, at in pickletools.genops(pickle):
            objects.step(instruction.name, argument)
        root = objects.top()
    except (ValueError, KeyError) as reason:
        raise ValueError(f'its list of tensors is damaged at byte {at} ({reason})') from reason
    weights = root.get('state_dict', root) if isinstance(root, dict) else {}
    tensors = {name: value for name, value in weights.items() if isinstance(value, Tensor)} if isinstance(weights, dict) else {}
    if not tensors:
        raise ValueError('it has no tensors')
    return tensors


def contents(archive, member):
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
        raise ValueError(f'{member.filename} is compressed or encrypted')
    return archive.read(member)


def valuesOf(name, tensor, storage):
    """The bytes of a tensor, whose numbers follow each other."""
    count = 1
    for size, stride in zip(reversed(tensor.shape), reversed(tensor.strides)):
        if size > 1 and stride != count:
            raise ValueError(f'the tensor {name} is not contiguous')
        count *= size
    if len(tensor.shape) != len(tensor.strides) or not 0 < 4 * count <= len(storage) - 4 * tensor.offset:
        raise ValueError(f'the tensor {name} is not inside of its storage')
    return memoryview(storage)[4 * tensor.offset:4 * (tensor.offset + count)]


def readTensors(content):
    """Shape and bytes of each tensor of float32, by name. ValueError says what is wrong with the file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {member.filename.partition('/')[2]: member for member in archive.infolist()}
            if 'data.pkl' not in members or members['data.pkl'].file_size > MOST_OF_PICKLE:
                raise ValueError('it has no list of tensors')
            tensors = describe(contents(archive, members['data.pkl']))
            parts = {key: members[f'data/{key}'] for key in {tensor.storage for tensor in tensors.values()}}
            if sum(part.file_size for part in parts.values()) > len(content):
                raise ValueError('its storages overlap')
            storages = {key: contents(archive, part) for key, part in parts.items()}
    except (zipfile.BadZipFile, EOFError, KeyError, NotImplementedError, struct.error) as reason:
        raise ValueError(f'its archive is damaged ({reason})') from reason
    return {name: (tensor.shape, valuesOf(name, tensor, storages[tensor.storage])) for name, tensor in tensors.items()}


def convert(source, target):
    """Writes the float32 tensors of a file of torch's as safetensors, ordered by name. ValueError says why it cannot."""
    tensors = sorted(readTensors(source.read_bytes()).items())
    header, at = {}, 0
    for name, (shape, values) in tensors:
        header[name] = {'dtype': 'F32', 'shape': shape, 'data_offsets': [at, at + len(values)]}
        at += len(values)
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(target, 'wb') as out:
        out.write(struct.pack('<Q', len(text)) + text)
        for _, (_, values) in tensors:
            out.write(values)
        out.flush()
        os.fsync(out.fileno())
