#!/usr/bin/env python3
"""The loader's opponents: the published pipeline in Pillow, torchvision and torch's DataLoader, on
image files or on the archives of archives.py.

bench.py starts and commands it. It decodes an image, crops, resizes, jitters, and
tokenizes the sample's captions, as MAKE's released code does for every sample of every epoch.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import open_clip
import torch
from archives import ARCHIVES, read_table
from naive import serve
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


def recipe(size):
    return transforms.Compose([
        transforms.RandomResizedCrop(size, scale=(0.4, 1.0), ratio=(3 / 4, 4 / 3),
                                     interpolation=transforms.InterpolationMode.BICUBIC),
        transforms.RandomApply([transforms.ColorJitter(0.32, 0.32, 0.32, 0.08)], p=0.8),
        transforms.RandomGrayscale(p=0.2),
        transforms.PILToTensor()])  # bytes, as our loader returns them; the step normalizes


class Images(Dataset):
    def __init__(self, table, folder, prepare):
        self.rows, self.captions = read_table(table)
        self.folder, self.prepare = folder, prepare

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, number):
        row = self.rows[number]
        return self.prepare(self.folder / row["filename"], [row[name] for name in self.captions])


def seconds():
    """CPU seconds of this process and of the workers that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def cost_of(work):
    start, cpu = time.perf_counter(), seconds()
    work()
    return {"cpu": seconds() - cpu, "wall": time.perf_counter() - start}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=("files", *ARCHIVES), required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--image-size", type=int, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transform = recipe(arguments.image_size)
    tokenizer = open_clip.get_tokenizer("ViT-B-16")

    def prepare(file, captions):
        with Image.open(file) as image:
            return transform(image.convert("RGB")), tokenizer(captions)

    def open_loader():
        files = arguments.kind == "files"
        dataset = Images(arguments.table, arguments.data, prepare) if files else (
            ARCHIVES[arguments.kind].open(arguments.data, prepare, arguments.batch))
        # With one thread this process does the reading: a worker process would only add transport.
        return DataLoader(dataset, batch_size=arguments.batch, shuffle=True if files else None,
                          drop_last=True,
                          num_workers=0 if arguments.threads == 1 else arguments.threads)

    loader = open_loader()

    def epoch():
        images = 0

        def work():
            nonlocal images
            for batch, _ in loader:
                images += len(batch)
        return cost_of(work) | {"images": images}

    serve({"epoch": epoch, "start": lambda: cost_of(lambda: next(iter(open_loader())))})


if __name__ == "__main__":
    sys.exit(main())
