// Names that other programs (open_clip, MAKE, Hugging Face's trainer and the like) and habit give
// to settings, so that a message about such a key can say what it is called here.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dermatome {

struct ForeignKey {
  // Names separated by spaces: in lower case, with '_' for '-'. A name stands for a key's last part
  // in any section; one with dots for the whole key.
  std::string_view names;
  std::string_view key;   // the setting or section here; empty: nothing corresponds to it
  std::string_view note;  // what else to know, or why nothing corresponds to it
};

// The entry for `name`, a key ("optimizer.learning_rate") or a flag ("--local-loss"), with or
// without a number at its end; null: none.
const ForeignKey* find_foreign(std::string_view name, std::span<const ForeignKey> known);

// The rest of a message about a key: what it is called here, or why nothing corresponds to it.
std::string answer_to(const ForeignKey& foreign);

// What a training configuration may be asked for.
std::span<const ForeignKey> foreign_train_keys();

// "learning_rate" for "--Learning-Rate".
std::string normalized_name(std::string_view name);

}  // namespace dermatome
