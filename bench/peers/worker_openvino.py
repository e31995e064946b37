# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whisper's encoder alone in OpenVINO: one full window, built from the model's own weights.

usage: worker_openvino.py FOLDER THREADS bf16|int8|f32
int8: weights in 8 bits by row, activations quantised as they come, in groups. Prints a JSON line: the best milliseconds, and how far
the states are from those of float32 arithmetic (relative error); "unsupported" where the processor has no such arithmetic."""

import json
import resource
import sys
import time

import numpy
import openvino
from ctranslate2_file import Weights
from openvino import opset13 as op

SECONDS = 3.0  # of repetitions


def constant(values):
    return op.constant(numpy.ascontiguousarray(values, dtype=numpy.float32))


def weight(values, int8):
    if not int8:
        return constant(values)
    scale = numpy.abs(values).max(axis=1, keepdims=True) / 127
    stored = op.constant(numpy.rint(values / scale).astype(numpy.int8))
    return op.multiply(op.convert(stored, "f32"), constant(scale))


def linear(weights, name, x, int8, rows=slice(None)):
    product = op.matmul(x, weight(weights[f"{name}/weight"][rows], int8), False, True)
    return op.add(product, constant(weights[f"{name}/bias"][rows]))


def norm(weights, name, x):
    normal = op.mvn(x, op.constant(numpy.array([-1])), True, 1e-5, "INSIDE_SQRT")
    return op.add(op.multiply(normal, constant(weights[f"{name}/gamma"])), constant(weights[f"{name}/beta"]))


def convolution(weights, name, x, stride):
    y = op.convolution(x, constant(weights[f"{name}/weight"]), [stride], [1], [1], [1])
    return op.gelu(op.add(y, constant(weights[f"{name}/bias"][None, :, None])), "ERF")


def attention(weights, name, x, int8):
    width, heads = weights.width, weights.heads

    def part(i):
        y = linear(weights, f"{name}/linear_0", x, int8, slice(i * width, (i + 1) * width))
        return op.transpose(op.reshape(y, op.constant([1, -1, heads, width // heads]), False), op.constant([0, 2, 1, 3]))

    mixed = op.scaled_dot_product_attention(part(0), part(1), part(2))
    joined = op.reshape(op.transpose(mixed, op.constant([0, 2, 1, 3])), op.constant([1, -1, width]), False)
    return linear(weights, f"{name}/linear_1", joined, int8)


def encoder(weights, int8):
    positions = weights.positions("encoder")
    mel = op.parameter([1, weights.mels, 2 * len(positions)], numpy.float32)
    x = convolution(weights, "encoder/conv2", convolution(weights, "encoder/conv1", mel, 1), 2)
    x = op.add(op.transpose(x, op.constant([0, 2, 1])), constant(positions[None]))
    for i in range(weights.layers("encoder")):
        layer = f"encoder/layer_{i}"
        inner = norm(weights, f"{layer}/self_attention/layer_norm", x)
        x = op.add(x, attention(weights, f"{layer}/self_attention", inner, int8))
        inner = linear(weights, f"{layer}/ffn/linear_0", norm(weights, f"{layer}/ffn/layer_norm", x), int8)
        x = op.add(x, linear(weights, f"{layer}/ffn/linear_1", op.gelu(inner, "ERF"), int8))
    return openvino.Model([norm(weights, "encoder/layer_norm", x)], [mel])


def compiled(weights, threads, precision):
    hints = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
             "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
             "DYNAMIC_QUANTIZATION_GROUP_SIZE": 32 if precision == "int8" else 0}
    return openvino.Core().compile_model(encoder(weights, precision == "int8"), "CPU", hints).create_infer_request()


def main(folder, threads, precision):
    if precision == "bf16" and "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        print(json.dumps({"unsupported": "this processor has no bf16 arithmetic"}))
        return
    weights = Weights(folder)
    mel = numpy.random.default_rng(1).uniform(-1, 1, (1, weights.mels, 2 * len(weights.positions("encoder")))).astype(numpy.float32)
    request = compiled(weights, int(threads), precision)
    states = request.infer({0: mel})[0].copy()
    times = []
    while sum(times) < SECONDS:
        start = time.perf_counter()
        request.infer({0: mel})
        times.append(time.perf_counter() - start)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    exact = compiled(weights, int(threads), "f32").infer({0: mel})[0]
    error = float(numpy.linalg.norm(states - exact) / numpy.linalg.norm(exact))
    print(json.dumps({"ms": 1000 * min(times), "error": error, "memory": memory}))


main(*sys.argv[1:])
