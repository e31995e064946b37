# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is printed and what is saved."""

import datetime
import json
import os
import pathlib
import re
import subprocess


def number(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"


def print_speech(model, rows):
    """rows: by system {"speed", "wer", "first", "memory", "load"}."""
    print(f"\n{model:32} {'WER %':>7} {'x real time':>12} {'first text s':>13} {'peak MB':>8} {'load s':>7} {'we are faster':>14}")
    ours = rows.get("npuspeech")
    for name, row in rows.items():
        ratio = f"{ours['speed'] / row['speed']:.2f} x" if ours and row is not ours else ""
        print(f"{name:32} {number(row['wer'], 2):>7} {row['speed']:12.1f} {number(row['first'], 2):>13} {row['memory']:8.0f} "
              f"{row['load']:7.2f} {ratio:>14}")


def print_encoders(model, rows):
    print(f"\n{model + ', encoder, 30 s':32} {'ms':>7} {'rel. error':>12} {'we are faster':>14}")
    ours = rows.get("npuspeech int8")
    for name, row in rows.items():
        error = f"{row['error']:.1e}" if "error" in row else "-"
        ratio = f"{row['ms'] / ours['ms']:.2f} x" if ours and row is not ours else ""
        print(f"{name:32} {row['ms']:7.0f} {error:>12} {ratio:>14}")
    if ours:
        print(f"the hardware's int8 peak: {ours['peak']:.0f} GOPS, measured in the same run; our encoder reaches "
              f"{100 * ours['share']:.0f} % of it")


def print_parts(name, result):
    """result: what parts.compare() gives. Times by the clock, and in brackets of processor time."""
    print(f"\n{name:16} {'first load s':>13} {'load s':>7} {'peak MB':>8} {'encoder ms':>18} {'100 steps ms':>18}")
    for who, first, memory in (("npuspeech", result["first"], result["memory"]), ("faster-whisper", None, None)):
        row = result["ours" if who == "npuspeech" else "peer"]
        if row:
            times = " ".join(f"{row[part][0]:{width}.0f} {f'({row[part][1]:.0f})':>8}" for part, width in
                             (("encoder", 9), ("steps", 9)))
            print(f"{who:16} {number(first, 2):>13} {row['load']:7.2f} {memory or row['memory']:8.0f} {times}")
    if result["ratios"]:
        print("we are faster: " + ", ".join(f"{part} {clock:.1f} x ({processor:.1f} x)" for part, (clock, processor) in
                                            result["ratios"].items()))
    share = f"the encoder reaches {100 * result['ours']['share']:.0f} % of the hardware's peak"
    packed = result["packed"]
    print(share + (f"; the peak memory is {result['memory'] / packed:.2f} x the {packed:.0f} MB of packed weights" if packed else ""))


def processor():
    """Model, vector instructions and processors as Linux names them."""
    text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^(?:model name|Model)\s*: (.*)", text, re.M)
    flags = re.search(r"^(?:flags|Features)\s*: (.*)", text, re.M)
    vector = [flag for flag in (flags[1].split() if flags else []) if re.match(r"avx|amx|fma|f16c|sse4|asimd|i8mm|bf16|sve", flag)]
    return {"model": model[1] if model else "unknown", "flags": vector, "processors": os.cpu_count()}


def commit(root):
    done = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty", "--abbrev=8"], stdout=subprocess.PIPE, text=True,
                          check=False)
    return done.stdout.strip() or "unknown"


def write(root, kind, content):
    """bench/results/<kind><date>-<commit>.json; returns its path. The file begins with where and when."""
    today, revision = datetime.date.today().isoformat(), commit(root)
    path = root / "bench" / "results" / f"{kind}{today}-{revision}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"date": today, "commit": revision, "cpu": processor(), **content}, indent=1) + "\n", encoding="utf-8")
    return path


def save(root, options, recordings, results):
    return write(root, "", {"threads": options.threads, "rounds": options.rounds, "language": options.language,
                            "precision": options.precision, "recordings": recordings, "models": results})


def save_parts(root, options, results):
    return write(root, "random-", {"threads": options.threads, "rounds": options.rounds, "precision": options.precision, "sizes": results})


def save_live(root, options, halves):
    return write(root, "live-", {"model": options.model, "language": options.language, "options": options.option, "halves": halves})
