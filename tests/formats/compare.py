#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One model in every format that is read: the same words in float32, and error rates of quantised files beside int8's.

usage: compare.py [--model NAME]... [--program PROGRAM] [--folder FOLDER] RECORDING...

Run by hand, with a Python that has torch, transformers, gguf, numpy, jiwer, whisper-normalizer and pywhispercpp: what is missing is named,
and the exit status is then 77. The files are written by write_formats.py, and whisper.cpp's are read by whisper.cpp as well, to show that they
are right. Error rates: recordings with "<name>.txt" beside them, or with a row in a manifest.tsv above them. Exit status 1: words differ in
float32, or a file of 5 or 8 bits is more than 0.3 percent above int8, which few recordings cannot tell from chance
(docs/performance/2026-11-29-file-formats.md)."""

import argparse
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "peers"))
sys.dont_write_bytecode = True

import recordings  # noqa: E402

NEEDED = ("torch", "transformers", "gguf", "numpy", "jiwer", "whisper_normalizer", "pywhispercpp")
SAME = ("float32", "float16-shards", "ggml-f32.bin", "ggml-f16.bin")  # in float32 the same as the folder they were written from
QUANTISED = ("ggml-q8_0.bin", "ggml-q5_1.bin", "ggml-q5_0.bin", "ggml-q4_1.bin", "ggml-q4_0.bin")
CLOSE = QUANTISED[:3]  # four bits lose words, whoever reads them
MOST = 0.3  # percent
FLOAT32_RECORDINGS = 10  # so many are read in float32, which is slow


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="append", help="a CTranslate2 model in the cache (default: whisper-base)")
    parser.add_argument("--program", default=ROOT / "build/examples/transcribe/npuspeech-transcribe", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path, help="where the files are kept (default: a temporary one)")
    parser.add_argument("recordings", nargs="*", default=[str(ROOT / "examples/media/jfk.flac")])
    options = parser.parse_args()
    options.model = options.model or ["whisper-base"]
    return options


def transcripts(program, model, precision, paths):
    """What is said in each recording: its text, and its segments with words and times."""
    environment = {"GST_PLUGIN_PATH": str(ROOT / "build/gst"), **os.environ}
    done = subprocess.run([program, "--format", "json", "--model", model, "--precision", precision, "--language", "en", *paths],
                          stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return [{key: value for key, value in json.loads(line).items() if key in ("text", "segments")} for line in done.stdout.splitlines()]


def texts(said):
    return [recording["text"] for recording in said]


def read_by_whisper_cpp(path, recording):
    """What whisper.cpp makes of its file; it runs in a process of its own, since it aborts where it cannot."""
    question = ("import sys; from pywhispercpp.model import Model; sys.path.insert(0, sys.argv[3]); import worker;"
                "model = Model(sys.argv[1], redirect_whispercpp_logs_to=None, language='en', temperature=0.0, temperature_inc=0.0);"
                "print(' '.join(segment.text for segment in model.transcribe(worker.read(sys.argv[2]))))")
    done = subprocess.run([sys.executable, "-c", question, path, recording, ROOT / "bench/peers"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    return " ".join(done.stdout.split()) if done.returncode == 0 else f"(exit status {done.returncode})"


def error_rate(references, said):
    import jiwer
    from whisper_normalizer.english import EnglishTextNormalizer

    normalise = EnglishTextNormalizer()
    pairs = [(normalise(reference), normalise(text)) for reference, text in zip(references, texts(said)) if reference]
    pairs = [pair for pair in pairs if pair[0]]
    return 100 * jiwer.wer(*map(list, zip(*pairs))) if pairs else 0.0


def compare(options, model, folder):
    """Whether all is as it must be."""
    source = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "npuspeech/models" / model
    if not (folder / QUANTISED[-1]).exists():
        subprocess.run([sys.executable, pathlib.Path(__file__).with_name("write_formats.py"), source, folder], check=True)
    references = [recordings.reference(path) for path in options.recordings]
    some = options.recordings[:FLOAT32_RECORDINGS]
    expected = transcripts(options.program, source, "float32", some)
    good = True
    for name in SAME:
        same = transcripts(options.program, folder / name, "float32", some) == expected
        print(f"{model} {name} float32: {'the same words at the same times' if same else 'OTHER WORDS'}", flush=True)
        good = good and same
    eight = error_rate(references, transcripts(options.program, source, "int8", options.recordings))
    print(f"{model} int8: {eight:.2f} %", flush=True)
    for name in QUANTISED:
        rate = error_rate(references, transcripts(options.program, folder / name, "int8", options.recordings))
        close = rate <= eight + MOST
        print(f"{model} {name}: {rate:.2f} %{'' if close else ', FURTHER THAN 0.3'}", flush=True)
        good = good and (close or name not in CLOSE)
    if wave := next((path for path in options.recordings if path.endswith(".wav")), None):
        for name in ("ggml-f16.bin", *QUANTISED):
            print(f"{model} {name} in whisper.cpp: {read_by_whisper_cpp(folder / name, wave)[:100]}", flush=True)
    return good


def main():
    options = arguments()
    missing = [name for name in NEEDED if not importlib.util.find_spec(name)]
    if missing or not options.program.exists():
        print(f"compare.py: skipped: {', '.join(missing) or options.program} is missing")
        return 77
    good = True
    with tempfile.TemporaryDirectory() as temporary:
        for model in options.model:
            folder = (options.folder or pathlib.Path(temporary)) / model
            good = compare(options, model, folder) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
