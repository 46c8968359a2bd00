#!/usr/bin/env python3
"""Compares image towers with open_clip's and timm's.

  image_towers_test.py IMAGE_TOWERS WORK_DIR

IMAGE_TOWERS is the program that image_towers.cpp becomes. Every architecture of open_clip with a vision transformer of its
own, and timm's in each form, must have the peer's tensors, by names, shapes and order; what is not implemented must be refused
by its key. Of small towers of each kind, features, first gradients and the weights after five steps of AdamW must be the
peer's. Exits with an error otherwise.
"""
import json
import subprocess
import sys
from pathlib import Path

import open_clip
import torch
from safetensors.torch import load_file, save_file

FEATURES, GRADIENTS, WEIGHTS = 2e-5, 1e-4, 1e-4

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
    "timm": {"timm_model_name": "vit_small_patch16_224", "image_size": 224, "timm_pool": "avg", "timm_proj": "linear",
             "timm_proj_bias": True},
}
TIMM_FORMS = [("", "linear", False), ("token", "linear", True), ("avg", "linear", False), ("avg", "mlp", False),
              ("token", "mlp", True), ("avg", "", False), ("avg", None, False), ("token", None, False)]


def timm_cfg(name, pool, projection, bias):
    return {"timm_model_name": name, "image_size": 224, "timm_pool": pool, "timm_proj": projection, "timm_proj_bias": bias}


def build(config):
    return open_clip.CLIP(config["embed_dim"], open_clip.CLIPVisionCfg(**config["vision_cfg"]),
                          open_clip.CLIPTextCfg(**config["text_cfg"]), quick_gelu=config.get("quick_gelu", False))


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
    for name, config in configs.items():
        (folder / f"{name}.json").write_text(json.dumps(config))
    output = subprocess.run([program, "describe", *[folder / f"{name}.json" for name in configs]], check=True,
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
        with torch.device("meta"):
            model = build(config)
        expected = [[key, list(value.shape)] for key, value in model.state_dict().items()]
        if found[name]["tensors"] != expected:
            sys.exit(f"{name} has other tensors than the peer: "
                     f"{[pair for pair in zip(found[name]['tensors'], expected) if pair[0] != pair[1]][:3]}")
    print(f"{len(configs) - len(refused)} architectures have the peers' tensors, {len(refused)} are refused")


def is_decayed(name, parameter):
    """The rule of open_clip's training."""
    return parameter.ndim >= 2 and not any(part in name for part in ("bn", "ln", "bias", "logit_scale"))


def peer_steps(model, pixels, target):
    """Features and gradients of the first of five steps; the model is changed."""
    parameters = [(name, p) for name, p in model.named_parameters() if name.startswith("visual.")]
    groups = [{"params": [p for name, p in parameters if is_decayed(name, p) == decayed],
               "weight_decay": 0.2 if decayed else 0.0} for decayed in (True, False)]
    optimizer = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.98), eps=1e-6)
    first = None
    for _ in range(5):
        optimizer.zero_grad()
        features = model.encode_image(pixels, normalize=True)
        (features * target).sum().backward()
        if first is None:
            first = features.detach(), {name: p.grad.clone() for name, p in parameters}
        optimizer.step()
    return first


def without_keys(name, tensor):
    """The bias of keys shifts all logits of a query alike: its gradient is rounding noise."""
    if not name.endswith(("in_proj_bias", "qkv.bias")):
        return tensor
    query, _, value = tensor.chunk(3)
    return torch.cat([query, value])


def relative(found, expected):
    return ((found - expected).norm() / expected.norm()).item()


def write_random(folder, config):
    """Writes a model in which every parameter matters, and returns it with pixels and a target."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    model = build(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape))
    side = model.visual.image_size[0]
    pixels, target = torch.randn(2, 3, side, side), torch.randn(2, config["embed_dim"])
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": {}}))
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    save_file({"pixels": pixels, "target": target}, folder / "input.safetensors")
    return model, pixels, target


def compare_training(program, folder, name, config):
    model, pixels, target = write_random(folder, config)
    trained = folder / "trained"
    trained.mkdir(exist_ok=True)
    subprocess.run([program, "train", folder, folder / "input.safetensors", trained], check=True)
    features, gradients = peer_steps(model, pixels, target)
    found = load_file(trained / "results.safetensors")
    gap = (found["features"] - features).abs().max().item()
    if not gap <= FEATURES:
        sys.exit(f"{name}: features differ by {gap:.1e}")
    if found.keys() != {"features", *(f"gradient.{key}" for key in gradients)}:
        sys.exit(f"{name}: there are gradients of {sorted(found)}")
    gaps = {key: relative(without_keys(key, found[f"gradient.{key}"]), without_keys(key, gradient))
            for key, gradient in gradients.items()}
    worst = max(gaps, key=gaps.get)
    if not gaps[worst] <= GRADIENTS:
        sys.exit(f"{name}: the gradient of {worst} differs by {gaps[worst]:.1e}")
    # open_clip loads what Dermatome wrote, strictly.
    again = open_clip.create_model(f"local-dir:{trained}").state_dict()
    moved = {key: (without_keys(key, again[key]) - without_keys(key, value)).abs().max().item()
             for key, value in model.state_dict().items()}
    key = max(moved, key=moved.get)
    if not moved[key] <= WEIGHTS:
        sys.exit(f"{name}: after five steps {key} differs by {moved[key]:.1e}")
    print(f"{name}: features {gap:.1e}, gradients {gaps[worst]:.1e}, weights {moved[key]:.1e}")


def main():
    program, work = Path(sys.argv[1]), Path(sys.argv[2])
    torch.set_num_threads(1)
    compare_architectures(program, work)
    for name, vision in TRAINED.items():
        config = {"embed_dim": 40, "quick_gelu": name == "quick_gelu", "vision_cfg": vision, "text_cfg": TEXT}
        compare_training(program, work / name, name, config)


if __name__ == "__main__":
    main()
