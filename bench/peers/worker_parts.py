# SPDX-License-Identifier: LGPL-2.1-or-later
"""The parts of a model in faster-whisper's engine, CTranslate2: loading, the encoder on a full window, and greedy decoder steps.

usage: worker_parts.py FOLDER THREADS PRECISION STEPS SECONDS
Prints a JSON line as bench/parts.cpp does: seconds of loading; best milliseconds, by the clock and of processor time, of the encoder and of
STEPS steps of one sequence behind its first ones; and peak MB. Repeats the encoder and the decoder for SECONDS each."""

import json
import pathlib
import resource
import sys
import time

import ctranslate2
import numpy

WARM_UP_STEPS = 4


def best(seconds, run):
    """The shortest of as many runs as take `seconds`, at least two: milliseconds by the clock, and of processor time."""
    times = []
    while len(times) < 2 or sum(clock for clock, _ in times) < seconds:
        start, processor = time.perf_counter(), time.process_time()
        run()
        times.append((time.perf_counter() - start, time.process_time() - processor))
    return [1000 * min(kind) for kind in zip(*times)]


def main(folder, threads, precision, steps, seconds):
    entries = json.loads((pathlib.Path(folder) / "vocabulary.json").read_text(encoding="utf-8"))
    token = {entry: i for i, entry in enumerate(entries)}
    prompt = [token[f"<|{name}|>"] for name in ("startoftranscript", "en", "transcribe", "notimestamps")]
    start = time.perf_counter()
    model = ctranslate2.models.Whisper(folder, device="cpu", compute_type=precision, intra_threads=threads)
    load = time.perf_counter() - start
    mel = numpy.random.default_rng(1).uniform(-1, 1, (1, model.n_mels, 3000)).astype(numpy.float32)
    features = ctranslate2.StorageView.from_array(mel)
    states = model.encode(features)

    def decode(length):
        # At most half of max_length is generated, and the end of the text may not come before that.
        texts = model.generate(states, [prompt], beam_size=1, max_length=2 * length, suppress_tokens=[-1, token["<|endoftext|>"]])
        assert len(texts[0].sequences_ids[0]) == length

    decode(WARM_UP_STEPS)
    encoder = best(seconds, lambda: model.encode(features))
    few, many = (best(seconds, lambda: decode(length)) for length in (WARM_UP_STEPS, WARM_UP_STEPS + steps))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"load": load, "encoder": encoder, "steps": [long - short for long, short in zip(many, few)], "memory": memory}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
