# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads CTranslate2's model.bin, which speech/model/ctranslate2.cpp describes, into numpy arrays: Whisper's weights for the peers."""

import pathlib
import struct

import numpy

TYPES = [numpy.float32, numpy.int8, numpy.int16, numpy.int32, numpy.float16]


class Weights:
    """The tensors of a model folder by their names there; `weights[name]` is float32."""

    def __init__(self, folder):
        self.data = (pathlib.Path(folder) / "model.bin").read_bytes()
        self.offset = 4
        self.string()
        self.take("I")
        self.tensors = dict(self.variable() for _ in range(self.take("I")))
        self.width, self.mels = self["encoder/conv1/weight"].shape[:2]
        self.vocabulary = self["decoder/embeddings/weight"].shape[0]
        self.heads = self.width // 64

    def take(self, kind):
        value, = struct.unpack_from("<" + kind, self.data, self.offset)
        self.offset += struct.calcsize(kind)
        return value

    def string(self):
        length = self.take("H")
        self.offset += length
        return self.data[self.offset - length:self.offset - 1].decode()

    def variable(self):
        name = self.string()
        shape = [self.take("I") for _ in range(self.take("B"))]
        kind, size = TYPES[self.take("B")], self.take("I")
        self.offset += size
        start = self.offset - size
        return name, numpy.frombuffer(self.data, kind, size // numpy.dtype(kind).itemsize, start).reshape(shape)

    def __getitem__(self, name):
        return self.tensors[name].astype(numpy.float32)

    def layers(self, stack):
        return sum(name.startswith(f"{stack}/layer_") and name.endswith("/ffn/linear_0/weight") for name in self.tensors)

    def positions(self, stack):
        return self[f"{stack}/position_encodings/encodings"]
