"""`tools/bench.sh encode`: features of images and prompts beside open_clip's own model."""

import statistics
import sys

import open_clip
import torch
from harness import Spread, Worker, take_turns
from safetensors.torch import load_file, save_file

TOLERANCE = 1e-5  # largest difference of a feature, float32 on both sides

# A benchmark of 128 classes, each a condition at a site.
CONDITIONS = ["psoriasis", "atopic dermatitis", "basal cell carcinoma", "melanoma", "tinea", "vitiligo",
              "seborrheic keratosis", "actinic keratosis", "squamous cell carcinoma", "lichen planus",
              "melanocytic nevus", "haemangioma", "contact dermatitis", "rosacea", "impetigo",
              "cutaneous lupus erythematosus"]
SITES = ["face", "scalp", "trunk", "back", "forearm", "hand", "lower leg", "foot"]
TEMPLATES = ["a photo of {}", "a clinical image of skin with {}", "this lesion shows {}",
             "a patient presenting with {}", "a close view of {} taken in a clinic",
             "dermatology atlas: {}"]


def prompts(number):
    """Every template with the names of `number` classes."""
    classes = [f"{condition} of the {site}" for condition in CONDITIONS for site in SITES][:number]
    return [template.format(name) for name in classes for template in TEMPLATES]


def compare_features(ours, theirs, folder):
    """The largest difference of a feature; ends the program if it is too large."""
    files = [folder / "ours.safetensors", folder / "theirs.safetensors"]
    for worker, file in zip((ours, theirs), files):
        worker.ask(f"features {file}")
    found, expected = map(load_file, files)
    differences = {name: (found[name] - features).abs().max().item()
                   for name, features in expected.items()}
    for name, difference in differences.items():
        if not difference <= TOLERANCE:
            sys.exit(f"bench.py: features of {name} differ by {difference:.2e}; nothing is measured")
    return max(differences.values())


def measure_encode(arguments, report, folder, model, image_size):
    texts = prompts(arguments.classes)
    tokens = [int((row != 0).sum()) for row in open_clip.get_tokenizer("ViT-B-16")(texts)]
    report.condition(model=arguments.model.name, image_batch=arguments.batch, texts=len(texts),
                     text_batch=arguments.text_batch, mean_tokens=round(statistics.mean(tokens), 1),
                     feature_tolerance=TOLERANCE)
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randn(arguments.batch, 3, image_size, image_size, generator=generator)
    save_file({"pixels": pixels}, folder / "pixels.safetensors")
    (folder / "texts.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    common = ["encode", "--model", model, "--pixels", folder / "pixels.safetensors", "--texts",
              folder / "texts.txt", "--text-batch", arguments.text_batch]
    kinds = {"images": arguments.batch, "texts": len(texts), "strings": len(texts)}
    with Worker([arguments.worker, *common]) as ours, Worker([*arguments.naive, *common]) as theirs:
        difference = compare_features(ours, theirs, folder)
        turns = take_turns(arguments.rounds, *((worker, kind) for kind in kinds
                                               for worker in (ours, theirs)))
    for number, (kind, count) in enumerate(kinds.items()):
        mine, others = (Spread([count / answer["cpu"] for answer in side])
                        for side in turns[2 * number:2 * number + 2])
        by_round = mine.ratios_to(others)
        what = "texts, tokenized before" if kind == "texts" else (
            "texts, tokenized too" if kind == "strings" else kind)
        report.row(f"{what}: x {mine.median / others.median:.2f}, round by round {by_round:.2f}; ours, "
                   f"open_clip: features per CPU s {mine:.2f}, {others:.2f}; features differ by "
                   f"{difference:.1e} at most", kind=kind, ratio=by_round, ours=mine,
                   open_clip=others, difference=difference)
        if kind != "strings":
            report.result[f"{kind[:-1]}_ratio"] = mine.median / others.median
