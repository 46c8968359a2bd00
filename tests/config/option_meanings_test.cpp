#include "src/config/option_meanings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/config/train_config.h"
#include "src/config/train_options.h"

namespace dermatome {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

TEST(FieldComments, StandAboveOrBehindTheField) {
  EXPECT_THAT(field_comments("// A header.\n"
                             "enum class Kind { kA };  // not a field\n"
                             "struct Options {\n"
                             "  // One\n"
                             "  // comment.\n"
                             "  std::vector<int> list;\n"
                             "  double number = 1e-3;  // Behind.\n"
                             "  std::array<double, 2> both = {0, 1};\n"
                             "\n"
                             "  // Of no field.\n"
                             "\n"
                             "  bool operator==(const Options&) const = default;\n"
                             "};\n"
                             "// Outside.\n"
                             "constexpr int kOutside = 1;\n"),
              UnorderedElementsAre(Pair("list", "One comment."), Pair("number", "Behind.")));
}

TEST(OptionMeanings, ExplainEverySettingInWholeSentences) {
  for (const Setting& setting : list_settings(TrainOptions())) {
    const auto found = option_meanings().find(setting.key);
    ASSERT_NE(found, option_meanings().end()) << setting.key;
    const std::string& meaning = found->second;
    EXPECT_TRUE(meaning.front() >= 'A' && meaning.front() <= 'Z') << setting.key << ": " << meaning;
    EXPECT_EQ(meaning.back(), '.') << setting.key << ": " << meaning;
  }
}

}  // namespace
}  // namespace dermatome
