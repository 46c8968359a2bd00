#!/usr/bin/env python3
"""Loads CLIPModels that the real transformers wrote: `dermatome encode` must give their features.

  transformers_test.py DERMATOME WORK_DIR
"""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"

import open_clip
import torch
from open_clip_test import TEXTS, write_images
from PIL import Image
from safetensors.torch import load_file
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

TOLERANCE = 2e-5
# Sizes share no factor, as far as the architecture allows it.
TINY = {
    "projection_dim": 40,
    "vision_config": {"hidden_size": 72, "intermediate_size": 180, "num_hidden_layers": 3, "num_attention_heads": 3,
                      "image_size": 48, "patch_size": 12},
    "text_config": {"hidden_size": 60, "intermediate_size": 100, "num_hidden_layers": 2, "num_attention_heads": 4},
}
# MONET's widths: ViT-L/14.
LARGE = {
    "projection_dim": 768,
    "vision_config": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 2,
                      "num_attention_heads": 16, "image_size": 224, "patch_size": 14},
    "text_config": {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 2,
                    "num_attention_heads": 12},
}


def with_activation(config, name):
    """`config` with the activation `name` in both towers."""
    return {key: {**value, "hidden_act": name} if isinstance(value, dict) else value for key, value in config.items()}


def random_model(config):
    """A CLIPModel in which every parameter matters: no gain is 1 and no bias is 0."""
    torch.manual_seed(3)
    model = CLIPModel(CLIPConfig(**config)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            scale = 0.3 if parameter.dim() < 2 else parameter[0].numel() ** -0.5
            parameter.add_(scale * torch.randn(parameter.shape))
    return model


def write_processor(folder, side, **changes):
    CLIPImageProcessor(size={"shortest_edge": side}, crop_size={"height": side, "width": side},
                       **changes).save_pretrained(folder)


def make_old(folder):
    """Turns a folder into what versions before 4.31 wrote: a .bin file with position_ids, and other numbers."""
    state = load_file(folder / "model.safetensors")
    for tower, count in (("text_model", 77), ("vision_model", 17)):
        state[f"{tower}.embeddings.position_ids"] = torch.arange(count).unsqueeze(0)
    torch.save(state, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["eos_token_id"] = 2
    for section in ("text_config", "vision_config"):
        config[f"{section}_dict"] = dict(config[section])
        config[section]["hidden_size"] = 8
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "preprocessor_config.json").write_text(json.dumps(
        {"feature_extractor_type": "CLIPFeatureExtractor", "size": 48, "crop_size": 48, "resample": 3,
         "do_resize": True, "do_center_crop": True, "do_normalize": True,
         "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}))


def features_of(folder, images, **preprocessing):
    model = CLIPModel.from_pretrained(folder).eval()
    # The preprocessing of open_clip, which Dermatome follows: transformers rounds an odd border to the other side.
    preprocess = open_clip.image_transform(model.config.vision_config.image_size, is_train=False, **preprocessing)
    pixels = torch.stack([preprocess(Image.open(image)) for image in images])
    with torch.no_grad():
        features = {"image_features": model.get_image_features(pixels).pooler_output,
                    "text_features": model.get_text_features(open_clip.tokenize(TEXTS)).pooler_output}
    return {name: torch.nn.functional.normalize(value, dim=-1) for name, value in features.items()}


def compare(dermatome, work, name, images, **preprocessing):
    output = work / f"{name}.safetensors"
    subprocess.run([dermatome, "encode", "--checkpoint", work / name, "--texts", work / "texts.txt", "--images",
                    *images, "--output", output, "--batch-size", "4", "--device", "cpu"], check=True)
    found = load_file(output)
    for key, features in features_of(work / name, images, **preprocessing).items():
        if features.std(dim=0).max() < 0.01:
            sys.exit(f"{name}: {key} hardly differ between inputs, so equality would prove nothing")
        difference = (found[key] - features).abs().max().item()
        print(f"{name}: {key} {tuple(features.shape)}: largest difference {difference:.2e}")
        if not difference <= TOLERANCE:
            sys.exit(f"{name}: {key} differ by more than {TOLERANCE}")


def main():
    dermatome, work = sys.argv[1], Path(sys.argv[2])
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    torch.set_num_threads(1)
    (work / "texts.txt").write_text("".join(text + "\n" for text in TEXTS), encoding="utf-8")
    images = write_images(work)

    random_model(TINY).save_pretrained(work / "plain")
    write_processor(work / "plain", 48)
    compare(dermatome, work, "plain", images)

    # Another activation and another preprocessing, in several files.
    random_model(with_activation(TINY, "gelu")).save_pretrained(work / "sharded", max_shard_size="4MB")
    if len(list((work / "sharded").glob("model-*.safetensors"))) < 2:
        sys.exit("transformers wrote one file, so several were not tried")
    values = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 0.5]}
    write_processor(work / "sharded", 48, resample=2, image_mean=values["mean"], image_std=values["std"])
    compare(dermatome, work, "sharded", images, interpolation="bilinear", **values)

    shutil.copytree(work / "plain", work / "old")
    make_old(work / "old")
    compare(dermatome, work, "old", images)

    random_model(LARGE).save_pretrained(work / "large")
    write_processor(work / "large", 224)
    compare(dermatome, work, "large", images[:2])


if __name__ == "__main__":
    main()
