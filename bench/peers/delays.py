# SPDX-License-Identifier: LGPL-2.1-or-later
"""What live_bench has printed about one stream, against when its words are said. All times in seconds of the stream."""

import difflib
import re

NEAR = 1.0  # an interim word is the committed one's if they are this close


def plain(text):
    return re.sub(r"[^\w' ]", "", text.lower()).split()


def words_of(lines):
    """[text, start, end, when it came out, when a reader saw it first], in the order that they came out."""
    shown, words = {}, []
    for line in lines:
        for start, end, text in line["interim"] + line["words"]:
            shown.setdefault(" ".join(plain(text)), []).append((start, line["at"]))
        for start, end, text in line["words"]:
            seen = [at for other, at in shown[" ".join(plain(text))] if abs(other - start) < NEAR]
            words.append([text, start, end, line["at"], min(seen)])
    return words


def matched(words, truth):
    """Pairs (word as in words_of, [text, start, end] of truth) of what is the same in both."""
    said = [(part, word) for word in words for part in plain(word[0])]
    known = [(part, word) for word in truth for part in plain(word[0])]
    blocks = difflib.SequenceMatcher(None, [p for p, _ in known], [p for p, _ in said], False).get_matching_blocks()
    return [(said[b.b + i][1], known[b.a + i][1]) for b in blocks for i in range(b.size)]


def measure(lines, truth):
    """Lists of seconds by name: "committed" and "seen", from a word's end; "final", from the end of an utterance to its last words;
    "times", how far word starts and ends are off. And "backward", words that begin before the one that came out before them."""
    words = words_of(lines)
    pairs = matched(words, truth)
    return {"committed": [word[3] - end for word, (_, _, end) in pairs],
            "seen": [word[4] - end for word, (_, _, end) in pairs],
            "final": [line["at"] - line["now"] for line in lines if line["final"] and line["words"]],
            "times": [(abs(word[1] - start) + abs(word[2] - end)) / 2 for word, (_, start, end) in pairs],
            "backward": sum(after[1] < before[1] - 0.02 for before, after in zip(words, words[1:]))}
