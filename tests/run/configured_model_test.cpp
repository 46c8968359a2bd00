#include "src/run/configured_model.h"

#include <gmock/gmock.h>

#include <string>

#include "src/core/file.h"
#include "src/core/log.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The activation, and what is logged about it.
struct Found {
  bool quick_gelu;
  std::string said;
};

Found found(bool in_architecture, QuickGelu asked) {
  const auto path = scratch_folder() / "model.json";
  ClipConfig config;
  config.quick_gelu = in_architecture;
  write_file_atomically(path, hub_config_json(config));
  ModelOptions options;
  options.architecture = path;
  options.quick_gelu = asked;
  initialize_logging(0, 1);
  ::testing::internal::CaptureStderr();
  const bool quick_gelu = configured_model(options).quick_gelu;
  return {quick_gelu, ::testing::internal::GetCapturedStderr()};
}

TEST(ConfiguredModel, HasTheActivationOfItsArchitecture) {
  for (const bool quick_gelu : {true, false}) {
    EXPECT_EQ(found(quick_gelu, QuickGelu::kAuto).quick_gelu, quick_gelu);
    EXPECT_THAT(found(quick_gelu, QuickGelu::kAuto).said, IsEmpty());
  }
}

TEST(ConfiguredModel, HasTheActivationThatIsAskedForAndSaysSo) {
  EXPECT_TRUE(found(false, QuickGelu::kTrue).quick_gelu);
  EXPECT_FALSE(found(true, QuickGelu::kFalse).quick_gelu);
  EXPECT_THAT(found(false, QuickGelu::kTrue).said, HasSubstr("QuickGELU instead of GELU, which"));
  EXPECT_THAT(found(true, QuickGelu::kFalse).said, HasSubstr("GELU instead of QuickGELU, which"));
  EXPECT_THAT(found(true, QuickGelu::kTrue).said, IsEmpty());
}

}  // namespace
}  // namespace dermatome
