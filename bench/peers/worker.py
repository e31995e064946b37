# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the peers that are Python libraries share: each is a program that loads, warms up, transcribes, and prints one JSON line."""

import argparse
import json
import resource
import time
import wave

import numpy

WARM_UP_SECONDS = 5


def read(path):
    with wave.open(path) as file:
        return numpy.frombuffer(file.readframes(file.getnframes()), numpy.int16).astype(numpy.float32) / 32768


def serve(load, transcribe):
    """load(options) gives a model; transcribe(model, clip, options, emit) calls emit(text) for every piece when it is there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--language", required=True)
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--batch", type=int, default=0)
    parser.add_argument("recordings", nargs="+")
    options = parser.parse_args()
    clips = [read(path) for path in options.recordings]
    begin = time.perf_counter()
    model = load(options)
    loaded = time.perf_counter()
    transcribe(model, clips[0][:WARM_UP_SECONDS * 16000], options, lambda text: None)

    work, first, texts = 0.0, None, []
    for index, clip in enumerate(clips):
        pieces = []
        start = time.perf_counter()
        transcribe(model, clip, options, lambda text: pieces.append((time.perf_counter() - start, text)))
        work += time.perf_counter() - start
        if index == 0 and pieces:
            first = pieces[0][0]
        texts.append(" ".join(text.strip() for _, text in pieces))
    print(json.dumps({"load": loaded - begin, "work": work, "first": first, "texts": texts,
                      "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
