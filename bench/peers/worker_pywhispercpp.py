# SPDX-License-Identifier: LGPL-2.1-or-later
"""whisper.cpp as its Python package brings it (built for AVX2), greedy, everything else as it does by default; --model: a ggml file."""

from pywhispercpp.model import Model
from worker import serve


def load(options):
    return Model(options.model, redirect_whispercpp_logs_to=None, n_threads=options.threads, language=options.language,
                 temperature=0.0, temperature_inc=0.0, greedy={"best_of": 1}, print_progress=False)


def transcribe(model, clip, options, emit):
    model.transcribe(clip, new_segment_callback=lambda segment: emit(segment.text))


serve(load, transcribe)
