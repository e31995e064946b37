# SPDX-License-Identifier: LGPL-2.1-or-later
"""What bench/live listens to: recordings, and rows of a corpus joined to streams of minutes. With their text, and when each word ends.

A corpus is a folder with a manifest.tsv (columns file, transcript). Rows "librispeech/<speaker>-<chapter>-<number>" become a stream a
chapter where there are at least CHAPTER of them, in order and with nothing between; what is left is one more stream. Rows "longform/" are
streams already. Parameters are chosen on the half TUNING: every other one of the long recordings and of the chapters, in order; the
rest, HELD_OUT, is for the report alone."""

import array
import collections
import csv
import hashlib
import json
import pathlib
import random
import tempfile
import wave

import recordings
import systems
from environments import CACHE

CHAPTER = 5
RATE = recordings.RATE
TUNING, HELD_OUT = "tuning", "held-out"

# Samples; [[text, seconds of those samples]] a row, None where no text is known.
Stream = collections.namedtuple("Stream", "name rows half")


def of_corpus(folder):
    folder = pathlib.Path(folder)
    with open(folder / "manifest.tsv", newline="", encoding="utf-8") as table:
        files = sorted(row["file"] for row in csv.DictReader(table, delimiter="\t"))
    long = [file for file in files if file.startswith("longform/")]
    chapters = collections.defaultdict(list)
    for file in files:
        if file.startswith("librispeech/"):
            chapters[tuple(map(int, pathlib.Path(file).stem.split("-")[:2]))].append(file)
    whole = [rows for _, rows in sorted(chapters.items()) if len(rows) >= CHAPTER]
    rest = [file for _, rows in sorted(chapters.items()) if len(rows) < CHAPTER for file in rows]
    parts = [[file] for file in long], whole
    streams = [Stream(pathlib.Path(rows[0]).stem, rows, (TUNING, HELD_OUT)[i % 2]) for group in parts for i, rows in enumerate(group)]
    streams.append(Stream("librispeech-rest", rest, HELD_OUT))
    return [stream._replace(rows=[str(folder / row) for row in stream.rows]) for stream in streams if stream.rows]


def write(path, samples):
    with wave.open(str(path), "wb") as target:
        target.setparams((1, 2, RATE, 0, "NONE", None))
        target.writeframes(samples.tobytes())


def samples_of(wav):
    with wave.open(str(wav)) as source:
        return array.array("h", source.readframes(source.getnframes()))


def make(python, streams, folder):
    """WAV files of the streams in `folder`, and for each {"text", "parts": [[path, text, first second]]}."""
    made = []
    for stream in streams:
        with tempfile.TemporaryDirectory() as pieces:
            wavs, _ = recordings.decode(python, stream.rows, pieces)
            samples, parts = array.array("h"), []
            for row, wav in zip(stream.rows, wavs):
                parts.append([row, recordings.reference(row), len(samples) / RATE])
                samples.extend(samples_of(wav))
        write(folder / f"{stream.name}.wav", samples)
        known = all(text for _, text, _ in parts)
        made.append({"text": " ".join(text for _, text, _ in parts) if known else None, "parts": parts,
                     "seconds": len(samples) / RATE})
    return made


def word_ends(model, language, made):
    """[[word, start, end]] a stream, by faster-whisper: its aligner on rows whose text is known and that fit into one window, its own
    text and word times else. Kept in the cache: they cost as much as transcribing."""
    parts = [part for stream in made for part in stream["parts"]]
    key = hashlib.sha256()
    for path, text, _ in parts:
        key.update(pathlib.Path(path).read_bytes() + str(text).encode())
    cached = CACHE / "bench" / f"word-ends-{pathlib.Path(model).name}-{language}-{key.hexdigest()[:16]}.json"
    if not cached.exists():
        found = systems.run_python("faster-whisper", "worker_align.py", "--model", model, "--language", language,
                                   json.dumps([part[:2] for part in parts]))
        cached.write_text(json.dumps(found), encoding="utf-8")
    times = iter(json.loads(cached.read_text(encoding="utf-8")))
    return [[[word, start + first, end + first] for _, _, first in stream["parts"] for word, start, end in next(times)]
            for stream in made]


def silences(folder, seconds):
    """Streams in which nobody speaks: nothing at all, noise, and what is like music. Returns their names."""
    noise = random.Random(20221206)
    count = int(seconds * RATE)
    write(folder / "silence.wav", array.array("h", bytes(2 * count)))
    second = [array.array("h", (int(noise.gauss(0, 1000)) for _ in range(RATE))) for _ in range(10)]
    noisy = array.array("h")
    while len(noisy) < count:
        noisy.extend(noise.choice(second))
    write(folder / "noise.wav", noisy[:count])
    write(folder / "music.wav", music(noise, count))
    return ["silence.wav", "noise.wav", "music.wav"]


def music(dice, count):
    """Chords of plucked strings (Karplus and Strong, 1983), four a bar, two bars a second and a half."""
    beat = int(0.375 * RATE)
    chords = [(48, 55, 64, 67), (45, 52, 60, 64), (41, 53, 57, 60), (43, 50, 59, 62)]
    plucked = {}
    for key in sorted({key for chord in chords for key in chord}):
        period = int(RATE / (440 * 2 ** ((key - 69) / 12)))
        string, sound = [dice.uniform(-3500, 3500) for _ in range(period)], array.array("d")
        for i in range(4 * beat):
            at, following = i % period, (i + 1) % period
            sound.append(string[at])
            string[at] = 0.498 * (string[at] + string[following])
        plucked[key] = sound
    bars = [array.array("h") for _ in chords]
    for bar, chord in zip(bars, chords):
        for i in range(4 * beat):
            bar.append(int(sum(plucked[key][(i - n * beat) % (4 * beat)] for n, key in enumerate(chord))))
    tune = array.array("h")
    while len(tune) < count:
        tune.extend(bars[len(tune) // (4 * beat) % len(bars)])
    return tune[:count]
