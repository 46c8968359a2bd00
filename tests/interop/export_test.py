#!/usr/bin/env python3
"""Loads what `dermatome export` wrote with the real transformers and open_clip: features must be those of `dermatome encode`.

  export_test.py DERMATOME WORK_DIR
"""
import argparse
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

import numpy
import open_clip
import torch
import yaml
from open_clip_test import CASES, write_images, write_random_checkpoint
from PIL import Image
from safetensors.torch import load_file

os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import (CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTextModelWithProjection,  # noqa: E402
                          CLIPTokenizer, CLIPVisionModelWithProjection)

DERMATOME, WORK = None, None
TOLERANCE = 2e-5
SIDE = 48  # of the model's images
# Plain text, which the tokenizer of transformers and open_clip's clean in the same way.
TEXTS = ["a photo of a skin lesion", "", "Ekzem, 湿疹, экзема, naïve 🙂", "  spaces   and\ttabs ", "psoriasis " * 200, "x",
         "it's 12.5 mm # ## #melanoma (A)"]


def run(*arguments):
    done = subprocess.run([DERMATOME, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr)


def normalized(features):
    return features / features.norm(dim=-1, keepdim=True)


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(WORK, ignore_errors=True)
        WORK.mkdir(parents=True)
        cls.images = write_images(WORK)
        draw = numpy.random.RandomState(7)
        cls.fitting = WORK / "fitting.png"
        Image.fromarray(draw.randint(0, 256, (SIDE, SIDE, 3)).astype(numpy.uint8)).save(cls.fitting)
        cls.images.append(cls.fitting)
        cls.texts = WORK / "texts.txt"
        cls.texts.write_text("".join(text + "\n" for text in TEXTS), encoding="utf-8")
        cls.features, cls.pixels = {}, {}
        for case, (quick_gelu, preprocess) in CASES.items():
            write_random_checkpoint(WORK / case, quick_gelu, preprocess)
            output = WORK / f"{case}.safetensors"
            run("encode", "--checkpoint", WORK / case, "--texts", cls.texts, "--images", *cls.images, "--output", output,
                "--device", "cpu")
            cls.features[case] = load_file(output)
            _, prepare = open_clip.create_model_from_pretrained(f"local-dir:{WORK / case}")
            cls.pixels[case] = torch.stack([prepare(Image.open(image)) for image in cls.images])

    def export(self, case, *options):
        folder = WORK / "exported" / case / "_".join(options).replace("--", "")
        run("export", "--checkpoint", WORK / case, "--output", folder, *options)
        front = (folder / "README.md").read_text(encoding="utf-8").split("---\n")[1]
        self.assertIn("clip", yaml.safe_load(front)["tags"])
        return folder

    def expect(self, case, kind, features, tolerance=TOLERANCE):
        wanted = self.features[case][f"{kind}_features"]
        self.assertGreater(wanted.std(dim=0).max(), 0.01, "equality would prove nothing")
        difference = (features.float() - wanted).abs().max().item()
        print(f"{self.id()}: {case}: {kind}: largest difference {difference:.2e}")
        self.assertLessEqual(difference, tolerance)

    def test_both_towers(self):
        for case in CASES:
            folder = self.export(case, "--format", "transformers")
            model, loading = CLIPModel.from_pretrained(folder, output_loading_info=True)
            self.assertFalse(any(loading.values()), loading)
            processor = CLIPProcessor.from_pretrained(folder)
            inputs = processor(text=TEXTS, padding=True, truncation=True, return_tensors="pt")
            with torch.no_grad():
                outputs = model(pixel_values=self.pixels[case], **inputs)
            self.expect(case, "image", outputs.image_embeds)
            self.expect(case, "text", outputs.text_embeds)
            fitting = processor(images=Image.open(self.fitting), return_tensors="pt")["pixel_values"][0]
            self.assertLessEqual((fitting - self.pixels[case][-1]).abs().max(), 1e-5)

    def test_sizes_of_images_are_changed_alike(self):
        """Within two of 255 levels: the image processor rounds in other places than Pillow."""
        path = WORK / "larger.png"
        gradient = numpy.linspace(0, 255, 3 * 160 * 120).reshape(160, 120, 3).astype(numpy.uint8)
        Image.fromarray(gradient).save(path)
        for case in CASES:
            folder = self.export(case, "--format", "vision", "--dtype", "fp16")
            _, prepare = open_clip.create_model_from_pretrained(f"local-dir:{WORK / case}")
            found = CLIPImageProcessor.from_pretrained(folder)(Image.open(path), return_tensors="pt")["pixel_values"][0]
            wanted = prepare(Image.open(path))
            self.assertEqual(found.shape, wanted.shape)
            levels = (found - wanted).abs() * 255 * torch.tensor(CASES[case][1]["std"])[:, None, None]
            self.assertLessEqual(levels.max(), 2.01)

    def test_one_tower(self):
        for case in CASES:
            folder = self.export(case, "--format", "vision")
            model = CLIPVisionModelWithProjection.from_pretrained(folder)
            CLIPImageProcessor.from_pretrained(folder)
            with torch.no_grad():
                self.expect(case, "image", normalized(model(pixel_values=self.pixels[case]).image_embeds))
            folder = self.export(case, "--format", "text")
            model = CLIPTextModelWithProjection.from_pretrained(folder)
            tokens = CLIPTokenizer.from_pretrained(folder)(TEXTS, padding=True, truncation=True, return_tensors="pt")
            with torch.no_grad():
                self.expect(case, "text", normalized(model(**tokens).text_embeds))

    def test_half_precision(self):
        case = "quickgelu"
        folder = self.export(case, "--format", "transformers", "--dtype", "bf16")
        model = CLIPModel.from_pretrained(folder)
        self.assertEqual(model.dtype, torch.bfloat16)
        with torch.no_grad():
            outputs = model.float()(pixel_values=self.pixels[case],
                                    **CLIPTokenizer.from_pretrained(folder)(TEXTS, padding=True, truncation=True,
                                                                            return_tensors="pt"))
        self.expect(case, "image", outputs.image_embeds, tolerance=0.05)
        self.expect(case, "text", outputs.text_embeds, tolerance=0.05)

    def test_comes_back(self):
        for case in CASES:
            folder = self.export(case, "--format", "transformers", "--license", "mit")
            output = folder.parent / "back.safetensors"
            run("encode", "--checkpoint", folder, "--texts", self.texts, "--images", *self.images, "--output", output,
                "--device", "cpu")
            for kind in ("image", "text"):
                self.expect(case, kind, load_file(output)[f"{kind}_features"], tolerance=0)

    def test_open_clip(self):
        for case in CASES:
            folder = self.export(case, "--format", "open_clip")
            model, prepare = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
            with torch.no_grad():
                pixels = torch.stack([prepare(Image.open(image)) for image in self.images])
                self.expect(case, "image", model.encode_image(pixels, normalize=True))
                self.expect(case, "text", model.encode_text(open_clip.tokenize(TEXTS), normalize=True))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dermatome", type=Path)
    parser.add_argument("work", type=Path)
    arguments, rest = parser.parse_known_args()
    DERMATOME, WORK = arguments.dermatome, arguments.work
    torch.set_num_threads(1)
    unittest.main(argv=[sys.argv[0], *rest])
