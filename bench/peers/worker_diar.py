# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scores speaker turns against RTTM with pyannote.metrics. stdin: a JSON list of {"rttm", "turns": [[start ns, end ns, speaker]]}; stdout: for each
file its errors, and the sums of all."""

import json
import pathlib
import sys

from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate


def annotation(turns):
    result = Annotation()
    for track, (start, end, speaker) in enumerate(turns):
        result[Segment(start, end), track] = str(speaker)
    return result


def reference(path):
    rows = [line.split() for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines() if line.startswith("SPEAKER")]
    return annotation([(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in rows])


def main():
    metrics = {"der": DiarizationErrorRate(collar=0), "der 0.25": DiarizationErrorRate(collar=0.5), "jer": JaccardErrorRate()}  # collar: of both sides
    files, right = [], 0
    for entry in json.load(sys.stdin):
        wanted, found = reference(entry["rttm"]), annotation([(start / 1e9, end / 1e9, speaker) for start, end, speaker in entry["turns"]])
        scores = {name: metric(wanted, found) for name, metric in metrics.items()}
        scores |= {"speakers": len(found.labels()), "of": len(wanted.labels())}
        right += scores["speakers"] == scores["of"]
        files.append(scores)
    json.dump({"files": files, "all": {name: abs(metric) for name, metric in metrics.items()} | {"counts right": right}}, sys.stdout)


main()
