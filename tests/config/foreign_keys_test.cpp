#include "src/config/foreign_keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "src/config/train_fields.h"
#include "src/config/train_options.h"

namespace dermatome {
namespace {

std::string_view key_for(std::string_view name) {
  const ForeignKey* found = find_foreign(name, foreign_train_keys());
  return found == nullptr ? "not found" : found->key;
}

TEST(ForeignKeys, AreFoundByMeaning) {
  EXPECT_EQ(key_for("learning_rate"), "optimizer.lr");
  EXPECT_EQ(key_for("optimizer.learning_rate"), "optimizer.lr");
  EXPECT_EQ(key_for("wd"), "optimizer.weight_decay");
  EXPECT_EQ(key_for("batch"), "batch_size");
  EXPECT_EQ(key_for("warmup_steps"), "schedule.warmup");
  EXPECT_EQ(key_for("num_train_epochs"), "schedule.epochs");
  EXPECT_EQ(key_for("--Grad-Clip-Norm"), "optimizer.clip_norm");
  EXPECT_EQ(key_for("--use_disease_specific_weight"), "objective.subcaption_weights");
  EXPECT_EQ(key_for("zeroshot_eval12"), "validation.benchmarks");
  EXPECT_EQ(key_for("--force-quick-gelu"), "model.quick_gelu");
  EXPECT_EQ(key_for("freeze"), "model.lock_image");
  EXPECT_EQ(key_for("text_layer_decay"), "optimizer.layer_decay");
  EXPECT_EQ(key_for("gather_with_grad"), "");
  EXPECT_EQ(key_for("frobnicate"), "not found");
  EXPECT_EQ(key_for(""), "not found");
}

// A name with a dot stands for the whole key only: `weights` alone may mean something else.
TEST(ForeignKeys, OfASectionAreFoundInThisSectionOnly) {
  EXPECT_EQ(key_for("model.weights"), "model.pretrained");
  EXPECT_EQ(key_for("weights"), "not found");
}

TEST(ForeignKeys, StandForSettingsThatExistOrSayWhyThereIsNone) {
  TrainOptions options;
  const std::vector<Field> fields = train_fields(options);
  for (const ForeignKey& foreign : foreign_train_keys()) {
    const bool exists = std::ranges::any_of(fields, [&](const Field& field) {
      return field.key == foreign.key || field.key.starts_with(std::string(foreign.key) + ".");
    });
    EXPECT_TRUE(foreign.key.empty() ? !foreign.note.empty() : exists) << foreign.names;
  }
}

// Otherwise an entry would never be found, or would hide a setting of the same name.
TEST(ForeignKeys, HaveEachNameOnceAndNoNameOfASetting) {
  TrainOptions options;
  std::set<std::string> names;
  for (const Field& field : train_fields(options)) {
    names.insert(field.key.substr(field.key.rfind('.') + 1));
    names.insert(field.key.substr(0, field.key.find('.')));
  }
  for (const ForeignKey& foreign : foreign_train_keys()) {
    std::istringstream words{std::string(foreign.names)};
    for (std::string name; words >> name;) {
      EXPECT_TRUE(names.insert(name).second) << name;
      EXPECT_EQ(normalized_name(name), name);
    }
  }
}

}  // namespace
}  // namespace dermatome
