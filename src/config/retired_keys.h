// Keys that earlier versions read and this one does not. The message about such a key says what
// to do, which helps more than the nearest known key.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dermatome {

struct RetiredKey {
  std::string_view key;      // a dotted path
  std::string_view new_key;  // what it is called now; empty: the setting is gone
  std::string_view advice;   // for a setting that is gone: why, and what to do
  // The value that older versions wrote to the configuration of every run, and that says what is
  // done anyway: the key is then passed over.
  std::string_view harmless = {};
};

// The key under which a setting entered its first digests. Digests keep it after a rename, so that
// older checkpoints can be continued.
std::string_view first_key(std::string_view key, std::span<const RetiredKey> retired);

// The rest of a message that begins with the key and its value.
std::string problem_with(const RetiredKey& retired);

// The keys that a training configuration, and `dermatome objective`, no longer have.
std::span<const RetiredKey> retired_train_keys();
std::span<const RetiredKey> retired_objective_keys();

}  // namespace dermatome
