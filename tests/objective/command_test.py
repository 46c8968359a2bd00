#!/usr/bin/env python3
"""`dermatome objective` gives the recorded values, alone and under mpirun, and refuses what it cannot do.

    command_test.py BINARY
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

BINARY = sys.argv.pop()
TESTS = Path(__file__).resolve().parent.parent
GOLDEN = TESTS / "golden"
PARAMETERS = json.loads((GOLDEN / "loss.json").read_text())
RELEASED = load_file(GOLDEN / "loss_reference.safetensors")
PAPER = load_file(GOLDEN / "loss_paper.safetensors")
NAMES = "total mkcl slra i2t t2i weights local grad_image grad_text grad_patch grad_scale".split()


def case_inputs(case):
    return {name: RELEASED[f"{case}.in.{name}"] for name in ("img", "txt", "pat", "mask")}


def case_settings(case):
    parameters = PARAMETERS[case]
    return [
        f"sigma={parameters['sigma']}",
        f"lambda_m={parameters['lambda_m']}",
        f"lambda_s={parameters['lambda_s']}",
        f"subcaption_weights={str(parameters['use_weights']).lower()}",
    ]


def variant_settings(variant):
    positives, negatives, *renormalized = variant.split(".")
    return [
        f"positives={positives}",
        f"negatives={negatives}",
        f"renormalize_local={'true' if renormalized else 'false'}",
    ]


class ObjectiveCommand(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(self, inputs, scale, settings, ranks=1, dtype="float64"):
        save_file(inputs, self.folder / "in.safetensors")
        command = [BINARY, "objective", "--input", self.folder / "in.safetensors",
                   "--output", self.folder / "out.safetensors", "--dtype", dtype,
                   "--logit-scale", str(scale), *settings]  # fmt: skip
        if ranks > 1:
            command = [TESTS / "support" / "mpirun.sh", str(ranks), *command]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def evaluate(self, *arguments, **options):
        process = self.start(*arguments, **options)
        self.assertEqual(process.returncode, 0, process.stderr)
        return load_file(self.folder / "out.safetensors")

    def expect_near(self, actual, expected, tolerance, label):
        self.assertEqual(sorted(actual), sorted(NAMES))
        for name in NAMES:
            self.assertEqual(actual[name].shape, expected[name].shape, f"{label} {name}")
            difference = np.linalg.norm(actual[name].astype(np.float64) - expected[name])
            # A recorded value near 1e-8 is a difference of numbers near 100, exact to about 1e-14.
            magnitude = max(np.linalg.norm(expected[name]), 1e-4)
            self.assertLessEqual(difference / magnitude, tolerance, f"{label} {name}")

    def expect_golden(self, case, variant, ranks):
        if variant == "released":
            settings = ["mode=released"]
            expected = {name: RELEASED[f"{case}.out.{name}"] for name in NAMES}
        else:
            settings = variant_settings(variant)
            expected = {name: PAPER[f"{case}.{variant}.{name}"] for name in NAMES}
        actual = self.evaluate(
            case_inputs(case), PARAMETERS[case]["scale"], settings + case_settings(case), ranks=ranks
        )
        self.expect_near(actual, expected, 1e-9, f"{case} {variant} on {ranks}")

    def test_released_mode_gives_the_recorded_values(self):
        for case in PARAMETERS:
            self.expect_golden(case, "released", ranks=1)

    def test_paper_mode_gives_the_recorded_values_on_any_number_of_ranks(self):
        self.expect_golden("three", "knowledge.all.renorm", ranks=1)
        self.expect_golden("noraw", "sub.valid", ranks=1)
        self.expect_golden("noraw", "sub.valid", ranks=2)
        self.expect_golden("base", "knowledge.all", ranks=3)
        self.expect_golden("full", "sub.valid.renorm", ranks=4)  # 6 samples over 4 ranks

    def test_ranks_may_outnumber_samples(self):
        inputs = {name: np.ascontiguousarray(value[: len(value) // 3])
                  for name, value in case_inputs("base").items()}  # fmt: skip
        alone = self.evaluate(inputs, 30, [])
        self.expect_near(self.evaluate(inputs, 30, [], ranks=3), alone, 1e-10, "2 samples on 3")

    def test_inputs_may_be_of_any_type(self):
        inputs = case_inputs("sigma03")
        expected = self.evaluate(inputs, 14, [])
        inputs["mask"] = inputs["mask"].astype(np.uint8)
        inputs["img"] = inputs["img"].astype(np.float64)
        self.expect_near(self.evaluate(inputs, 14, []), expected, 0, "types")
        single = self.evaluate(inputs, 14, [], dtype="float32")
        self.assertEqual({value.dtype.name for value in single.values()}, {"float32"})
        self.expect_near(single, expected, 1e-5, "float32")

    def test_parts_that_are_off_contribute_nothing(self):
        values = self.evaluate(case_inputs("base"), 14, ["local_alignment=false"])
        for name in ("slra", "local", "grad_patch"):
            self.assertEqual(np.abs(values[name]).max(), 0, name)
        self.assertEqual(values["total"], values["mkcl"])

    def expect_refused(self, process, code, *words):
        self.assertEqual(process.returncode, code, process.stderr)
        for word in words:
            self.assertIn(word, process.stderr)
        self.assertFalse((self.folder / "out.safetensors").exists())

    def test_wrong_settings_and_inputs_are_refused(self):
        inputs = case_inputs("base")
        self.expect_refused(self.start(inputs, 14, ["sigmo=0.1"]), 2, "sigmo", "sigma")
        self.expect_refused(
            self.start(inputs, 14, ["mode=released"], ranks=2), 2, "released", "one process"
        )
        without = {name: value for name, value in inputs.items() if name != "pat"}
        self.expect_refused(self.start(without, 14, []), 3, "in.safetensors", "no tensor pat")
        short = inputs | {"txt": np.ascontiguousarray(inputs["txt"][:-1])}
        self.expect_refused(self.start(short, 14, []), 3, "tensor txt", "[65, 16]", "[B*N, d]")
        narrow = inputs | {"pat": np.ascontiguousarray(inputs["pat"][:, :, :-1])}
        self.expect_refused(self.start(narrow, 14, []), 3, "tensor pat", "[6, 9, 15]")
        self.expect_refused(
            self.start(inputs | {"mask": inputs["mask"] * 2}, 14, []), 3, "tensor mask", "0 and 1"
        )


if __name__ == "__main__":
    unittest.main()
