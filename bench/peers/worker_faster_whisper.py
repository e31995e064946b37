# SPDX-License-Identifier: LGPL-2.1-or-later
"""faster-whisper, greedy, everything else as it does by default; --batch N: its BatchedInferencePipeline."""

from faster_whisper import BatchedInferencePipeline, WhisperModel
from worker import serve


def load(options):
    model = WhisperModel(options.model, device="cpu", compute_type=options.precision, cpu_threads=options.threads)
    return BatchedInferencePipeline(model) if options.batch else model


def transcribe(model, clip, options, emit):
    language = None if options.language == "auto" else options.language
    batched = {"batch_size": options.batch} if options.batch else {}
    for segment in model.transcribe(clip, language=language, beam_size=1, temperature=0.0, **batched)[0]:
        emit(segment.text)


serve(load, transcribe)
