#!/usr/bin/env python3
"""Writes the first inputs of fuzz_weights into a folder: one small model in every kind of file.

  make_weights.py FOLDER
"""
import sys
from pathlib import Path

import open_clip
import torch
from safetensors.torch import save_file


def main():
    folder = Path(sys.argv[1])
    torch.manual_seed(0)
    # The smallest possible model.
    model = open_clip.CLIP(2, open_clip.CLIPVisionCfg(image_size=2, patch_size=1, width=2, layers=1, head_width=2),
                           open_clip.CLIPTextCfg(context_length=4, vocab_size=8, width=2, heads=1, layers=1))
    state = model.state_dict()
    torch.save(state, folder / "state_dict.pt")
    optimizer = torch.optim.SGD([model.logit_scale], lr=0.1, momentum=0.9)
    model.logit_scale.backward()
    optimizer.step()
    torch.save({"epoch": 1, "name": "x", "optimizer": optimizer.state_dict(),
                "state_dict": {"module." + name: value for name, value in state.items()}}, folder / "checkpoint.pt")
    save_file(state, folder / "model.safetensors")
    model.half().register_buffer("input_resolution", torch.tensor(2))
    inputs = (torch.zeros(1, 3, 2, 2, dtype=torch.half), torch.zeros(1, 4, dtype=torch.long))
    torch.jit.save(torch.jit.trace(model.eval(), inputs, check_trace=False), folder / "script.pt")


if __name__ == "__main__":
    main()
