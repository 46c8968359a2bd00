"""Compares steps of training with open_clip's."""
import subprocess
import sys

import open_clip
import torch
from safetensors.torch import load_file, save_file

FEATURES, OTHERS = 2e-5, 1e-4


def expected_steps(folder, inputs):
    model, _ = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    model.eval()
    undecayed = [p for n, p in model.named_parameters()
                 if p.ndim < 2 or any(part in n for part in ("bn", "ln", "bias", "logit_scale"))]
    decayed = [p for p in model.parameters() if all(p is not other for other in undecayed)]
    optimizer = torch.optim.AdamW([{"params": undecayed, "weight_decay": 0.0}, {"params": decayed, "weight_decay": 0.1}],
                                  lr=1e-4, betas=(0.9, 0.98), eps=1e-6)
    found = {}
    for step in range(5):
        optimizer.zero_grad()
        image = model.encode_image(inputs["pixels"], normalize=True)
        text = model.encode_text(inputs["tokens"], normalize=True)
        loss = (image * inputs["image_weights"]).sum() + (text * inputs["text_weights"]).sum() + model.logit_scale
        loss.backward()
        if step == 0:
            found = {"image_features": image.detach(), "text_features": text.detach()}
            found.update({f"gradient.{n}": p.grad.clone() for n, p in model.named_parameters()})
        optimizer.step()
    found.update({f"after.{n}": p.detach() for n, p in model.named_parameters()})
    return found


def without_keys_bias(name, value):
    """`value` without the keys' bias: its gradient is only rounding noise, which AdamW makes as large as any other."""
    if name.endswith("key.bias"):
        return value[:0]
    if name.endswith(("in_proj_bias", "qkv.bias")):
        query, _, last = value.chunk(3)
        return torch.cat([query, last])
    return value


def compare_steps(model_steps, folder, inputs):
    """`inputs`: those that model_steps.cpp names. Features, the first step's gradients and the weights after five steps of
    the model in `folder` must be open_clip's."""
    save_file({name: value.contiguous() for name, value in inputs.items()}, folder / "inputs.safetensors")
    subprocess.run([model_steps, folder, folder / "inputs.safetensors", folder / "steps.safetensors"], check=True)
    found, expected = load_file(folder / "steps.safetensors"), expected_steps(folder, inputs)
    if found.keys() != expected.keys():
        sys.exit(f"{folder}: other tensors: {sorted(found.keys() ^ expected.keys())}")
    worst = {}
    for name, value in expected.items():
        wanted, given = (without_keys_bias(name, each.double()) for each in (value, found[name]))
        if not wanted.numel():
            continue
        difference = ((given - wanted).norm() / wanted.norm().clamp_min(1e-3)).item()
        kind = name.split(".")[0]
        worst[kind] = max(worst.get(kind, (0, "")), (difference, name))
    for kind, (difference, name) in worst.items():
        print(f"{folder.name}: {kind}: largest relative difference {difference:.2e} ({name})")
        if not difference <= (FEATURES if kind.endswith("features") else OTHERS):
            sys.exit(f"{folder.name}: {name} differs")
