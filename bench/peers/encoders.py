# SPDX-License-Identifier: LGPL-2.1-or-later
"""The encoder alone, one full window of 30 s: ours (bench/encoder) beside OpenVINO's, in turn, and the hardware's peak in the same run."""

import json
import statistics

import environments
import systems
from environments import Unavailable

OPENVINO = environments.PACKAGES["openvino"][0].replace("==", " ")


def ours(program, threads, model):
    """By precision: best milliseconds, and the measured peak and our share of it."""
    process = systems.start(["env", f"THREADS={threads}", f"MODEL={model}", program, "--benchmark_filter=full_window",
                             "--benchmark_min_time=3", "--benchmark_format=json"])
    results = json.loads(systems.finish(process, "bench/encoder")[0])["benchmarks"]
    return {row["name"].split("/")[0]: {key: row[name] for key, name in
                                        (("ms", "best_ms"), ("peak", "peak"), ("share", "share"))} for row in results}


def compare(options, model):
    """Medians by system: {"ms", and where known "peak" in GOPS, "share", "error", "memory"}; what cannot run is said and left out."""
    rounds = {}
    left_out = set()
    for number in range(options.rounds):
        def attempt(name, measure):
            if name in left_out:
                return
            try:
                result = measure()
                if "unsupported" in result:
                    raise Unavailable(result["unsupported"])
            except Unavailable as reason:
                left_out.add(name)
                environments.say(f"{name} is left out: {reason}")
                return
            for row, values in (result if "ms" not in result else {name: result}).items():
                rounds.setdefault(row, []).append(values)
                environments.say(f"encoder, round {number + 1}/{options.rounds}: {row} {values['ms']:.0f} ms")

        attempt("npuspeech", lambda: {f"npuspeech {key}": values for key, values in ours(options.encoder, options.threads, model).items()})
        for precision in ("bf16", "int8", "f32"):
            attempt(f"{OPENVINO} {precision}",
                    lambda: systems.run_python("openvino", "worker_openvino.py", model, options.threads, precision))
    return {name: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for name, runs in rounds.items()}
