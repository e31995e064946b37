# SPDX-License-Identifier: LGPL-2.1-or-later
"""Transcribers that are GStreamer elements, heard at the clock's pace: ours, and whispertranscriber of gst-plugins-rs with the same weights.
A run takes as long as its audio. Each stream is a process of its own, so that its memory is its own."""

import json
import pathlib
import subprocess
import sys

import systems
from environments import CACHE, Unavailable

POLICIES = ["element", "whispertranscriber"]
THREADS = 2
PREPARE = '''. "$1/tools/prepare"
installPackages run bench
isBuilt .transcribe || {
  installPackages build
  makeBuild .transcribe '' examples/transcribe/npuspeech-transcribe gst/libgstnpuspeech.so
}
fetchModels "$2" silero-vad
[ "$3" != whispertranscriber ] || "$1/tests/downstream/build" whisper
echo "$build/gst"'''


def prepared(root, policy, model):
    """Where the plugins are."""
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", PREPARE, "bench/live", root, model, policy], stdout=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode:
        raise Unavailable(f"{policy} cannot be built")
    return f"{done.stdout.splitlines()[-1]}:{CACHE / 'downstream' / 'plugins'}"


def element(policy, model, language):
    folder = CACHE / "models" / model
    if policy == "element":
        return f"nputranscriber model={folder} language={language} threads={THREADS}"
    # Its defaults but for the latency, which must be longer than a chunk takes: 2 s on two Zen 4 cores.
    return (f"whispertranscriber model-path={systems.ggml_file(folder, 'q8_0')} language={language} n-threads={THREADS} use-gpu=false "
            f"model-preset={model.removeprefix('whisper-').replace('.', '-')} chunk-duration=4000 live-edge-offset=1000 latency=3000")


def replay(root, policy, model, language, wavs):
    """The lines of each stream by its file's name, as live_bench prints them. What is only known of windows is missing; a summary has
    "memory" too, [second, MB] every few seconds."""
    plugins, lines = prepared(root, policy, model), {}
    for wav in wavs:
        worker = systems.start([python_with_gi(), systems.HERE / "worker_element.py", plugins, element(policy, model, language), wav])
        lines[pathlib.Path(wav).name] = [json.loads(line) for line in systems.finish(worker, policy)[0].splitlines()]
    return lines


def python_with_gi():
    for python in (sys.executable, "/usr/bin/python3"):  # Debian's gi is for Debian's Python
        if not subprocess.run([python, "-c", "import gi"], capture_output=True, check=False).returncode:
            return python
    raise Unavailable("python3-gi is missing")
