# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes a Whisper of any size with random weights into a folder, in CTranslate2's format: what it says means nothing, what it costs is
what a trained one costs.

usage: random_model.py WIDTH ENCODER_LAYERS DECODER_LAYERS MEL_BINS VOCABULARY FOLDER
Weights are float16 and go to disk as they are made; they repeat after some millions. Runs in the common environment."""

import collections
import itertools
import json
import pathlib
import struct
import sys

import numpy

Size = collections.namedtuple("Size", "width encoder_layers decoder_layers mels vocabulary")
HEAD, AUDIO_CONTEXT, TEXT_CONTEXT = 64, 1500, 448
TEXT_TOKENS, TIMESTAMPS = 50257, 1501
LANGUAGES = """en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml cy sk te fa
lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo
tl mg as tt haw ln ha ba jw su yue""".split()
TYPES = {"float16": 4, "int8": 1, "int16": 2}  # by their numbers in the file


def byte_names():
    """GPT-2's names of the 256 bytes: printable ones as they are, the others from U+0100 on."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xa1, 0xad), *range(0xae, 0x100)]
    return [chr(byte) for byte in printable] + [chr(0x100 + i) for i in range(256 - len(printable))]


def vocabulary(size):
    entries = byte_names()
    words = ("".join(letters) for length in (2, 3, 4) for letters in itertools.product("abcdefghijklmnopqrstuvwxyz", repeat=length))
    entries += itertools.islice(words, TEXT_TOKENS - len(entries))
    languages = LANGUAGES[:size.vocabulary - TEXT_TOKENS - TIMESTAMPS - 8]
    names = ["endoftext", "startoftranscript", *languages, "translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps",
             *(f"{i / 50:.2f}" for i in range(TIMESTAMPS))]
    return entries + [f"<|{name}|>" for name in names]


def config(size, entries):
    token = {entry: i for i, entry in enumerate(entries)}
    first = token["<|startoftranscript|>"]
    return {"alignment_heads": [[size.decoder_layers - 1, head] for head in range(6)],
            "lang_ids": list(range(first + 1, token["<|translate|>"])),
            "suppress_ids": [token["("], token["["], *range(first, first + 1), *range(token["<|translate|>"], token["<|notimestamps|>"])],
            "suppress_ids_begin": [token["\u0120"], token["<|endoftext|>"]]}


class Weights:
    """The tensors of a model by name, each made when it is written."""

    BLOCK = 4_000_037  # prime: rows do not line up

    def __init__(self, size):
        self.size = size
        self.normal = numpy.random.default_rng(1).standard_normal(self.BLOCK, numpy.float32)
        self.tensors = {}  # name: (type, shape, a function that gives the values in pieces)

    def scalar(self, name, kind, value):
        self.tensors[name] = (kind, (), lambda: [numpy.array(value, kind)])

    def random(self, name, *shape, deviation, mean=0.0):
        def pieces():
            left, scaled = int(numpy.prod(shape)), (self.normal * deviation + mean).astype(numpy.float16)
            while left > 0:
                yield scaled[:left]
                left -= self.BLOCK
        self.tensors[name] = ("float16", shape, pieces)

    def linear(self, name, outputs, inputs, *kernel):
        self.random(f"{name}/weight", outputs, inputs, *kernel, deviation=0.5 / (inputs * (kernel or [1])[0]) ** 0.5)
        self.random(f"{name}/bias", outputs, deviation=0.02)

    def norm(self, name):
        self.random(f"{name}/gamma", self.size.width, deviation=0.05, mean=1)
        self.random(f"{name}/beta", self.size.width, deviation=0.02)

    def layer(self, name, attends):
        width = self.size.width
        self.norm(f"{name}/self_attention/layer_norm")
        self.linear(f"{name}/self_attention/linear_0", 3 * width, width)
        self.linear(f"{name}/self_attention/linear_1", width, width)
        if attends:
            self.norm(f"{name}/attention/layer_norm")
            self.linear(f"{name}/attention/linear_0", width, width)
            self.linear(f"{name}/attention/linear_1", 2 * width, width)
            self.linear(f"{name}/attention/linear_2", width, width)
        self.norm(f"{name}/ffn/layer_norm")
        self.linear(f"{name}/ffn/linear_0", 4 * width, width)
        self.linear(f"{name}/ffn/linear_1", width, 4 * width)

    def model(self):
        size, heads = self.size, self.size.width // HEAD
        for stack in ("encoder", "decoder"):
            self.scalar(f"{stack}/num_heads", "int16", heads)
        for name, kind, value in (("activation", "int8", 3), ("pre_norm", "int8", 1), ("alignment_heads", "int16", 1),
                                  ("alignment_layer", "int16", -1)):
            self.scalar(f"decoder/{name}", kind, value)
        for name in ("alibi", "alibi_use_positive_positions", "scale_alibi", "scale_embeddings", "start_from_zero_embedding"):
            self.scalar(f"decoder/{name}", "int8", 0)
        self.random("decoder/embeddings/weight", size.vocabulary, size.width, deviation=0.05)
        self.random("decoder/position_encodings/encodings", TEXT_CONTEXT, size.width, deviation=0.02)
        self.random("encoder/position_encodings/encodings", AUDIO_CONTEXT, size.width, deviation=0.5)
        self.linear("encoder/conv1", size.width, size.mels, 3)
        self.linear("encoder/conv2", size.width, size.width, 3)
        for i in range(size.encoder_layers):
            self.layer(f"encoder/layer_{i}", False)
        for i in range(size.decoder_layers):
            self.layer(f"decoder/layer_{i}", True)
        for stack in ("encoder", "decoder"):
            self.norm(f"{stack}/layer_norm")
        return self.tensors


def text(value):
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def write_weights(path, tensors):
    with open(path, "wb") as file:
        file.write(struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, len(tensors)))
        for name, (kind, shape, pieces) in sorted(tensors.items()):
            size = int(numpy.prod(shape)) * numpy.dtype(kind).itemsize
            file.write(text(name) + struct.pack(f"<B{len(shape)}IBI", len(shape), *shape, TYPES[kind], size))
            for piece in pieces():
                file.write(piece.tobytes())
        file.write(struct.pack("<I", 1) + text("decoder/projection/weight") + text("decoder/embeddings/weight"))


def main(*arguments):
    size, folder = Size(*map(int, arguments[:-1])), pathlib.Path(arguments[-1])
    entries = vocabulary(size)
    (folder / "vocabulary.json").write_text(json.dumps(entries), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(config(size, entries)), encoding="utf-8")
    write_weights(folder / "model.bin", Weights(size).model())


if __name__ == "__main__":
    main(*sys.argv[1:])
