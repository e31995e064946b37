# SPDX-License-Identifier: LGPL-2.1-or-later
"""Private Python environments for the peers and for scoring: one each, so that one that cannot be had takes no other with it."""

import contextlib
import fcntl
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

TOOLS = pathlib.Path(__file__).resolve().parent.parent.parent / "tools"
CACHE = pathlib.Path.home() / ".cache"
if os.path.isabs(os.environ.get("XDG_CACHE_HOME", "")):
    CACHE = pathlib.Path(os.environ["XDG_CACHE_HOME"])
CACHE /= "npuspeech"

# The first package of each names the folder. Speed depends on the others that are pinned here; what they need in turn does not matter.
PACKAGES = {
    "common": ["jiwer==4.0.0", "whisper-normalizer==0.1.15", "av==18.1.0", "numpy==2.4.6"],
    "faster-whisper": ["faster-whisper==1.2.1", "ctranslate2==4.8.5", "onnxruntime==1.32.0", "av==18.1.0", "numpy==2.4.6"],
    "pywhispercpp": ["pywhispercpp==1.5.1", "numpy==2.4.6"],
    "openvino": ["openvino==2026.4.1", "numpy==2.4.6"],
    "plot": ["matplotlib==3.11.2"],
    "diar": ["pyannote.metrics==4.2.0"],
}


attempts = {}  # interpreter or Unavailable by name


class Unavailable(Exception):
    """Why a peer is left out: one sentence."""


def say(text):
    print(f"bench/{pathlib.Path(sys.argv[0]).name}: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def locked(path):
    """Held by this process and by those that it gives the file to, so that nothing is removed under an orphan that still writes."""
    with open(path, "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process that prepares {path.parent}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def install(python, packages, lock):
    """Wheels only: nothing is compiled."""
    command = [python, "-m", "pip", "install", "--only-binary=:all:", "--no-input", "--disable-pip-version-check",
               "--progress-bar=off", *packages]
    reason = "pip failed"
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          pass_fds=[lock.fileno()]) as pip:
        for line in map(str.strip, pip.stdout):
            if line.startswith(("Downloading", "Installing")):
                say(f"  {line[:100]}")
            if line.startswith("ERROR:") or "No module named" in line:
                reason = line.removeprefix("ERROR: ")
    if pip.returncode:
        raise Unavailable(f"pip could not install {' '.join(packages)}: {reason}")


def python_of(name):
    """The interpreter of environment `name`. What failed once is not tried again by this process."""
    if name not in attempts:
        try:
            attempts[name] = make(PACKAGES[name], name)
        except Unavailable as reason:
            attempts[name] = reason
    if isinstance(attempts[name], Unavailable):
        raise attempts[name]
    return attempts[name]


def make(packages, name):
    """Makes the environment where it is missing, unfinished, or of other packages or another Python."""
    folder = CACHE / "bench" / f"{name}-{packages[0].split('==')[1]}"
    python, ready = folder / "bin" / "python", folder / "ready"
    wanted = "\n".join([sys.version.split()[0], *packages])
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.parent / f".{name}.lock") as lock:
        if ready.exists() and ready.read_text() == wanted:
            return python
        say(f"installing {', '.join(packages)} into {folder}")
        shutil.rmtree(folder, ignore_errors=True)
        if not importlib.util.find_spec("ensurepip"):  # Debian keeps it in a package of its own
            subprocess.run(["bash", "-euo", "pipefail", "-c", '. "$0"/prepare; installPackages venv', TOOLS], stdout=sys.stderr,
                           check=False)
        made = subprocess.run([sys.executable, "-m", "venv", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False, pass_fds=[lock.fileno()])
        if made.returncode:
            raise Unavailable("no environment can be made: " + " ".join(made.stdout.split())[:200])
        install(python, packages, lock)
        ready.write_text(wanted)  # the last thing: without it all of this is done again
    return python
