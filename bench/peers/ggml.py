# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes a model folder as whisper.cpp's ggml file, float16 or q8_0, so that it runs the same weights as everyone else.

usage: ggml.py FOLDER FILE q8_0|f16"""

import json
import os
import pathlib
import struct
import sys

import numpy
from ctranslate2_file import Weights

MAGIC = 0x67676d6c
F32, F16, Q8_0 = 0, 1, 8  # ggml's numbers of tensor types
FILE_TYPES = {"f16": 1, "q8_0": 2007}  # 1000 x the version of the quantisation, and the type
BLOCK = 32


def mel_filters(mels, bins=201, rate=16000):
    """Slaney's scale: linear to 1000 Hz, then logarithmic; triangles of equal area."""
    step = numpy.log(6.4) / 27
    top = 15 + numpy.log(rate / 2 / 1000) / step
    mel = numpy.linspace(0, top, mels + 2)
    edges = numpy.where(mel < 15, mel * 200 / 3, 1000 * numpy.exp((mel - 15) * step))[:, None]
    hz = numpy.arange(bins) * rate / 2 / (bins - 1)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    triangles = numpy.minimum((hz - low) / (centre - low), (high - hz) / (high - centre))
    return (numpy.maximum(triangles, 0) * 2 / (high - low)).astype(numpy.float32)


def tokens(folder, end):
    """The bytes of the tokens before `end`. Vocabularies of this kind write each byte as a printable character."""
    vocabulary = json.loads((pathlib.Path(folder) / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    byte_of = {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}
    by_id = {number: text for text, number in vocabulary.items() if number < end}
    return [bytes(byte_of[character] for character in by_id[number]) for number in range(end)]


def attention(weights, ours, theirs, parts):
    """Products that are stored as one, [parts x width] rows, and the one behind them."""
    stored = []
    for index, names in enumerate(parts):
        stored += zip(names, numpy.split(weights[f"{ours}/linear_{index}/weight"], len(names)),
                      numpy.split(weights[f"{ours}/linear_{index}/bias"], len(names)))
    for name, weight, bias in stored:
        yield f"{theirs}.{name}.weight", weight
        if name != "key":
            yield f"{theirs}.{name}.bias", bias


def same(weights, ours, theirs, names=("weight", "bias")):
    for name, suffix in zip(names, ("weight", "bias")):
        yield f"{theirs}.{suffix}", weights[f"{ours}/{name}"]


def tensors(weights):
    """Every tensor by whisper.cpp's name."""
    norm = ("gamma", "beta")
    for stack, last in (("encoder", "ln_post"), ("decoder", "ln")):
        yield f"{stack}.positional_embedding", weights.positions(stack)
        yield from same(weights, f"{stack}/layer_norm", f"{stack}.{last}", norm)
        for i in range(weights.layers(stack)):
            ours, theirs = f"{stack}/layer_{i}", f"{stack}.blocks.{i}"
            yield from same(weights, f"{ours}/self_attention/layer_norm", f"{theirs}.attn_ln", norm)
            yield from attention(weights, f"{ours}/self_attention", f"{theirs}.attn", [("query", "key", "value"), ("out",)])
            if stack == "decoder":
                yield from same(weights, f"{ours}/attention/layer_norm", f"{theirs}.cross_attn_ln", norm)
                yield from attention(weights, f"{ours}/attention", f"{theirs}.cross_attn", [("query",), ("key", "value"), ("out",)])
            yield from same(weights, f"{ours}/ffn/layer_norm", f"{theirs}.mlp_ln", norm)
            yield from same(weights, f"{ours}/ffn/linear_0", f"{theirs}.mlp.0")
            yield from same(weights, f"{ours}/ffn/linear_1", f"{theirs}.mlp.2")
    for convolution in ("conv1", "conv2"):
        yield f"encoder.{convolution}.weight", weights[f"encoder/{convolution}/weight"]
        yield f"encoder.{convolution}.bias", weights[f"encoder/{convolution}/bias"][:, None]
    yield "decoder.token_embedding.weight", weights["decoder/embeddings/weight"]


def encoded(name, values, kind):
    """The type and the bytes in which whisper.cpp expects a tensor: what it adds is float32, what it multiplies is small."""
    if values.ndim == 1 or "positional" in name or name.endswith("bias"):
        return F32, values.astype("<f4").tobytes()
    if kind == "f16" or values.ndim != 2:
        return F16, values.astype("<f2").tobytes()
    blocks = values.reshape(-1, BLOCK)
    scale = numpy.abs(blocks).max(axis=1, keepdims=True) / 127
    quants = numpy.rint(numpy.divide(blocks, scale, out=numpy.zeros_like(blocks), where=scale > 0))
    packed = numpy.empty(len(blocks), [("scale", "<f2"), ("quants", "i1", BLOCK)])
    packed["scale"], packed["quants"] = scale[:, 0], quants
    return Q8_0, packed.tobytes()


def write(folder, path, kind):
    weights = Weights(folder)
    multilingual = weights.vocabulary >= 51865
    sizes = [weights.vocabulary]
    for stack in ("encoder", "decoder"):
        sizes += [len(weights.positions(stack)), weights.width, weights.heads, weights.layers(stack)]
    filters, names = mel_filters(weights.mels), tokens(folder, 50257 if multilingual else 50256)
    partial = f"{path}.partial"
    with open(partial, "wb") as out:
        out.write(struct.pack("<I11i", MAGIC, *sizes, weights.mels, FILE_TYPES[kind]))
        out.write(struct.pack("<2i", *filters.shape) + filters.tobytes())
        out.write(struct.pack("<i", len(names)) + b"".join(struct.pack("<i", len(name)) + name for name in names))
        for name, values in tensors(weights):
            number, data = encoded(name, values, kind)
            out.write(struct.pack("<3i", values.ndim, len(name), number))
            out.write(struct.pack(f"<{values.ndim}i", *reversed(values.shape)) + name.encode() + data)
    os.replace(partial, path)


if __name__ == "__main__":
    write(*sys.argv[1:])
