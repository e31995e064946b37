#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One model in every format that is read: the same words in float32, and error rates of quantised files beside int8's.

usage: compare.py [--model NAME]... [--program PROGRAM] [--folder FOLDER] RECORDING...

Run by hand, with ffmpeg and a Python that has torch, transformers, gguf, numpy, jiwer, whisper-normalizer and pywhispercpp: what is missing is named,
and the exit status is then 77. The files are written by write_formats.py, and whisper.cpp's are read by whisper.cpp as well, to show that they
are right.

Error rates: recordings with "<name>.txt" beside them, or with a row in a manifest.tsv above them. Each is read as it is and in variants, with a
moment of silence in front, louder or softer, faster or slower: single words fall by chance, in these otherwise. What is printed is the mean
difference to int8 and between what bounds it lies with 95 % of the recordings drawn again.

Exit status 1: words differ in float32, or a file of 8 bits, or of 5 with offsets, is more than 0.3 percent above int8 beyond chance."""

import argparse
import importlib.util
import json
import os
import pathlib
import random
import shutil
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
CLOSE = QUANTISED[:2]  # the others lose words by themselves, in float32 too (docs/performance/2026-11-29-file-formats.md)
MOST = 0.3  # percent
FLOAT32_RECORDINGS = 10  # so many are read in float32, which is slow


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="append", help="a CTranslate2 model in the cache (default: whisper-base)")
    parser.add_argument("--program", default=ROOT / "build/examples/transcribe/npuspeech-transcribe", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path, help="where the files are kept (default: a temporary one)")
    parser.add_argument("--variants", type=int, default=8, help="of each recording, itself included (default: 8)")
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


def decode(recording, filters, path):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", recording, "-af", filters, "-ar", "16000", "-ac", "1", path],
                   check=True, stdin=subprocess.DEVNULL)


def write_variant(recording, number, path):
    chance = random.Random(f"{number} {pathlib.Path(recording).name}")
    speed, ms, gain = chance.uniform(0.97, 1.03), chance.uniform(50, 900), chance.uniform(-3, 3)
    filters = f"aresample=16000,asetrate={16000 * speed:.0f},aresample=16000,adelay={ms:.0f}:all=1,volume={gain:.2f}dB"
    decode(recording, filters, path)


def varied(paths, variants, folder):
    """The recordings, then each variant of all of them."""
    everything = list(paths)
    for number in range(1, variants):
        for i, recording in enumerate(paths):
            everything.append(str(folder / f"{number}-{i}.wav"))
            write_variant(recording, number, everything[-1])
    return everything


def word_errors(references, said):
    """Of each recording, in all of its variants."""
    import jiwer
    import numpy
    from whisper_normalizer.english import EnglishTextNormalizer

    normalise = EnglishTextNormalizer()
    errors = numpy.zeros(len(references))
    for i, text in enumerate(texts(said)):
        if reference := normalise(references[i % len(references)]).strip():
            found = jiwer.process_words(reference, normalise(text).strip())
            errors[i % len(references)] += found.substitutions + found.deletions + found.insertions
    return errors


def bounds(difference, words):
    """Between what percentages the difference lies, were other recordings of the kind taken: a bootstrap over recordings."""
    import numpy

    drawn = numpy.random.default_rng(1).integers(0, len(words), (10000, len(words)))
    return numpy.percentile(100 * difference[drawn].sum(1) / words[drawn].sum(1), (2.5, 97.5))


def compare_errors(options, model, source, folder):
    """Whether none that should be close is further from int8 than chance explains."""
    import numpy
    from whisper_normalizer.english import EnglishTextNormalizer

    normalise = EnglishTextNormalizer()
    known = [(path, reference) for path in options.recordings if (reference := recordings.reference(path))]
    if not known:
        return True
    paths, references = zip(*known)
    words = numpy.array([len(normalise(reference).split()) for reference in references]) * options.variants
    good = True
    with tempfile.TemporaryDirectory() as temporary:
        everything = varied(paths, options.variants, pathlib.Path(temporary))
        eight = word_errors(references, transcripts(options.program, source, "int8", everything))
        print(f"{model} int8: {100 * eight.sum() / words.sum():.2f} % of {words.sum()} words", flush=True)
        for name in QUANTISED:
            errors = word_errors(references, transcripts(options.program, folder / name, "int8", everything))
            least, most = bounds(errors - eight, words)
            far = name in CLOSE and least > MOST
            good = good and not far
            print(f"{model} {name}: {100 * errors.sum() / words.sum():.2f} %, {100 * (errors - eight).sum() / words.sum():+.2f} "
                  f"({least:+.2f} to {most:+.2f}){', FURTHER THAN 0.3' if far else ''}", flush=True)
    return good


def compare(options, model, folder):
    """Whether all is as it must be."""
    source = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "npuspeech/models" / model
    if not all((folder / name).exists() for name in (*SAME, *QUANTISED)):
        subprocess.run([sys.executable, pathlib.Path(__file__).with_name("write_formats.py"), source, folder], check=True)
    some = options.recordings[:FLOAT32_RECORDINGS]
    expected = transcripts(options.program, source, "float32", some)
    good = True
    for name in SAME:
        same = transcripts(options.program, folder / name, "float32", some) == expected
        print(f"{model} {name} float32: {'the same words at the same times' if same else 'OTHER WORDS'}", flush=True)
        good = good and same
    good = compare_errors(options, model, source, folder) and good
    with tempfile.TemporaryDirectory() as temporary:
        wave = pathlib.Path(temporary) / "first.wav"
        decode(options.recordings[0], "anull", wave)
        for name in ("ggml-f16.bin", *QUANTISED):
            print(f"{model} {name} in whisper.cpp: {read_by_whisper_cpp(folder / name, wave)[:100]}", flush=True)
    return good


def main():
    options = arguments()
    missing = [name for name in NEEDED if not importlib.util.find_spec(name)] + ([] if shutil.which("ffmpeg") else ["ffmpeg"])
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
