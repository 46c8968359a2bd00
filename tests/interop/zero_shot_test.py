#!/usr/bin/env python3
"""Compares zero-shot classification by `dermatome evaluate` with the real open_clip on the same images.

  zero_shot_test.py DERMATOME WORK_DIR

The model is random and the images mean nothing: both must predict the same class for every image.
"""
import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy
import open_clip
import torch
import yaml
from PIL import Image

from open_clip_test import CASES, write_random_checkpoint

NAMES = [["eczema", "dermatitis"], ["melanoma"], ["naevus", "mole"], ["psoriasis"], ["acne"], ["vitiligo"], ["wart"]]
TEMPLATES = ["an image of {}.", "{}", "skin with {}, seen from near"]
NUMBER = 60


def write_data(folder):
    random = numpy.random.RandomState(9)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    with open(folder / "table.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["filename", "label"])
        for i in range(NUMBER):
            # Mean and contrast of the channels differ much; otherwise a random model would predict one class.
            pixels = random.randint(0, 256, (60, 50 + i, 3)) * random.rand(3) + random.randint(0, 120, 3)
            Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8)).save(folder / f"images/{i}.png")
            table.writerow([f"{i}.png", i % len(NAMES)])
    benchmark = {"name": "random", "kind": "classification", "role": "test",
                 "data": {"csv": "table.csv", "images": "images"}, "templates": TEMPLATES,
                 "classes": [{"label": str(i), "names": names} for i, names in enumerate(NAMES)],
                 "metrics": ["top1", "top5"]}
    (folder / "random.yaml").write_text(yaml.safe_dump(benchmark))


def open_clip_logits(checkpoint, folder):
    model, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{checkpoint}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{checkpoint}")
    templates = [lambda name, text=text: text.format(name) for text in TEMPLATES]
    pixels = torch.stack([preprocess(Image.open(folder / f"images/{i}.png")) for i in range(NUMBER)])
    with torch.no_grad():
        # The classifier of a class with several names is the mean over all its prompts. open_clip's function
        # takes only one name per class, so it is used only for classes with one name.
        columns = []
        for names in NAMES:
            if len(names) == 1:
                columns.append(open_clip.build_zero_shot_classifier(model, tokenizer, names, templates)[:, 0])
                continue
            prompts = [text.format(name) for name in names for text in TEMPLATES]
            mean = model.encode_text(tokenizer(prompts), normalize=True).mean(0)
            columns.append(mean / mean.norm())
        return (100 * model.encode_image(pixels, normalize=True) @ torch.stack(columns, 1)).numpy()


def compare(dermatome, checkpoint, folder):
    logits = open_clip_logits(checkpoint, folder)
    best_two = numpy.sort(logits, 1)[:, -2:]
    if (best_two[:, 1] - best_two[:, 0]).min() < 1e-3:
        sys.exit("two classes are too near to each other, so the comparison would prove nothing")
    guess = logits.argmax(1)
    if len(set(guess)) < 3:
        sys.exit(f"only classes {set(guess)} are predicted, too few for the comparison to prove something")
    truth = numpy.arange(NUMBER) % len(NAMES)
    output = subprocess.run([dermatome, "evaluate", "--checkpoint", checkpoint, "--benchmark",
                             folder / "random.yaml", "--device", "cpu"], check=True, capture_output=True).stdout
    result = json.loads(output)
    confusion = numpy.zeros((len(NAMES), len(NAMES)), int)
    numpy.add.at(confusion, (truth, guess), 1)
    top5 = (numpy.argsort(-logits, 1)[:, :5] == truth[:, None]).any(1).mean()
    print(f"{checkpoint}: top1 {result['scores']['top1']:.4f}, classes predicted {len(set(guess))}")
    if result["confusion"] != confusion.tolist():
        sys.exit(f"confusion is {result['confusion']}, open_clip's {confusion.tolist()}")
    if result["scores"] != {"top1": float((guess == truth).mean()), "top5": float(top5)}:
        sys.exit(f"scores are {result['scores']}, open_clip's {(guess == truth).mean()} and {top5}")

    lines = subprocess.run([dermatome, "classify", *[folder / f"images/{i}.png" for i in range(NUMBER)],
                            "--checkpoint", checkpoint, "--benchmark", folder / "random.yaml", "--top", "1", "--json",
                            "--cache", "", "--device", "cpu"], check=True, capture_output=True).stdout.splitlines()
    said = [int(json.loads(line)["classes"][0]["label"]) for line in lines]
    if said != guess.tolist():
        sys.exit(f"classify predicts {said}, open_clip {guess.tolist()}")


def main():
    dermatome, work = sys.argv[1], Path(sys.argv[2])
    torch.set_num_threads(1)
    write_data(work)
    for name, (quick_gelu, preprocess) in CASES.items():
        write_random_checkpoint(work / name, quick_gelu, preprocess)
        compare(dermatome, work / name, work)


if __name__ == "__main__":
    main()
