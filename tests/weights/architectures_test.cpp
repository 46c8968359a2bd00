#include "src/weights/architectures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "src/core/file.h"
#include "tests/support/error_of.h"
#include "tests/support/golden.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A checkout with a binary in build/release, and architectures.
class Architectures : public ::testing::Test {
 protected:
  Architectures() : checkout_(scratch_folder()), program_(checkout_ / "build/release/dermatome") {
    fs::create_directories(program_.parent_path());
    write_file_atomically(program_, "");
    add(checkout_);
  }

  static void add(const fs::path& folder) {
    fs::create_directories(folder / "configs/models");
    for (const char* name : {"ViT-B-16.json", "ViT-L-14.json", "README.md"}) {
      write_file_atomically(folder / "configs/models" / name, "{}");
    }
  }

  fs::path checkout_;
  fs::path program_;
};

TEST_F(Architectures, AreFoundAboveTheBinaryOrBesideIt) {
  EXPECT_EQ(find_architecture("ViT-B-16", program_), checkout_ / "configs/models/ViT-B-16.json");
  add(program_.parent_path());
  EXPECT_EQ(find_architecture("ViT-B-16", program_),
            program_.parent_path() / "configs/models/ViT-B-16.json");
}

TEST_F(Architectures, AreFoundThroughALinkToTheBinary) {
  // In a folder from which the architectures cannot be reached.
  const fs::path link = checkout_.parent_path() / "link";
  fs::create_symlink(program_, link);
  EXPECT_EQ(find_architecture("ViT-L-14", link), checkout_ / "configs/models/ViT-L-14.json");
}

TEST_F(Architectures, LeavePathsAndFilesAsTheyAre) {
  for (const char* path : {"configs/models/ViT-B-16.json", "/a/model", "model.json"}) {
    EXPECT_EQ(find_architecture(path, program_), path);
  }
}

TEST_F(Architectures, AreListedIfTheNameIsUnknown) {
  EXPECT_THAT(error_of([&] { find_architecture("ViT-B-61", program_); }),
              HasSubstr("\"ViT-B-61\" is neither a file nor a known name; the nearest one is "
                        "ViT-B-16; the names in " +
                        (checkout_ / "configs/models").string() + " are ViT-B-16, ViT-L-14"));
}

TEST_F(Architectures, MustLieSomewhere) {
  fs::remove_all(checkout_ / "configs");
  EXPECT_THAT(error_of([&] { find_architecture("ViT-B-16", program_); }),
              HasSubstr("no folder configs/models lies beside the binary"));
}

// Every file of configs/models can be read, and what was read can be written.
TEST(ShippedArchitectures, AreDescribed) {
  std::map<std::string, ClipConfig> found;
  for (const auto& entry : fs::directory_iterator(golden_path("../../configs/models"))) {
    if (entry.path().extension() != ".json") continue;
    const ClipConfig config = read_architecture(entry.path().string());
    EXPECT_THAT(hub_config_json(config), HasSubstr("vision_cfg")) << entry.path();
    found[entry.path().stem()] = config;
  }
  EXPECT_GE(found.size(), 10u);
  EXPECT_EQ(found.at("BiomedCLIP").vision.timm_model_name, "vit_base_patch16_224");
  EXPECT_EQ(found.at("BiomedCLIP").vision.pooling, ImagePooling::kClassToken);
  EXPECT_EQ(found.at("DermLIP-PanDerm").vision.family, VisionFamily::kPanDerm);
  EXPECT_EQ(found.at("DermLIP-PanDerm").vision.width, 768);
  EXPECT_EQ(found.at("DermFM-Zero").vision.width, 1024);
  EXPECT_EQ(found.at("DermFM-Zero").vision.layers, 24);
}

}  // namespace
}  // namespace dermatome
