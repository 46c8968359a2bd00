// How the fields of a training's configuration are read, and what messages say about a mistake.
#include "src/config/field_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/config/train_config.h"
#include "tests/config/config_error.h"

namespace dermatome {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::string mistake(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  return complaint_about(write_yaml(yaml, "run.yaml"),
                         [&](const auto& path) { load_train_config(path, overrides); });
}

TEST(FieldReader, QuotationMarksAroundANumberAreNamed) {
  const std::string advice = ", because quotation marks make it text: write it without them";
  EXPECT_EQ(mistake("batch_size: \"64\""),
            "run.yaml:1:1: batch_size = \"64\" is not a whole number of 64 bits" + advice);
  EXPECT_EQ(
      mistake("", {"optimizer.lr='1e-4'"}),
      "override 'optimizer.lr='1e-4'': optimizer.lr = \"1e-4\" is not a finite number" + advice);
  EXPECT_EQ(mistake("augmentation: {scale: [0.5, '1']}"),
            "run.yaml:1:16: augmentation.scale = [0.5, \"1\"] is not a list of 2 numbers" + advice);
  EXPECT_THAT(mistake("resume: \"true\""), EndsWith("is not true or false" + advice));
  EXPECT_THAT(mistake("seed: '1'"), EndsWith(advice));
  EXPECT_THAT(mistake("data: {weights: ['1']}"), EndsWith(advice));
  EXPECT_THAT(mistake("seed: one"), Not(HasSubstr("quotation")));
}

TEST(FieldReader, ATabInTheIndentationIsNamed) {
  const std::string tab =
      ": not valid YAML: a tab stands in the indentation. YAML takes only "
      "spaces there; replace every such tab by spaces";
  EXPECT_EQ(mistake("model:\n\tarchitecture: m.json\n"), "run.yaml:2:1" + tab);
  EXPECT_EQ(mistake("model:\n  architecture: m.json\n\tpretrained: w\n"), "run.yaml:3:1" + tab);
  EXPECT_EQ(mistake("model:\n  \tarchitecture: m.json\n"), "run.yaml:2:3" + tab);
  EXPECT_EQ(mistake("data:\n  train:\n    -\tdata: s\n"), "run.yaml:3:6" + tab);
  EXPECT_EQ(mistake("data: {train: s}\nmodel:\n    \t\tarchitecture: m\n"), "run.yaml:3:5" + tab);
  EXPECT_THAT(mistake("# a\tb\nname: [a\n"), Not(HasSubstr("tab")));
  const auto accepted =
      write_yaml("model:\t{architecture: m.json}\t# a\ndata: {train: s}", "run.yaml");
  EXPECT_NO_THROW(load_train_config(accepted, {}));
}

TEST(FieldReader, OtherProgramsNamesAreAnsweredWithTheNameHere) {
  EXPECT_EQ(
      mistake("optimizer: {learning_rate: 0.1}"),
      "run.yaml:1:13: unknown key 'optimizer.learning_rate' with value 0.1; here it is called "
      "'optimizer.lr'");
  EXPECT_EQ(mistake("local-loss: true"),
            "run.yaml:1:1: unknown key 'local-loss' with value true; nothing here corresponds to "
            "it: the loss is that of the global batch, with its exact gradient, on any number of "
            "ranks");
  EXPECT_EQ(mistake("", {"batch=8"}),
            "override 'batch=8': unknown key 'batch' with value 8; here it is called 'batch_size': "
            "it counts the samples of all ranks and micro-batches together");
}

}  // namespace
}  // namespace dermatome
