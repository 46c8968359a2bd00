#include "src/weights/hub.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "src/core/error.h"
#include "src/weights/weights.h"
#include "tests/model/golden_clip.h"
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

TEST(Hub, FolderWithoutFilesIsRefused) {
  const auto folder = scratch_folder();
  Clip clip(golden_config("gelu"), at::kCPU);
  EXPECT_THROW(read_hub_config(folder), DataError);
  EXPECT_THROW(load_weights(clip, folder), DataError);
}

}  // namespace
}  // namespace dermatome
