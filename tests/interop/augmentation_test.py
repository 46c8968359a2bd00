#!/usr/bin/env python3
"""Compares training's augmentation with Pillow's and torchvision's on the same drawn parameters: every value must be
equal.

  augmentation_test.py AUGMENT_IMAGES WORK_DIR
"""
import itertools
import math
import subprocess
import sys
import unittest
from pathlib import Path

import numpy
import torchvision.transforms.functional as peer
from PIL import Image
from safetensors.numpy import load_file, save_file

AUGMENT, WORK = sys.argv.pop(1), Path(sys.argv.pop(1))
OPERATIONS = [peer.adjust_brightness, peer.adjust_contrast, peer.adjust_saturation, peer.adjust_hue]
HUE = 3


def make_image(random, height, width):
    """An image with soft colors, gray and saturated areas with hard edges, and noise on one half."""
    coarse = Image.fromarray(random.integers(0, 256, (6, 7, 3), numpy.uint8))
    pixels = numpy.array(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    for value in (0, 128, 255, (255, 0, 0), (0, 255, 255), (40, 40, 200)):
        top, left = random.integers(0, height - 60), random.integers(0, width - 60)
        pixels[top:top + random.integers(8, 60), left:left + random.integers(8, 60)] = value
    pixels[:, width // 2:] += random.integers(-50, 51, (height, width - width // 2, 3))
    return pixels.clip(0, 255).astype(numpy.uint8)


def draw_box(random, height, width):
    """[left, top, width, height] with scale 0.4 to 1 and ratio 3/4 to 4/3, cut to the image."""
    area = height * width * random.uniform(0.4, 1)
    ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
    box_width = min(width, round(math.sqrt(area * ratio)))
    box_height = min(height, round(math.sqrt(area / ratio)))
    return [int(random.integers(0, width - box_width + 1)), int(random.integers(0, height - box_height + 1)),
            box_width, box_height]


def draw_amount(random, operation):
    return random.uniform(-0.08, 0.08) if operation == HUE else random.uniform(0.68, 1.32)


def peers(pixels, crop, colors, size, gray):
    left, top, width, height = crop
    image = peer.resized_crop(Image.fromarray(pixels), top, left, height, width, [size, size],
                                interpolation=peer.InterpolationMode.BICUBIC)
    for operation, amount in colors:
        image = OPERATIONS[operation](image, amount)
    return numpy.asarray(peer.to_grayscale(image, 3) if gray else image)


def ours(cases):
    WORK.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for name, (pixels, crop, colors, size, gray) in cases.items():
        tensors |= {f"{name}.image": pixels, f"{name}.crop": numpy.array(crop),
                    f"{name}.operations": numpy.array([operation for operation, _ in colors], numpy.int64),
                    f"{name}.amounts": numpy.array([amount for _, amount in colors], numpy.float64),
                    f"{name}.settings": numpy.array([size, int(gray)])}
    save_file(tensors, WORK / "in.safetensors")
    subprocess.run([AUGMENT, WORK / "in.safetensors", WORK / "out.safetensors"], check=True)
    return {name: planes.transpose(1, 2, 0) for name, planes in load_file(WORK / "out.safetensors").items()}


class Augmentation(unittest.TestCase):
    def check(self, cases):
        """Asserts equality. Training would need less: values within 2 levels, at most 0.01 % off by more than 1."""
        found = ours(cases)
        self.assertEqual(found.keys(), cases.keys())
        differing, largest, number = {}, 0, 0
        for name, case in cases.items():
            expected = peers(*case)
            self.assertEqual(found[name].shape, expected.shape)
            difference = numpy.abs(found[name].astype(int) - expected)
            number += difference.size
            largest = max(largest, difference.max())
            if difference.any():
                differing[name] = numpy.count_nonzero(difference)
        print(f"{self.id()}: {sum(differing.values())} of {number} values differ, by {largest} levels at most")
        self.assertEqual(differing, {})

    def test_drawn_parameters(self):
        random = numpy.random.default_rng(1)
        cases = {}
        for i, order in enumerate(itertools.permutations(range(4))):
            height, width = random.integers(300, 501, 2)
            colors = [(operation, draw_amount(random, operation)) for operation in order]
            cases[f"jitter_{i}"] = (make_image(random, height, width), draw_box(random, height, width), colors, 224,
                                    i % 5 == 0)
        for i in range(8):
            height, width = random.integers(300, 501, 2)
            cases[f"crop_{i}"] = (make_image(random, height, width), draw_box(random, height, width), [], 224,
                                  i % 4 == 0)
        self.check(cases)

    def test_the_ends_of_every_range(self):
        random = numpy.random.default_rng(2)
        pixels = make_image(random, 224, 224)
        self.check({f"{operation}_{amount}": (pixels, [0, 0, 224, 224], [(operation, amount)], 224, False)
                    for operation in range(4) for amount in ((-0.08, 0.0, 0.08) if operation == HUE
                                                             else (0.0, 0.68, 1.0, 1.32, 2.0))})

    def test_a_million_colors(self):
        """The whole color cube, with one of every 16 neighbors along blue."""
        random = numpy.random.default_rng(3)
        number = numpy.arange(1 << 20) * 16 + random.integers(0, 16, 1 << 20)
        pixels = numpy.stack([number >> 16, number >> 8, number], axis=1).astype(numpy.uint8).reshape(1024, 1024, 3)
        cases = {f"hue_{amount}": (pixels, [0, 0, 1024, 1024], [(HUE, amount)], 1024, False)
                 for amount in (-0.08, 0.01, 0.05)}
        colors = [(operation, draw_amount(random, operation)) for operation in (2, 3, 0, 1)]
        self.check(cases | {"all": (pixels, [0, 0, 1024, 1024], colors, 1024, False)})


if __name__ == "__main__":
    unittest.main()
