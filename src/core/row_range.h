// The one way in which the rows of a batch, a table or a benchmark are cut into parts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace dermatome {

// Consecutive rows.
struct Span {
  int64_t begin = 0;
  int64_t size = 0;
  int64_t end() const { return begin + size; }
  bool operator==(const Span&) const = default;
};

// Part `part` of `num_parts` of the rows [0, count): the parts follow each other, and their sizes
// differ by at most one, the larger ones first.
inline Span part_of_rows(int64_t count, int64_t part, int64_t num_parts) {
  const int64_t size = count / num_parts, rest = count % num_parts;
  return {part * size + std::min(part, rest), size + (part < rest ? 1 : 0)};
}

// All parts of [0, count) when it is cut into `most_parts`, or into fewer, so that none is empty.
// No rows give one empty part.
inline std::vector<Span> cut_rows(int64_t count, int64_t most_parts) {
  const int64_t num_parts = std::clamp<int64_t>(count, 1, most_parts);
  std::vector<Span> parts;
  for (int64_t part = 0; part < num_parts; ++part) {
    parts.push_back(part_of_rows(count, part, num_parts));
  }
  return parts;
}

}  // namespace dermatome
