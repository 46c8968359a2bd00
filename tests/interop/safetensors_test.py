#!/usr/bin/env python3
"""Sends tensors of every type through Dermatome's reader and writer and back into the safetensors package.

  safetensors_test.py COPY_SAFETENSORS WORK_DIR
"""
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

TYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32,
         torch.int16, torch.int8, torch.uint16, torch.uint8, torch.bool]


def main():
    copy, work = sys.argv[1], Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    tensors = {f"{kind}".removeprefix("torch."): (100 * torch.rand(3, 5)).to(kind) for kind in TYPES}
    tensors["scalar"] = torch.tensor(1.5)
    tensors["empty"] = torch.empty(0, 7)
    tensors["name with \"quotes\" and ü"] = torch.arange(3)
    save_file(tensors, work / "in.safetensors", metadata={"note": "dropped"})

    subprocess.run([copy, work / "in.safetensors", work / "out.safetensors"], check=True)

    found = load_file(work / "out.safetensors")
    if found.keys() != tensors.keys():
        sys.exit(f"names differ: {sorted(found)}, not {sorted(tensors)}")
    for name, tensor in tensors.items():
        if found[name].dtype != tensor.dtype or found[name].shape != tensor.shape:
            sys.exit(f"{name} came back as {found[name].dtype} {tuple(found[name].shape)}")
        if not torch.equal(found[name], tensor):
            sys.exit(f"{name} came back with other values")
    print(f"{len(tensors)} tensors came back unchanged")


if __name__ == "__main__":
    main()
