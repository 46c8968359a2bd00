#!/usr/bin/env python3
"""Compares image towers with open_clip's and timm's.

  image_towers_test.py DESCRIBE_MODELS MODEL_STEPS WORK_DIR

Every architecture of open_clip with a vision transformer of its own, and timm's in each form, must have the peer's tensors
(describe_models.cpp), by names, shapes and order, also if it is described as a checkpoint describes it; what is not implemented
must be refused by its key. Of small towers of each kind, features, first gradients and the weights after five steps of AdamW
(model_steps.cpp) must be the peer's. Exits with an error otherwise.
"""
import json
import subprocess
import sys
from pathlib import Path

import open_clip
import torch
from peer_steps import compare_steps
from safetensors.torch import save_file

# CLIP's text tower, small. It stands in for other text towers here.
TEXT = {"context_length": 8, "vocab_size": 10, "width": 16, "heads": 2, "layers": 1}
# The sizes share no factor, as far as the architecture allows it.
TINY = {"image_size": 40, "patch_size": 8, "width": 72, "layers": 2, "head_width": 24, "mlp_ratio": 2.5}
TRAINED = {
    "open_clip": TINY,
    "quick_gelu": TINY,
    "clipa": {**TINY, "no_ln_pre": True, "pool_type": "avg", "final_ln_after_pool": True},
    "mean": {**TINY, "pool_type": "avg"},
    "token_norm_last": {**TINY, "final_ln_after_pool": True},
    "options": {**TINY, "ls_init_value": 0.2, "act_kwargs": {"approximate": "tanh"}, "norm_kwargs": {"eps": 1e-3}},
    "timm": {"timm_model_name": "vit_small_patch16_224", "image_size": 224, "timm_pool": "avg", "timm_proj": "mlp",
             "timm_proj_bias": True},
}
TIMM_FORMS = [("", "linear", False), ("token", "linear", True), ("avg", "linear", False), ("avg", "mlp", False),
              ("token", "mlp", True), ("avg", "", False), ("avg", None, False), ("token", None, False)]


def timm_cfg(name, pool, projection, bias):
    return {"timm_model_name": name, "image_size": 224, "timm_pool": pool, "timm_proj": projection, "timm_proj_bias": bias}


def build(config):
    return open_clip.CLIP(config["embed_dim"], open_clip.CLIPVisionCfg(**config["vision_cfg"]),
                          open_clip.CLIPTextCfg(**config["text_cfg"]), quick_gelu=config.get("quick_gelu", False))


def tensors_of(config):
    with torch.device("meta"):
        model = build(config)
    return [[key, list(value.shape)] for key, value in model.state_dict().items()]


def is_clips_text(text):
    return not any(key.startswith(("hf_", "embed_cls", "no_causal")) for key in text)


def architectures():
    """Model configurations by name, and for those that must be refused the key."""
    configs, refused = {}, {}
    for name in open_clip.list_models():
        config = open_clip.get_model_config(name)
        vision, text = config["vision_cfg"], config["text_cfg"]
        config = {key: value for key, value in config.items() if key in ("embed_dim", "quick_gelu")}
        config.update(vision_cfg=vision, text_cfg=text if is_clips_text(text) else TEXT)
        configs[name] = config
        if "timm_model_name" in vision:
            refused[name] = "timm_model_name"
        elif isinstance(vision["layers"], list):
            refused[name] = "layers"
        elif vision.get("attentional_pool"):
            refused[name] = "attentional_pool"
    for size in ("small", "base", "large"):
        for pool, projection, bias in TIMM_FORMS:
            vision = timm_cfg(f"vit_{size}_patch16_224", pool, projection, bias)
            configs[f"timm_{size}_{pool}_{projection}_{bias}"] = {"embed_dim": 40, "vision_cfg": vision, "text_cfg": TEXT}
    return configs, refused


def compare_architectures(program, work):
    configs, refused = architectures()
    folder = work / "configs"
    folder.mkdir(parents=True, exist_ok=True)
    configs.update({f"{name}_again": {"embed_dim": 40, "vision_cfg": vision, "text_cfg": TEXT}
                    for name, vision in TRAINED.items()})
    for name, config in configs.items():
        (folder / f"{name}.json").write_text(json.dumps(config))
    output = subprocess.run([program, *[folder / f"{name}.json" for name in configs]], check=True,
                            stdout=subprocess.PIPE).stdout
    found = {Path(path).stem: description for path, description in json.loads(output).items()}
    for name, config in configs.items():
        error = found[name].get("error", "")
        if name in refused:
            if f"vision_cfg.{refused[name]}" not in error:
                sys.exit(f"{name} is not refused by its {refused[name]}: {found[name]}")
            continue
        if error:
            sys.exit(f"{name} is refused: {error}")
        expected = tensors_of(config)
        if name.endswith(("_again", "_False", "_True")) and tensors_of(found[name]["hub"]["model_cfg"]) != expected:
            sys.exit(f"{name} is another model for the peer as Dermatome describes it: {found[name]['hub']}")
        if found[name]["tensors"] != expected:
            sys.exit(f"{name} has other tensors than the peer: "
                     f"{[pair for pair in zip(found[name]['tensors'], expected) if pair[0] != pair[1]][:3]}")
    print(f"{len(configs) - len(refused)} architectures have the peers' tensors, {len(refused)} are refused")


def make_inputs(config):
    """Two images and two texts, and what their features are multiplied by."""
    side, width = config["vision_cfg"]["image_size"], config["embed_dim"]
    generator = torch.Generator().manual_seed(5)
    # CLIP's tower reads a text at its largest id.
    return {"tokens": torch.tensor([[1, 2, 9, 0, 0, 0, 0, 0], [4, 3, 2, 5, 9, 0, 0, 0]]), "lengths": torch.tensor([3, 5]),
            **{name: torch.randn(shape, generator=generator)
               for name, shape in [("pixels", (2, 3, side, side)), ("image_weights", (2, width)), ("text_weights", (2, width))]}}


def write_random(folder, config):
    """Writes a model in which every parameter matters."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    model = build(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape))
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": {}}))
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")


def main():
    describe_models, model_steps, work = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    torch.set_num_threads(1)
    compare_architectures(describe_models, work)
    for name, vision in TRAINED.items():
        config = {"embed_dim": 40, "quick_gelu": name == "quick_gelu", "vision_cfg": vision, "text_cfg": TEXT}
        write_random(work / name, config)
        compare_steps(model_steps, work / name, make_inputs(config))


if __name__ == "__main__":
    main()
