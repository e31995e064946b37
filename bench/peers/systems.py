# SPDX-License-Identifier: LGPL-2.1-or-later
"""The systems that are compared. Each runs as a process of its own, so that peak memory and loading are its own, and gives a Run."""

import collections
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

import environments
from environments import CACHE, Unavailable

HERE = pathlib.Path(__file__).resolve().parent
BATCH = 8

# Seconds of transcribing all recordings without loading; of loading; from the start of the first recording to its first text; peak MB;
# the text of each recording.
Run = collections.namedtuple("Run", "work load first memory texts")


def finish(process, what):
    """What is left of its standard output, its peak resident MB, and what it said on standard error."""
    with process.stdout, process.errors:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.errors.seek(0)
        said = process.errors.read()
    if process.returncode:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        raise Unavailable(f"{what} failed: {lines[-1] if lines else f'exit status {process.returncode}'}")
    return output, usage.ru_maxrss / 1024, said


def start(command):
    errors = tempfile.TemporaryFile("w+", errors="replace")
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=errors, text=True, errors="replace")
    process.errors = errors
    return process


def run_python(environment, script, *arguments):
    """The JSON line that a worker prints, run in one of the private environments."""
    process = start([environments.python_of(environment), HERE / script, *arguments])
    return json.loads(finish(process, script)[0].splitlines()[-1])


def ggml_file(model, kind):
    """The model in whisper.cpp's format, converted once."""
    path = CACHE / "bench" / f"{model.name}-{kind}.ggml"
    if not path.exists():
        environments.say(f"converting {model.name} to {path}")
        finish(start([environments.python_of("common"), HERE / "ggml.py", model, path, kind]), "the conversion")
    return path


class Ours:
    """tools/transcribe with all recordings: wall-clock time of the process less the loading that it reports. The first text comes from
    a second process, since JSON lines come at the end of a recording."""

    name = "npuspeech"

    def __init__(self, program):
        self.program = program

    def prepare(self, options, model):
        finish(start([*self.command(options, model), "text", options.wavs[0]]), self.name)  # builds what is missing

    def command(self, options, model):
        return [self.program, "--model", model, "--precision", options.precision, "--threads", options.threads, "--language",
                options.language, "--format"]

    def run(self, options, model):
        command = self.command(options, model)
        begin = time.perf_counter()
        output, memory, _ = finish(start([*command, "json", *options.wavs]), self.name)
        wall = time.perf_counter() - begin
        results = [json.loads(line) for line in output.splitlines()]
        load = max(result["timing"]["load"] for result in results)
        begin = time.perf_counter()
        process = start([*command, "text", options.wavs[0]])
        first = time.perf_counter() - begin - load if process.stdout.readline() else None
        finish(process, self.name)
        return Run(wall - load, load, first, memory, [result["text"] for result in results])


class FasterWhisper:
    def __init__(self, batch):
        self.batch = batch
        version = environments.PACKAGES["faster-whisper"][0].replace("==", " ")
        self.name = f"{version} batched {batch}" if batch else version

    def prepare(self, options, model):
        environments.python_of("faster-whisper")

    def run(self, options, model):
        return Run(**run_python("faster-whisper", "worker_faster_whisper.py", "--model", model, "--threads", options.threads, "--language",
                                options.language, "--precision", options.precision, "--batch", self.batch, *options.wavs))


class PyWhisperCpp:
    name = environments.PACKAGES["pywhispercpp"][0].replace("==", " ")

    def prepare(self, options, model):
        environments.python_of("pywhispercpp")
        ggml_file(model, options.ggml)

    def run(self, options, model):
        return Run(**run_python("pywhispercpp", "worker_pywhispercpp.py", "--model", ggml_file(model, options.ggml), "--threads",
                                options.threads, "--language", options.language, *options.wavs))


class WhisperCpp:
    """A whisper-cli that the user has built. It reports its loading; texts go to files, so that lines are told from messages."""

    name = "whisper-cli"

    def __init__(self, program):
        self.program = program

    def prepare(self, options, model):
        if not os.access(self.program, os.X_OK):
            raise Unavailable(f"{self.program} is not a program")
        ggml_file(model, options.ggml)

    def run(self, options, model):
        command = [self.program, "--model", ggml_file(model, options.ggml), "--threads", options.threads, "--language", options.language,
                   "--beam-size", 1, "--best-of", 1, "--temperature", 0, "--no-fallback", "--no-gpu", "--output-txt"]
        with tempfile.TemporaryDirectory() as folder:
            for i, wav in enumerate(options.wavs):
                command += ["--output-file", f"{folder}/{i}", "--file", wav]
            begin = time.perf_counter()
            process = start(command)
            heard = next((time.perf_counter() for line in process.stdout if "-->" in line), None)
            _, memory, said = finish(process, self.name)
            wall = time.perf_counter() - begin
            load = float(re.search(r"load time = *([\d.]+) ms", said)[1]) / 1000
            texts = [" ".join(pathlib.Path(f"{folder}/{i}.txt").read_text(encoding="utf-8").split()) for i in range(len(options.wavs))]
        return Run(wall - load, load, heard - begin - load if heard else None, memory, texts)


def median_run(runs):
    """Medians of the numbers; texts of the last round."""
    def median(values):
        known = [value for value in values if value is not None]
        return statistics.median(known) if known else None
    return Run(*(median(values) for values in list(zip(*runs))[:-1]), runs[-1].texts)
