#!/usr/bin/env python3
"""Prints the closing table of tools/quickstart.sh.

    tools/quickstart_report.py BASELINE_JSON RUN…

BASELINE_JSON is what tools/color_baseline.py printed; RUN is a run's folder, which holds the
scores in results.jsonl. The last line is for machines.
"""

import csv
import json
import sys
from pathlib import Path

# Shown name, benchmark, metric.
SCORES = [
    ("skin tone, zero-shot accuracy", "emoji-skin-tone", "top1"),
    ("group, zero-shot balanced accuracy", "emoji-group", "balanced_accuracy"),
    ("name from image, R@1", "emoji-retrieval", "image_to_text_R@1"),
    ("name from image, R@10", "emoji-retrieval", "image_to_text_R@10"),
    ("image from name, R@10", "emoji-retrieval", "text_to_image_R@10"),
]
TONE, NAME_AT_10 = SCORES[0], SCORES[3]
NUM_TONES, NUM_GROUPS = 5, 9


def chances():
    """What guessing scores, by shown name."""
    with open("data/emoji/test_retrieval.csv", encoding="utf-8", newline="") as file:
        candidates = sum(1 for _ in csv.DictReader(file))
    chance = (1 / NUM_TONES, 1 / NUM_GROUPS, 1 / candidates, 10 / candidates, 10 / candidates)
    return dict(zip((name for name, _, _ in SCORES), chance))


def read_scores(run):
    """(scores at the start, scores at the end) of a run, each by shown name."""
    lines = (run / "results.jsonl").read_text(encoding="utf-8").splitlines()
    validations = {entry["step"]: entry["validation"] for entry in map(json.loads, lines)
                   if "validation" in entry}
    if 0 not in validations or len(validations) < 2:
        sys.exit(f"error: {run / 'results.jsonl'} has no validation before and after training")
    try:
        return [{name: validation[benchmark][metric] for name, benchmark, metric in SCORES}
                for validation in (validations[0], validations[max(validations)])]
    except KeyError as error:
        sys.exit(f"error: {run / 'results.jsonl'} has no score {error}; the run's log says why")


def print_table(starts, ends, baseline):
    """Prints one row per score: at the start, at the end, by chance, from color alone."""
    chance = chances()
    print(f"{'held-out images':<36}{'start':>8}{'end':>8}{'chance':>8}{'color':>8}")
    for name, _, _ in SCORES:
        color = f"{baseline['top1']:.3f}" if name == TONE[0] else "-"
        print(f"{name:<36}{starts[name]:>8.3f}{ends[name]:>8.3f}{chance[name]:>8.3f}{color:>8}")


def mean(scores):
    return {name: sum(score[name] for score in scores) / len(scores) for name in scores[0]}


def main():
    baseline = json.loads(sys.argv[1])
    runs = [Path(argument) for argument in sys.argv[2:]]
    results = [read_scores(run) for run in runs]
    for run, (start, end) in zip(runs, results):
        print(f"\n{run}")
        print_table(start, end, baseline)
    start, end = (mean(scores) for scores in zip(*results))
    if len(runs) > 1:
        print(f"\nmean of {len(runs)} runs")
        print_table(start, end, baseline)
    print("\n(color: ridge regression on an image's mean color)")
    print(f"quickstart: emoji skin-tone zero-shot {start[TONE[0]]:.2f} -> {end[TONE[0]]:.2f} "
          f"(chance {1 / NUM_TONES:.2f}), retrieval R@10 {start[NAME_AT_10[0]]:.2f} -> "
          f"{end[NAME_AT_10[0]]:.2f}, run {' '.join(map(str, runs))}")


if __name__ == "__main__":
    main()
