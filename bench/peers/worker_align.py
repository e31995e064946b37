# SPDX-License-Identifier: LGPL-2.1-or-later
"""When words are said, by faster-whisper; run in its environment. Reads [[recording, text or null]] as its last argument, prints
[[[word, start, end]]] on one line."""

import argparse
import json

from faster_whisper import WhisperModel, decode_audio
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer

LONGEST = 29.0  # seconds that one window holds


def align(model, tokenizer, audio, text):
    features = model.feature_extractor(audio)
    frames = min(features.shape[-1] - 1, 3000)
    states = model.encode(pad_or_trim(features[..., :frames]))
    [words] = model.find_alignment(tokenizer, [tokenizer.encode(" " + text)], states, frames)
    return [[word["word"], float(word["start"]), float(word["end"])] for word in words if word["word"].strip()]


def read(model, audio, language):
    segments, _ = model.transcribe(audio, language=language, beam_size=5, word_timestamps=True)
    return [[word.word, float(word.start), float(word.end)] for segment in segments for word in segment.words]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    parser.add_argument("--language")
    parser.add_argument("recordings")
    options = parser.parse_args()
    model = WhisperModel(options.model, device="cpu", compute_type="float32", cpu_threads=2)
    tokenizer = Tokenizer(model.hf_tokenizer, True, task="transcribe", language=options.language)
    times = []
    for path, text in json.loads(options.recordings):
        audio = decode_audio(path)
        fits = text and len(audio) <= LONGEST * 16000
        times.append(align(model, tokenizer, audio, text) if fits else read(model, audio, options.language))
    print(json.dumps(times))


if __name__ == "__main__":
    main()
