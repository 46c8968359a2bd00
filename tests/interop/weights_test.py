#!/usr/bin/env python3
"""Loads files of weights that the real torch and open_clip wrote: `dermatome encode` must give open_clip's features.

  weights_test.py DERMATOME WORK_DIR
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import unittest
from dataclasses import asdict
from pathlib import Path
from unittest import mock

import numpy
import open_clip
import open_clip.push_to_hf_hub
import timm
import torch
from open_clip.model import set_model_preprocess_cfg
from open_clip.transform import PreprocessCfg
from open_clip_test import MODEL, TEXTS, TOLERANCE, write_images
from PIL import Image
from safetensors.torch import load_file, save_file

DERMATOME, WORK = None, None
USAGE, DATA = 2, 3  # exit codes
# Heads have width 64, so that the shapes determine the rest of the architecture.
PLAIN = {
    "embed_dim": 40,
    "vision_cfg": {"image_size": 48, "layers": 2, "width": 192, "patch_size": 12, "mlp_ratio": 2.5},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 2, "mlp_ratio": 3.0},
}


def random_model(config, quick_gelu=False):
    """A model in which every parameter matters: no gain is 1 and no bias is 0."""
    torch.manual_seed(3)
    model = open_clip.CLIP(config["embed_dim"], open_clip.CLIPVisionCfg(**config["vision_cfg"]),
                           open_clip.CLIPTextCfg(**config["text_cfg"]), quick_gelu=quick_gelu)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    return model.eval()


def resized(config, image_size, context_length):
    return {**config, "vision_cfg": {**config["vision_cfg"], "image_size": image_size},
            "text_cfg": {**config["text_cfg"], "context_length": context_length}}


def add_openai_numbers(model):
    """Adds the numbers that OpenAI's models hold in addition to the parameters."""
    vision, text = PLAIN["vision_cfg"], PLAIN["text_cfg"]
    for name, number in [("input_resolution", vision["image_size"]), ("context_length", text["context_length"]),
                         ("vocab_size", text["vocab_size"])]:
        if hasattr(model, name):
            delattr(model, name)
        model.register_buffer(name, torch.tensor(number))


