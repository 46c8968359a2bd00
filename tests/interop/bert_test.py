#!/usr/bin/env python3
"""Compares models with a BERT as text tower with open_clip's, built around transformers' BertModel.

  bert_test.py DERMATOME MODEL_STEPS WORK_DIR

open_clip makes small random models, one for each pooler. `dermatome encode` must give their features, and MODEL_STEPS
(model_steps.cpp) their first gradients and their weights after five steps of AdamW. BERT's dropout is off.
"""
import json
import os
import shutil
import sys
from pathlib import Path

os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"

import open_clip
import torch
from open_clip_test import TEXTS, compare, write_images
from peer_steps import compare_steps
from safetensors.torch import save_file
from transformers import BertConfig, BertTokenizerFast

CONTEXT_LENGTH = 40
EMBED_DIM = 28
VISION = {"image_size": 48, "layers": 1, "width": 72, "head_width": 24, "patch_size": 12}
PREPROCESS = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 0.5], "interpolation": "bicubic", "resize_mode": "shortest"}
CASES = {
    "mean_mlp": ("mean_pooler", "mlp", {}),
    "cls_linear": ("cls_pooler", "linear", {"hidden_act": "gelu_new", "layer_norm_eps": 1e-3, "type_vocab_size": 3}),
    "last_mlp": ("cls_last_hidden_state_pooler", "mlp", {}),
}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["a", "photo", "of", "skin", "lesion", "ekzem", "cafe", "naive", "##ps", "psoriasis", "spaces", "and", "tabs", "x"]


def write_text_model(folder, options):
    """Writes a BERT's config.json and tokenizer as transformers does; returns its configuration."""
    folder.mkdir(parents=True)
    letters = [chr(code) for code in [*range(0x21, 0x7f), *range(0x430, 0x450), 0x6e7f, 0x75b9]]
    pieces = list(dict.fromkeys(SPECIAL + letters + ["##" + letter for letter in letters] + WORDS))
    (folder / "words.txt").write_text("".join(piece + "\n" for piece in pieces), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "words.txt"), do_lower_case=True).save_pretrained(folder)
    (folder / "words.txt").unlink()
    config = BertConfig(vocab_size=len(pieces) + 3, hidden_size=36, num_hidden_layers=2, num_attention_heads=3,
                        intermediate_size=50, max_position_embeddings=CONTEXT_LENGTH + 7, **options)
    config.save_pretrained(folder)
    return config


def write_random_checkpoint(folder, pooler, projection, options):
    """Writes a model in open_clip's hub layout in which every parameter matters: no gain is 1 and no bias is 0."""
    write_text_model(folder, options)
    text_cfg = {"hf_model_name": str(folder), "hf_tokenizer_name": str(folder), "hf_model_pretrained": False,
                "hf_pooler_type": pooler, "hf_proj_type": projection, "context_length": CONTEXT_LENGTH}
    (folder / "open_clip_config.json").write_text(json.dumps(
        {"model_cfg": {"embed_dim": EMBED_DIM, "vision_cfg": VISION, "text_cfg": text_cfg},
         "preprocess_cfg": PREPROCESS}))
    torch.manual_seed(3)
    model = open_clip.CustomTextCLIP(EMBED_DIM, open_clip.CLIPVisionCfg(**VISION), open_clip.CLIPTextCfg(**text_cfg))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    save_file({name: value.contiguous() for name, value in model.state_dict().items()},
              folder / "open_clip_model.safetensors")


def make_inputs(folder):
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    tokens = tokenizer([*TEXTS, "a skin lesion", "lesion of skin"])
    lengths = (tokens != tokenizer.tokenizer.pad_token_id).sum(1)
    generator = torch.Generator().manual_seed(5)
    pixels = torch.randn((3, 3, VISION["image_size"], VISION["image_size"]), generator=generator)
    return {"tokens": tokens, "lengths": lengths, "pixels": pixels,
            "image_weights": torch.randn((len(pixels), EMBED_DIM), generator=generator),
            "text_weights": torch.randn((len(tokens), EMBED_DIM), generator=generator)}


def main():
    dermatome, model_steps, work = sys.argv[1], sys.argv[2], Path(sys.argv[3]).resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    torch.set_num_threads(1)
    text_file = work / "texts.txt"
    text_file.write_text("".join(text + "\n" for text in TEXTS), encoding="utf-8")
    images = write_images(work)
    for name, case in CASES.items():
        write_random_checkpoint(work / name, *case)
        compare(dermatome, work / name, text_file, images, work / f"{name}.safetensors")
        compare_steps(model_steps, work / name, make_inputs(work / name))


if __name__ == "__main__":
    main()
