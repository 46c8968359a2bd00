#!/usr/bin/env python3
"""Compares `dermatome encode` with the real open_clip on the same checkpoint directory.

  open_clip_test.py random DERMATOME WORK_DIR
      open_clip makes small random models (GELU and QuickGELU, each with its own preprocessing) and saves them in its hub
      layout; Dermatome must compute the same features of images and texts.
  open_clip_test.py compare DERMATOME CHECKPOINT_DIR TEXTS IMAGE...
      open_clip loads a directory that Dermatome wrote (as local-dir:CHECKPOINT_DIR); features of the images and of
      the lines of the file TEXTS must be equal.

Exits with an error when a feature differs by more than TOLERANCE.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy
import open_clip
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

TOLERANCE = 1e-5

# The sizes share no factor, as far as the architecture allows it, so that a mixed-up dimension is noticed.
MODEL = {
    "embed_dim": 40,
    "vision_cfg": {"image_size": 48, "layers": 3, "width": 72, "head_width": 24, "patch_size": 12,
                   "mlp_ratio": 2.5},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 60, "heads": 4, "layers": 2,
                 "mlp_ratio": 3.0},
}
CASES = {
    "gelu": (False, {"mean": [0.48145466, 0.4578275, 0.40821073],
                     "std": [0.26862954, 0.26130258, 0.27577711],
                     "interpolation": "bicubic", "resize_mode": "shortest"}),
    "quickgelu": (True, {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 0.5],
                         "interpolation": "bilinear", "resize_mode": "squash"}),
}
TEXTS = ["a photo of a skin lesion", "", "Ekzem, 湿疹, экзема &amp; naïve caf&#233; 🙂", "  spaces   and\ttabs ",
         "psoriasis " * 200, "x"]


def write_random_checkpoint(directory, quick_gelu, preprocess):
    """Writes a model in which every parameter matters: no gain is 1 and no bias is 0."""
    directory.mkdir(parents=True, exist_ok=True)
    config = {**MODEL, "quick_gelu": quick_gelu}
    (directory / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": config, "preprocess_cfg": preprocess}))
    torch.manual_seed(3)
    model = open_clip.CLIP(config["embed_dim"], open_clip.CLIPVisionCfg(**config["vision_cfg"]),
                           open_clip.CLIPTextCfg(**config["text_cfg"]), quick_gelu=quick_gelu)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    save_file(model.state_dict(), directory / "open_clip_model.safetensors")


def write_images(directory):
    """Writes narrow, wide, small, gray and transparent images as PNG, which every decoder reads alike."""
    random = numpy.random.RandomState(5)
    paths = []
    for index, (mode, height, width) in enumerate(
            [("RGB", 131, 90), ("RGB", 64, 301), ("RGB", 20, 33), ("L", 70, 70), ("RGBA", 96, 80)]):
        channels = len(mode) if mode != "L" else 1
        coarse = random.randint(0, 256, (7, 5, channels)).astype(numpy.uint8)
        planes = [Image.fromarray(coarse[..., c]).resize((width, height)) for c in range(channels)]
        image = planes[0] if mode == "L" else Image.merge(mode, planes)
        paths.append(directory / f"{index}.png")
        image.save(paths[-1])
    return paths


def open_clip_features(checkpoint, texts, images):
    """L2-normalized features of `texts` and of the image files, computed as open_clip's users do."""
    model, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{checkpoint}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{checkpoint}")
    pixels = torch.stack([preprocess(Image.open(image)) for image in images])
    with torch.no_grad():
        return {"image_features": model.encode_image(pixels, normalize=True),
                "text_features": model.encode_text(tokenizer(texts), normalize=True)}


def compare(dermatome, checkpoint, text_file, images, output):
    subprocess.run([dermatome, "encode", "--checkpoint", checkpoint, "--texts", text_file, "--images",
                    *images, "--output", output, "--batch-size", "4", "--device", "cpu"], check=True)
    found = load_file(output)
    texts = Path(text_file).read_text(encoding="utf-8").splitlines()
    expected = open_clip_features(checkpoint, texts, images)
    if found.keys() != expected.keys():
        sys.exit(f"{output} holds {sorted(found)}, not {sorted(expected)}")
    for name, features in expected.items():
        if found[name].shape != features.shape:
            sys.exit(f"{name} is {tuple(found[name].shape)}, not {tuple(features.shape)}")
        if min(features.std(dim=0).max(), found[name].std(dim=0).max()) < 0.01:
            sys.exit(f"{name} hardly differ between inputs, so equality would prove nothing")
        difference = (found[name] - features).abs().max().item()
        print(f"{checkpoint}: {name} {tuple(features.shape)}: largest difference {difference:.2e}")
        if not difference <= TOLERANCE:
            sys.exit(f"{name} differs by more than {TOLERANCE}")


def compare_random(dermatome, work):
    work.mkdir(parents=True, exist_ok=True)
    text_file = work / "texts.txt"
    text_file.write_text("".join(text + "\n" for text in TEXTS), encoding="utf-8")
    images = write_images(work)
    for name, (quick_gelu, preprocess) in CASES.items():
        write_random_checkpoint(work / name, quick_gelu, preprocess)
        compare(dermatome, work / name, text_file, images, work / f"{name}.safetensors")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    random = commands.add_parser("random")
    random.add_argument("dermatome", type=Path)
    random.add_argument("work", type=Path)
    given = commands.add_parser("compare")
    given.add_argument("dermatome", type=Path)
    given.add_argument("checkpoint", type=Path)
    given.add_argument("texts", type=Path)
    given.add_argument("images", type=Path, nargs="+")
    given.add_argument("--output", type=Path, default=Path("features.safetensors"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.command == "random":
        compare_random(arguments.dermatome, arguments.work)
    else:
        compare(arguments.dermatome, arguments.checkpoint, arguments.texts, arguments.images,
                arguments.output)


if __name__ == "__main__":
    main()
