# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loading, memory, encoder and decoder of models with random weights in the shapes of published ones: ours (bench/parts) beside
faster-whisper's engine on the same file, in turn."""

import contextlib
import json
import pathlib
import shutil
import statistics
import tempfile

import environments
import systems
from environments import CACHE, Unavailable

# Width, encoder and decoder layers, mel bins, vocabulary: Radford et al., 2022, table 1, and the model cards of large-v3 and large-v3-turbo.
SIZES = {"tiny": (384, 4, 4, 80, 51865), "base": (512, 6, 6, 80, 51865), "small": (768, 12, 12, 80, 51865),
         "medium": (1024, 24, 24, 80, 51865), "large-v3": (1280, 32, 32, 128, 51866), "large-v3-turbo": (1280, 32, 4, 128, 51866)}
STEPS = 100
SECONDS = 2  # of repetitions of the encoder, and of the decoder
PACKED = "npuspeech-int8.safetensors"


@contextlib.contextmanager
def random_model(name):
    """A folder with a model of size `name`, removed afterwards."""
    width, encoder_layers, decoder_layers, _, vocabulary = SIZES[name]
    values = width * (width * (12 * encoder_layers + 16 * decoder_layers) + vocabulary)
    free = shutil.disk_usage(CACHE).free
    if free < 4 * values:  # two bytes each as published and one packed, and some air
        raise Unavailable(f"a {name} with random weights needs {4 * values / 1e9:.1f} GB in {CACHE}, where {free / 1e9:.1f} GB are free")
    with tempfile.TemporaryDirectory(prefix=f"random-{name}-", dir=CACHE / "bench") as folder:
        environments.say(f"writing {folder}")
        here = pathlib.Path(__file__).resolve().parent
        systems.finish(systems.start([environments.python_of("common"), here / "random_model.py", *SIZES[name], folder]), "random_model.py")
        yield pathlib.Path(folder)


def ours(options, folder, steps, seconds):
    process = systems.start([options.parts, folder, options.threads, options.precision, steps, seconds])
    return json.loads(systems.finish(process, "bench/parts")[0])


def peer(options, folder):
    return systems.run_python("faster-whisper", "worker_parts.py", folder, options.threads, options.precision, STEPS, SECONDS)


def compare(options, name):
    """Medians: "ours" and, where it can be had, "peer" as bench/parts.cpp prints them, "ratios" of peer over ours by part (by the clock, and
    of processor time), "first" seconds of the load that packs, "packed" MB, and the largest "memory" of ours."""
    rounds, first, ratios, memory = {"ours": [], "peer": []}, [], {}, []
    with random_model(name) as folder:
        for number in range(options.rounds):
            (folder / PACKED).unlink(missing_ok=True)
            packing = ours(options, folder, 1, 0)
            first.append(packing["load"])
            runs = {"ours": ours(options, folder, STEPS, SECONDS)}
            memory += [packing["memory"], runs["ours"]["memory"]]
            try:
                runs["peer"] = peer(options, folder)
            except Unavailable as reason:
                environments.say(f"faster-whisper is left out: {reason}")
            for who, run in runs.items():
                rounds[who].append(run)
                environments.say(f"{name}, round {number + 1}/{options.rounds}: {who}: encoder {run['encoder'][0]:.0f} ms, "
                                 f"{STEPS} steps {run['steps'][0]:.0f} ms")
            for part in ("encoder", "steps") if "peer" in runs else ():
                ratios.setdefault(part, []).append([theirs / own for theirs, own in zip(runs["peer"][part], runs["ours"][part])])
        packed = (folder / PACKED).stat().st_size if options.precision == "int8" else None
    return {"ours": median(rounds["ours"]), "peer": median(rounds["peer"]), "first": statistics.median(first), "memory": max(memory),
            "packed": packed and packed / 2**20, "ratios": {part: [statistics.median(kind) for kind in zip(*values)]
                                                            for part, values in ratios.items()}}


def median(runs):
    """Of each number, in lists too."""
    def of(values):
        return [statistics.median(kind) for kind in zip(*values)] if isinstance(values[0], list) else statistics.median(values)
    return {key: of([run[key] for run in runs]) for key in runs[0]} if runs else None
