"""Tests that tools/check_layers.py finds every kind of planted violation."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import check_layers  # noqa: E402


class CheckLayersTest(unittest.TestCase):
    def violations(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return list(check_layers.violations(Path(folder)))

    def assert_one(self, files, where, reason):
        found = self.violations(files)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(where + ": "), found)
        self.assertIn(reason, found[0])

    def test_accepts_allowed_includes(self):
        self.assertEqual(
            [],
            self.violations({
                "src/core/error.h": "#include <string>\n",
                "src/text/tokenizer.cpp": '#include <zlib.h>\n#include "src/core/error.h"\n',
                "launcher/world.cpp": '#include <mpi.h>\n#include "src/text/tokenizer.h"\n',
                "src/text/tokenizer.h": "#pragma once\n",
                "tests/core/error_test.cpp":
                    '#include <gtest/gtest.h>\n#include "src/core/error.h"\n',
                "src/objective/tile.cu": "#include <cuda_runtime.h>\n",
            }))

    def test_finds_upward_dependency(self):
        self.assert_one(
            {"src/core/log.cpp": '#pragma once\n#include "src/train/trainer.h"\n',
             "src/train/trainer.h": ""},
            "src/core/log.cpp:2", "src/core may not depend on src/train")

    def test_finds_sideways_dependency(self):
        self.assert_one(
            {"src/model/clip.cpp": '#include "src/objective/objective.h"\n',
             "src/objective/objective.h": ""},
            "src/model/clip.cpp:1", "src/model may not depend on src/objective")

    def test_finds_product_code_that_includes_tests(self):
        self.assert_one(
            {"launcher/main.cpp": '#include "tests/support/golden.h"\n',
             "tests/support/golden.h": ""},
            "launcher/main.cpp:1", "launcher may not depend on tests")

    def test_finds_include_that_does_not_start_at_the_root(self):
        self.assert_one(
            {"src/core/log.cpp": '#include "log.h"\n', "src/core/log.h": ""},
            "src/core/log.cpp:1", "not a file of the repository")

    def test_finds_own_header_in_angle_brackets(self):
        self.assert_one(
            {"src/core/log.cpp": "#include <src/train/trainer.h>\n", "src/train/trainer.h": ""},
            "src/core/log.cpp:1", 'include it as "src/train/trainer.h"')

    def test_finds_folder_without_a_place(self):
        self.assert_one(
            {"src/extra/thing.cpp": '#include "src/core/error.h"\n', "src/core/error.h": ""},
            "src/extra/thing.cpp:1", "lies in no folder known")

    def test_finds_library_outside_its_folder(self):
        for header, library in [
            ("mpi.h", "MPI"), ("torch/csrc/distributed/c10d/Store.hpp", "c10d"),
            ("gloo/context.h", "c10d"), ("hdf5.h", "HDF5"), ("yaml-cpp/yaml.h", "yaml-cpp"),
            ("unicode/unistr.h", "ICU"), ("zlib.h", "zlib"), ("png.h", "image codecs"),
            ("webp/decode.h", "image codecs"), ("turbojpeg.h", "image codecs"),
            ("isa-l/crc.h", "ISA-L"), ("openssl/evp.h", "OpenSSL"),
            ("torch/torch.h", "torch/torch.h"), ("spdlog/spdlog.h", "spdlog"),
            ("gtest/gtest.h", "GoogleTest"), ("cuda_runtime.h", "CUDA"),
        ]:
            with self.subTest(header):
                self.assert_one({"src/model/clip.cpp": f"#include <{header}>\n"},
                                "src/model/clip.cpp:1", library)

    def test_finds_torch_in_cuda_file(self):
        self.assert_one({"src/objective/tile.cu": "#include <ATen/ATen.h>\n"},
                        "src/objective/tile.cu:1", "free of LibTorch")

    def with_lists(self, call):
        """Files with this call in the CMakeLists.txt of a folder. Of its three sources one reaches no
        header of LibTorch, one the light and one the slow headers, both through a header of their own."""
        return {
            "src/model/CMakeLists.txt": f"# All of it.\n{call}\n",
            "src/model/plain.cpp": "#include <string>\n",
            "src/model/light.h": "#include <ATen/core/Tensor.h>\n#include <c10/core/Device.h>\n",
            "src/model/light.cpp": '#include "src/model/light.h"\n',
            "src/model/slow.h": '#include "src/model/light.h"\n#include <ATen/Functions.h>\n',
            "src/model/slow.cpp": '#include "src/model/slow.h"\n',
        }

    def test_accepts_sources_in_their_lists(self):
        for call in ("dermatome_library(model TORCH\n  SOURCES slow.cpp  # with light.cpp\n"
                     "  PLAIN light.cpp plain.cpp\n  LINK plain.cpp)",
                     "dermatome_library(model SOURCES plain.cpp)",
                     "dermatome_executable(model SOURCES ${PROJECT_SOURCE_DIR}/src/model/slow.cpp\n"
                     "  PLAIN plain.cpp)"):
            with self.subTest(call):
                self.assertEqual([], self.violations(self.with_lists(call)))

    def test_finds_sources_in_the_wrong_list(self):
        for call, reason in [
            ("dermatome_library(model TORCH PLAIN slow.cpp)", "slow.cpp includes LibTorch"),
            ("dermatome_library(model TORCH SOURCES plain.cpp)", "plain.cpp does without LibTorch"),
            ("dermatome_test(model TORCH SOURCES light.cpp)", "light.cpp does without LibTorch"),
            ("dermatome_executable(model PLAIN ${PROJECT_SOURCE_DIR}/src/model/slow.cpp)",
             "src/model/slow.cpp includes LibTorch"),
            ("dermatome_test(model TORCH ASAN SOURCES gone.cpp)", "gone.cpp is not a file"),
        ]:
            with self.subTest(call):
                self.assert_one(self.with_lists(call), "src/model/CMakeLists.txt:2", reason)


if __name__ == "__main__":
    unittest.main()
