#!/usr/bin/env python3
"""How well the mean color alone predicts the skin tone of held-out emoji: the least a model must reach.

    tools/color_baseline.py [DATA]        (default: data/emoji, made by tools/prepare_emoji.py)

Fits a ridge regression from an image's mean red, green and blue to the tones, one against the rest,
on the training images that show exactly one tone. The tone with the largest value is the prediction.
Prints one JSON line.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

PENALTY = 1e-3


def mean_colors(folder, names):
    """[n, 4]: mean red, green and blue in [0, 1], and a one for the intercept."""
    rows = []
    for name in names:
        with Image.open(folder / name) as image:
            color = np.asarray(image.convert("RGB"), dtype=np.float64).mean(axis=(0, 1)) / 255
        rows.append([*color, 1.0])
    return np.array(rows)


def read_tones(path, column):
    """(file names, tones) of the rows that have a tone."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = [(row["filename"], row[column]) for row in csv.DictReader(file) if row[column]]
    return [name for name, _ in rows], np.array([tone for _, tone in rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path, default=Path("data/emoji"))
    folder = parser.parse_args().data
    train_names, train_tones = read_tones(folder / "train.csv", "tone")
    test_names, test_tones = read_tones(folder / "test_tone.csv", "label")
    classes = np.unique(train_tones)
    colors = mean_colors(folder, train_names)
    # The intercept is not shrunk.
    penalty = PENALTY * len(colors) * np.diag([1.0, 1.0, 1.0, 0.0])
    targets = (train_tones[:, None] == classes).astype(np.float64)
    weights = np.linalg.solve(colors.T @ colors + penalty, colors.T @ targets)
    predictions = classes[np.argmax(mean_colors(folder, test_names) @ weights, axis=1)]
    accuracy = float(np.mean(predictions == test_tones))
    print(json.dumps({"benchmark": "emoji-skin-tone", "method": "ridge on mean color",
                      "top1": round(accuracy, 4), "images": len(test_names)}))


if __name__ == "__main__":
    main()
