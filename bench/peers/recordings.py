# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recordings as every system gets them, 16 kHz mono WAV, and what is said in them where that is known.

Run as a program in the common environment it decodes: recordings.py FOLDER RECORDING... writes FOLDER/0.wav and so on."""

import csv
import pathlib
import subprocess
import sys
import wave

RATE = 16000


def reference(recording):
    """What is said: from "<recording>.txt" beside it, or column `transcript` of the row of its file in a manifest.tsv in a folder above."""
    path = pathlib.Path(recording).resolve()
    sidecar = path.with_suffix(".txt")
    if sidecar.exists():
        return sidecar.read_text(encoding="utf-8").strip() or None
    for folder in path.parents:
        manifest = folder / "manifest.tsv"
        if manifest.exists():
            with open(manifest, newline="", encoding="utf-8") as table:
                for row in csv.DictReader(table, delimiter="\t"):
                    if row.get("file") == str(path.relative_to(folder)):
                        return (row.get("transcript") or "").strip() or None
    return None


def decode(python, recordings, folder):
    """WAV files of `recordings`, made with the interpreter of the common environment; and their seconds."""
    subprocess.run([python, __file__, folder, *recordings], check=True)
    paths = [pathlib.Path(folder) / f"{i}.wav" for i in range(len(recordings))]
    return paths, [(path.stat().st_size - 44) / 2 / RATE for path in paths]


def main(folder, *recordings):
    import av

    for i, recording in enumerate(recordings):
        resampler = av.AudioResampler("s16", "mono", RATE)
        try:
            with av.open(recording) as source, wave.open(f"{folder}/{i}.wav", "wb") as target:
                target.setparams((1, 2, RATE, 0, "NONE", None))
                for frame in source.decode(audio=0):
                    for piece in resampler.resample(frame):
                        target.writeframes(piece.to_ndarray().tobytes())
                for piece in resampler.resample(None):
                    target.writeframes(piece.to_ndarray().tobytes())
        except (av.FFmpegError, IndexError) as reason:
            sys.exit(f"bench/compare: {recording} cannot be decoded: {reason}")


if __name__ == "__main__":
    main(*sys.argv[1:])
