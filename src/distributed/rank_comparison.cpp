#include "src/distributed/rank_comparison.h"

#include <algorithm>
#include <cstdint>

#include "src/core/error.h"
#include "src/core/hash.h"
#include "src/core/text.h"
#include "src/distributed/number_gather.h"
#include "src/distributed/text_gather.h"

namespace dermatome {
namespace {

// The first 16 bytes of a text's SHA-256.
std::vector<int64_t> digest(const std::string& text) {
  const std::string hex = sha256_hex(text);
  std::vector<int64_t> numbers;
  for (const size_t begin : {0, 16}) {
    numbers.push_back(
        static_cast<int64_t>(std::stoull(hex.substr(begin, 16), nullptr, /*base=*/16)));
  }
  return numbers;
}

}  // namespace

void compare_ranks(const std::vector<RankFact>& facts, Collectives& group, c10::Device device,
                   const std::string& remedy) {
  if (group.size() == 1) return;
  const std::string text = to_text(facts);
  const auto digests = gather_numbers(digest(text), group, device, "comparison of ranks");
  const auto are_equal = [](const std::vector<int64_t>& numbers) {
    return std::ranges::all_of(numbers, [&](int64_t n) { return n == numbers.front(); });
  };
  if (std::ranges::all_of(digests, are_equal)) return;
  throw ConfigError(dermatome::text(
      describe_differences(gather_texts(text, group, "what ranks differ in", device)), "; ",
      remedy));
}

}  // namespace dermatome
