# SPDX-License-Identifier: LGPL-2.1-or-later
"""Word error rates with Whisper's normaliser, over all recordings that have a reference.

Run as a program in the common environment: reads {"language", "references", "texts": {system: [text]}} from standard input."""

import json
import subprocess
import sys


def word_error_rates(python, language, references, texts):
    """Percent by system; empty where no recording has a reference."""
    known = [i for i, text in enumerate(references) if text]
    question = {"language": language, "references": [references[i] for i in known],
                "texts": {system: [said[i] for i in known] for system, said in texts.items()}}
    if not known:
        return {}
    done = subprocess.run([python, __file__], input=json.dumps(question), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def main():
    import jiwer
    from whisper_normalizer.basic import BasicTextNormalizer
    from whisper_normalizer.english import EnglishTextNormalizer

    question = json.load(sys.stdin)
    language = question["language"]
    normalise = EnglishTextNormalizer() if language == "en" else BasicTextNormalizer(split_letters=language in ("ja", "zh", "ko"))
    pairs = {system: [(normalise(r).strip(), normalise(t).strip()) for r, t in zip(question["references"], said)]
             for system, said in question["texts"].items()}
    print(json.dumps({system: 100 * jiwer.wer(*map(list, zip(*((r, t) for r, t in both if r)))) for system, both in pairs.items()}))


if __name__ == "__main__":
    main()
