#!/usr/bin/env python3
"""The loader's opponent: the published pipeline in Pillow, torchvision and torch's DataLoader.

Started and commanded by bench.py. Decodes a file, crops, resizes, jitters, and
tokenises the sample's captions, as MAKE's released code does for every sample of every epoch.
"""

import argparse
import csv
import sys
from pathlib import Path

import open_clip
import torch
from naive import cost_of, serve
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


def recipe(size):
    return transforms.Compose([
        transforms.RandomResizedCrop(size, scale=(0.4, 1.0), ratio=(3 / 4, 4 / 3),
                                     interpolation=transforms.InterpolationMode.BICUBIC),
        transforms.RandomApply([transforms.ColorJitter(0.32, 0.32, 0.32, 0.08)], p=0.8),
        transforms.RandomGrayscale(p=0.2),
        transforms.PILToTensor()])  # bytes, as our loader gives; the step normalises


class Pictures(Dataset):
    def __init__(self, table, folder, size):
        with open(table, newline="", encoding="utf-8") as file:
            self.rows = list(csv.DictReader(file))
        self.captions = [name for name in self.rows[0] if "caption" in name and "mask" not in name]
        self.folder, self.transform = folder, recipe(size)
        self.tokenizer = open_clip.get_tokenizer("ViT-B-16")

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, number):
        row = self.rows[number]
        with Image.open(self.folder / row["filename"]) as picture:
            image = self.transform(picture.convert("RGB"))
        return image, self.tokenizer([row[name] for name in self.captions])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--image-size", type=int, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    # One thread is this process itself: a worker of its own would only add the transport.
    loader = DataLoader(Pictures(arguments.table, arguments.folder, arguments.image_size),
                        batch_size=arguments.batch, shuffle=True, drop_last=True,
                        num_workers=0 if arguments.threads == 1 else arguments.threads)

    def epoch():
        images = 0

        def work():
            nonlocal images
            for pictures, _ in loader:
                images += len(pictures)
        return cost_of(work) | {"images": images}

    serve({"epoch": epoch})


if __name__ == "__main__":
    sys.exit(main())
