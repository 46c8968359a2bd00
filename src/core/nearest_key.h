// What a misspelled key was meant to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dermatome {

// The key of `known` that `key` most likely stands for: the same last part in another section
// ("section.name"), else the last part with the smallest edit distance; empty if none is that near.
std::string nearest_key(std::string_view key, const std::vector<std::string>& known);

// The word of `known` that `word` is the beginning of, if there is one such, or a misspelling;
// empty if none is that near.
std::string near_word(std::string_view word, const std::vector<std::string>& known);

// "unknown key 'KEY' with value VALUE; the nearest known key is 'NEAREST'"; without its second half
// if none is near.
std::string unknown_key(std::string_view key, std::string_view value,
                        const std::vector<std::string>& known);

}  // namespace dermatome
