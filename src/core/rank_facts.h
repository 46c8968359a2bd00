// What must be the same on every rank, and how ranks differ in it, in words. Nothing here
// communicates: whoever compares ranks exchanges the texts.
#pragma once

#include <string>
#include <vector>

namespace dermatome {

// Something that must be the same on every rank. Names are distinct.
struct RankFact {
  std::string what;       // name in messages: a setting's key, or "the data of data.train"
  std::string value;      // compared byte by byte
  bool is_shown = false;  // whether messages show it; a hash would tell a reader nothing
};

// Texts that are equal if the facts and their order are.
std::string to_text(const std::vector<RankFact>& facts);

// "[a, b]": a list as the value of a fact.
std::string list_value(const std::vector<std::string>& items);

// Which ranks differ from rank 0 and in what, such as "rank 2 differs from rank 0 in: seed (2, not
// 1)". `texts`: what to_text() gave on each rank; they are not all equal.
std::string describe_differences(const std::vector<std::string>& texts);

}  // namespace dermatome
