#include "src/weights/hub.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "src/core/error.h"
#include "src/weights/positions.h"
#include "src/weights/weights.h"
#include "tests/model/golden_clip.h"
#include "tests/model/vision_models.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

TEST(Hub, ComesBackAsWritten) {
  const Clip written = golden_clip("quickgelu");
  const auto folder = scratch_folder();
  write_hub(written, folder);

  Clip read(read_hub_config(folder), at::kCPU);
  load_weights(read, folder);

  EXPECT_TRUE(read.config().quick_gelu);
  ASSERT_EQ(read.parameters().size(), written.parameters().size());
  for (size_t i = 0; i < read.parameters().size(); ++i) {
    EXPECT_EQ(read.parameters()[i].name, written.parameters()[i].name);
    EXPECT_TRUE(at::equal(read.parameters()[i].value, written.parameters()[i].value));
    EXPECT_TRUE(read.parameters()[i].value.requires_grad());
  }
}

TEST(Hub, EveryKindOfImageTowerComesBackAsWritten) {
  for (const ClipConfig& config :
       {tiny_panderm(), tiny_open_clip({{"ls_init_value", 0.2}, {"pos_embed_type", "sin_cos_2d"}}),
        tiny_open_clip({{"no_ln_pre", true}, {"pool_type", "avg"}})}) {
    const Clip written = waved_model(config);
    const auto folder = scratch_folder();
    write_hub(written, folder);

    const Clip read = load_clip(folder, at::kCPU);

    EXPECT_EQ(hub_config_json(read.config()), hub_config_json(config));
    ASSERT_EQ(read.parameters().size(), written.parameters().size());
    for (size_t i = 0; i < read.parameters().size(); ++i) {
      const auto& [name, value] = written.parameters()[i];
      EXPECT_EQ(read.parameters()[i].name, name);
      EXPECT_TRUE(at::equal(read.parameters()[i].value, value)) << name;
      EXPECT_EQ(read.parameters()[i].value.requires_grad(), value.requires_grad()) << name;
    }
  }
}

TEST(Hub, PositionsWithABatchAxisAreInterpolated) {
  const Clip small = waved_model(tiny_panderm());
  const auto folder = scratch_folder();
  write_hub(small, folder);
  ClipConfig larger = tiny_panderm();
  larger.vision.image_size = 40;
  Clip read(larger, at::kCPU);

  load_weights(read, folder);

  const auto positions = [](const Clip& model) {
    for (const NamedParameter& parameter : model.parameters()) {
      if (parameter.name == "visual.pos_embed") return parameter.value;
    }
    return at::Tensor();
  };
  ASSERT_EQ(positions(read).sizes(), at::IntArrayRef({1, 26, 48}));
  EXPECT_TRUE(at::equal(positions(read), resize_image_positions(positions(small), 5)));
  EXPECT_TRUE(at::equal(positions(read)[0], resize_image_positions(positions(small)[0], 5)));
}

TEST(Hub, FolderWithoutFilesIsRefused) {
  const auto folder = scratch_folder();
  Clip clip(golden_config("gelu"), at::kCPU);
  EXPECT_THROW(read_hub_config(folder), DataError);
  EXPECT_THROW(load_weights(clip, folder), DataError);
}

}  // namespace
}  // namespace dermatome