class Weights(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        WORK.mkdir(parents=True, exist_ok=True)
        cls.images = write_images(WORK)
        cls.texts = WORK / "texts.txt"
        cls.texts.write_text("".join(text + "\n" for text in TEXTS), encoding="utf-8")

    def setUp(self):
        self.folder = WORK / self.id().split(".")[-1]
        self.folder.mkdir(exist_ok=True)
        for old in self.folder.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        self.output = self.folder / "features.safetensors"

    def encode(self, path):
        return subprocess.run([DERMATOME, "encode", "--checkpoint", path, "--texts", self.texts, "--images",
                               *self.images, "--output", self.output, "--device", "cpu", "--batch-size", "4"],
                              capture_output=True, text=True)

    def describe(self, config):
        (self.folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config}))

    def expect_features_of(self, model, path):
        """Expects the features of `model` for the weights in `path`. Returns Dermatome's messages."""
        run = self.encode(path)
        self.assertEqual(run.returncode, 0, run.stderr)
        size = model.visual.image_size
        preprocess = open_clip.image_transform(size, is_train=False)
        pixels = torch.stack([preprocess(Image.open(image)) for image in self.images])
        with torch.no_grad():
            expected = {"image_features": model.encode_image(pixels, normalize=True),
                        "text_features": model.encode_text(open_clip.tokenize(TEXTS), normalize=True)}
        found = load_file(self.output)
        for name, features in expected.items():
            self.assertGreater(features.std(dim=0).max(), 0.01, "equality would prove nothing")
            difference = (found[name] - features).abs().max().item()
            print(f"{self.id()}: {name}: largest difference {difference:.2e}")
            self.assertLessEqual(difference, TOLERANCE)
        return run.stderr

    def refuse(self, path, *words):
        run = self.encode(path)
        self.assertEqual(run.returncode, DATA, run.stderr)
        for word in (str(path), *words):
            self.assertIn(word, run.stderr)
        self.assertFalse(self.output.exists())

    def test_state_dict_alone(self):
        model = random_model(PLAIN)
        path = self.folder / "model.pt"
        torch.save(model.state_dict(), path)
        said = self.expect_features_of(model, path)
        self.assertIn("GELU (not QuickGELU)", said)

    def test_safetensors_alone(self):
        model = random_model(PLAIN)
        path = self.folder / "model.safetensors"
        save_file(model.state_dict(), path)
        self.expect_features_of(model, path)

    def test_state_dict_of_parameters(self):
        model = random_model(PLAIN)
        path = self.folder / "model.pth"
        torch.save(dict(model.named_parameters()), path)
        self.expect_features_of(model, path)

    def test_training_checkpoint(self):
        model = random_model(MODEL, quick_gelu=True)
        optimizer = torch.optim.AdamW([{"params": model.visual.parameters()}, {"params": [model.logit_scale]}])
        model.logit_scale.sum().backward()
        model.visual.proj.sum().backward()
        optimizer.step()
        optimizer.param_groups[0]["lr"] = numpy.float64(1e-4)  # as a schedule in numpy leaves it
        self.describe({**MODEL, "quick_gelu": True})
        path = self.folder / "epoch_3.pt"
        torch.save({"epoch": 3, "name": "run", "optimizer": optimizer.state_dict(),
                    "scaler": torch.amp.GradScaler("cpu").state_dict(),
                    "state_dict": {"module." + name: value for name, value in model.state_dict().items()}}, path)
        said = self.expect_features_of(model, path)
        self.assertNotIn("warning", said)

    def test_older_hub_directory(self):
        model = random_model(MODEL)
        self.describe(MODEL)
        torch.save(model.state_dict(), self.folder / "open_clip_pytorch_model.bin")
        self.expect_features_of(model, self.folder)

    def write_archive(self, model, how):
        """Writes `model` as a TorchScript archive. Returns its path."""
        path = self.folder / "ViT.pt"
        if how == "trace":
            size = PLAIN["vision_cfg"]["image_size"]
            pixels = torch.zeros(1, 3, size, size, dtype=model.logit_scale.dtype)
            script = torch.jit.trace(model, (pixels, torch.zeros(1, 77, dtype=torch.long)), check_trace=False)
        else:
            script = torch.jit.script(model)
        torch.jit.save(script, path)
        return path

    def openai_archive(self, how):
        """Writes an archive in half precision. Returns its path, and its model in single precision."""
        model = random_model(PLAIN, quick_gelu=True).half()
        add_openai_numbers(model)
        return self.write_archive(model, how), model.float()

    def test_traced_archive(self):
        path, model = self.openai_archive("trace")
        said = self.expect_features_of(model, path)
        self.assertNotIn("warning", said)

    def test_scripted_archive(self):
        path, model = self.openai_archive("script")
        self.expect_features_of(model, path)

    def test_archives_without_openais_numbers(self):
        for how in ("trace", "script"):
            model = random_model(PLAIN)
            said = self.expect_features_of(model, self.write_archive(model, how))
            self.assertIn("GELU (not QuickGELU)", said)

    def test_state_dict_with_openais_numbers(self):
        model = random_model(PLAIN, quick_gelu=True).half()
        add_openai_numbers(model)
        path = self.folder / "openai.pt"
        torch.save(model.state_dict(), path)
        self.expect_features_of(model.float(), path)

    def test_another_activation_is_loudly_warned_of(self):
        path, _ = self.openai_archive("trace")
        self.describe(PLAIN)
        said = self.expect_features_of(self.with_gelu(path), path)
        self.assertIn("warning", said)
        self.assertIn("set quick_gelu to true", said)

    @staticmethod
    def with_gelu(path):
        model = random_model(PLAIN)
        state = {name: value.float() for name, value in torch.jit.load(path).state_dict().items()}
        model.load_state_dict({name: state[name] for name in model.state_dict()})
        return model

    def plan(self, path, *overrides):
        """Plans a training of a model with GELU that starts from the weights in `path`."""
        architecture = self.folder / "model.json"
        architecture.write_text(json.dumps(PLAIN))
        config = self.folder / "train.yaml"
        config.write_text(f"model: {{architecture: {architecture}, pretrained: {path}}}\n"
                          "data: {train: later}\nbatch_size: 4\nschedule: {max_steps: 10, warmup: 1}\n")
        return subprocess.run([DERMATOME, "plan", config, "--ranks", "1", *overrides], capture_output=True, text=True)

    def test_pretrained_of_another_activation(self):
        path, _ = self.openai_archive("trace")
        run = self.plan(path)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("set quick_gelu to true", run.stderr)
        run = self.plan(path, "model.quick_gelu=true")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertNotIn("set quick_gelu to true", run.stderr)
        self.assertIn("QuickGELU instead of GELU", run.stderr)

    def test_training_asks_for_an_activation_that_nothing_tells(self):
        path = self.folder / "model.pt"
        torch.save(random_model(PLAIN).state_dict(), path)
        run = self.plan(path)
        self.assertEqual(run.returncode, USAGE, run.stderr)
        for word in (str(path), "GELU or with QuickGELU", "model.quick_gelu: true", "model.quick_gelu: false"):
            self.assertIn(word, run.stderr)
        for answer in ("true", "false"):
            run = self.plan(path, f"model.quick_gelu={answer}")
            self.assertEqual(run.returncode, 0, run.stderr)

    def test_snapshot_of_openais_model(self):
        """The files that open_clip and timm push to timm/vit_base_patch16_clip_224.openai, for a small model."""
        model = random_model(PLAIN, quick_gelu=True)
        set_model_preprocess_cfg(model, asdict(PreprocessCfg()))
        snapshot = self.folder / "models--timm--vit_base_patch16_clip_224.openai/snapshots/0123"
        open_clip.push_to_hf_hub.save_for_hf(model, mock.Mock(), {**PLAIN, "quick_gelu": True}, str(snapshot))
        image_tower = timm.create_model("vit_tiny_patch16_224", depth=1, img_size=32)
        timm.models.save_for_hf(image_tower, str(snapshot), safe_serialization="both")
        for name in ("config.json", "model.safetensors", "open_clip_config.json", "open_clip_pytorch_model.bin"):
            self.assertTrue((snapshot / name).exists(), name)
        with mock.patch.dict(os.environ, HF_HUB_CACHE=str(self.folder)):
            said = self.expect_features_of(model, "hf-hub:timm/vit_base_patch16_clip_224.openai")
            self.assertNotIn("warning", said)
            run = self.plan("hf-hub:timm/vit_base_patch16_clip_224.openai",
                            f"model.architecture={snapshot}/open_clip_config.json")
        self.assertEqual(run.returncode, 0, run.stderr)
        # As it lies in the cache of somebody who used open_clip: it gets the weights alone.
        (snapshot / "open_clip_config.json").unlink()
        self.output.unlink()
        self.refuse(snapshot, "holds no open_clip_config.json", "hf download")

    def test_prefixes_and_a_scale_of_one_element(self):
        model = random_model(PLAIN)
        state = {f"model._orig_mod.{name}": value for name, value in model.state_dict().items()}
        state["model._orig_mod.logit_scale"] = model.logit_scale.detach().reshape(1)
        path = self.folder / "wrapped.pt"
        torch.save({"state_dict": state}, path)
        said = self.expect_features_of(model, path)
        self.assertIn("all names begin with model.", said)
        self.assertIn("all names begin with _orig_mod.", said)

    def resize(self, old, new):
        """Checks that weights with the positions of `old` give open_clip's features in a model with those of `new`."""
        path = self.folder / "model.pt"
        torch.save(random_model(resized(MODEL, *old)).state_dict(), path)
        self.describe(resized(MODEL, *new))
        model = random_model(resized(MODEL, *new))
        open_clip.load_checkpoint(model, str(path))
        said = self.expect_features_of(model, path)
        self.assertIn("interpolated", said)

    def test_more_positions(self):
        self.resize((48, 50), (84, 77))

    def test_fewer_image_positions(self):
        self.resize((84, 77), (36, 77))

    def test_code_is_refused_and_not_executed(self):
        marker = self.folder / "executed"

        class Attack:
            def __reduce__(self):
                return os.system, (f"touch {marker}",)

        path = self.folder / "model.pt"
        torch.save({"state_dict": random_model(PLAIN).state_dict(), "extra": Attack()}, path)
        self.refuse(path, "posix.system", "save model.state_dict()")
        self.assertFalse(marker.exists())

    def test_whole_model_is_refused(self):
        path = self.folder / "model.pt"
        torch.save(random_model(PLAIN), path)
        self.refuse(path, "open_clip.model.CLIP", "save model.state_dict()")

    def test_other_forms_of_torch_save_are_refused(self):
        path = self.folder / "model.pt"
        state = random_model(PLAIN).state_dict()
        torch.save(state, path, _use_new_zipfile_serialization=False)
        self.refuse(path, "before 1.6")
        torch.save(state, path, pickle_protocol=4)
        self.refuse(path, "protocol 4")

    def test_cut_off_is_refused(self):
        path = self.folder / "model.pt"
        torch.save(random_model(PLAIN).state_dict(), path)
        os.truncate(path, path.stat().st_size // 2)
        self.refuse(path, "cut off")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dermatome", type=Path)
    parser.add_argument("work", type=Path)
    arguments, rest = parser.parse_known_args()
    DERMATOME, WORK = arguments.dermatome, arguments.work
    torch.set_num_threads(1)
    unittest.main(argv=[sys.argv[0], *rest])
