# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bars of times real time by system, from what bench/compare has saved. Run as a program in the plot environment it draws:
plot.py OUTPUT RESULT..."""

import json
import pathlib
import subprocess
import sys


def draw(root, results, output=None):
    import environments

    output = output or root / "docs" / "speed.svg"
    subprocess.run([environments.python_of("plot"), __file__, output, *results], check=True)
    environments.say(f"drew {output}")


def main(output, *results):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "npuspeech"  # the same picture has the same bytes
    matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
    from matplotlib import pyplot

    saved = [json.loads(pathlib.Path(path).read_text(encoding="utf-8")) for path in results]
    panels = [(f"{name}, {run['precision']}, {run['threads']} threads\n{run['cpu']['model']}, {run['date']}, {run['commit']}",
               model["speech"]) for run in saved for name, model in run["models"].items()]
    figure, axes = pyplot.subplots(len(panels), squeeze=False, layout="constrained",
                                   figsize=(7, sum(0.8 + 0.36 * len(rows) for _, rows in panels)))
    for axis, (title, rows) in zip(axes[:, 0], panels):
        names = list(rows)[::-1]
        bars = axis.barh(names, [rows[name]["speed"] for name in names],
                         color=["tab:blue" if name == "npuspeech" else "silver" for name in names])
        axis.bar_label(bars, fmt="%.1f", padding=3)
        axis.margins(x=0.12)
        axis.set_title(title, fontsize=9, loc="left")
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1, 0].set_xlabel("times real time: longer is faster")
    figure.savefig(output, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
