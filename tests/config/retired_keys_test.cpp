#include "src/config/retired_keys.h"

#include <gtest/gtest.h>

#include "src/config/field_reader.h"
#include "src/config/train_config.h"
#include "tests/config/config_error.h"

namespace dermatome {
namespace {

constexpr RetiredKey kKeys[] = {{"model.hue", "model.color", ""},
                                {"speed", "", "it is always the highest; remove the key"}};

// The message of a reader that knows only `seed` and `model.color` about `yaml` or an override.
std::string answer_to(const std::string& yaml, const std::string& override_text = {}) {
  return complaint_about(write_yaml(yaml, "run.yaml"), [&](const std::filesystem::path& path) {
    int64_t seed = 0;
    std::string color;
    FieldReader reader({{"seed", &seed}, {"model.color", &color}}, path.string(),
                       {.retired = kKeys});
    reader.read(path);
    if (!override_text.empty()) reader.apply_override(override_text);
  });
}

TEST(RetiredKeys, ARenamedKeyIsAnsweredWithItsNewName) {
  EXPECT_EQ(answer_to("seed: 1\nmodel:\n  hue: red\n"),
            "run.yaml:3:3: model.hue = red is called 'model.color' now; rename the key");
  EXPECT_EQ(answer_to("", "model.hue=red"),
            "override 'model.hue=red': model.hue = red is called 'model.color' now; rename "
            "the key");
}

TEST(RetiredKeys, ARemovedKeyIsAnsweredWithItsAdvice) {
  EXPECT_EQ(answer_to("speed: 3\n"),
            "run.yaml:1:1: speed = 3 is no setting any more: it is always the highest; remove the "
            "key");
}

TEST(RetiredKeys, OtherUnknownKeysAreAnsweredWithTheNearestKnownOne) {
  EXPECT_EQ(answer_to("speeds: 3\n"),
            "run.yaml:1:1: unknown key 'speeds' with value 3; the nearest known key is 'seed'");
}

TEST(RetiredKeys, TheKeyOfAugmentationOnTheDeviceIsAnswered) {
  const std::string answer =
      "data.augment_on = device is no setting any more: augmentation runs on the host only, where "
      "3 to 4 cores feed an H200; remove the key";
  EXPECT_EQ(complaint_about(write_yaml("data: {augment_on: device}\n", "run.yaml"),
                            [](const auto& path) { load_train_config(path, {}); }),
            "run.yaml:1:8: " + answer);
  EXPECT_EQ(config_error([] {
              load_train_config(write_yaml("seed: 1\n", "run.yaml"), {"data.augment_on=device"});
            }),
            "override 'data.augment_on=device': " + answer);
}

// Every run of an older version has these lines in its config.yaml.
TEST(RetiredKeys, TheConfigurationsOfOlderRunsAreRead) {
  const std::string yaml =
      "model: {architecture: m.json}\n"
      "data: {train: shards, augment_on: host}\n"
      "objective: {renormalise_local: false}\n";
  EXPECT_EQ(load_train_config(write_yaml(yaml, "run.yaml"), {}).data.train,
            std::vector<std::string>{"shards"});
}

TEST(RetiredKeys, ARenamedKeyKeepsItsPlaceInDigests) {
  EXPECT_EQ(first_key("model.color", kKeys), "model.hue");
  EXPECT_EQ(first_key("seed", kKeys), "seed");
}

TEST(RetiredKeys, TheBritishSpellingOfASettingIsAnswered) {
  const std::string answer = "is called 'objective.renormalize_local' now; rename the key";
  EXPECT_EQ(complaint_about(write_yaml("objective: {renormalise_local: true}\n", "run.yaml"),
                            [](const auto& path) { load_train_config(path, {}); }),
            "run.yaml:1:13: objective.renormalise_local = true " + answer);
  EXPECT_EQ(config_error([] { objective_options({"renormalise_local=true"}); }),
            "override 'renormalise_local=true': renormalise_local = true is called "
            "'renormalize_local' now; rename the key");
}

}  // namespace
}  // namespace dermatome
