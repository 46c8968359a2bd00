#include "src/core/nearest_key.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "src/core/text.h"

namespace dermatome {
namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string_view last_part(std::string_view key) { return key.substr(key.rfind('.') + 1); }

// How many edits make another word a misspelling of `word`. Two letters in the wrong order are two
// edits.
size_t allowed_edits(std::string_view word) {
  return word.size() < 4 ? 1 : std::max<size_t>(2, word.size() / 3);
}

}  // namespace

std::string nearest_key(std::string_view key, const std::vector<std::string>& known) {
  // A right name in a wrong section is nearer than any misspelling.
  std::pair<size_t, size_t> smallest = {allowed_edits(last_part(key)) + 1, 0};
  std::string nearest;
  for (const std::string& each : known) {
    const std::pair distance = {edit_distance(last_part(key), last_part(each)),
                                edit_distance(key, each)};
    if (distance < smallest) {
      smallest = distance;
      nearest = each;
    }
  }
  return nearest;
}

std::string near_word(std::string_view word, const std::vector<std::string>& known) {
  std::vector<std::string> longer;
  for (const auto& each : known) {
    if (each == word) return each;
    if (each.starts_with(word)) longer.push_back(each);
  }
  if (longer.size() == 1) return longer.front();
  std::string nearest;
  size_t smallest = allowed_edits(word) + 1;
  for (const auto& each : known) {
    const size_t distance = edit_distance(word, each);
    if (distance < smallest) {
      smallest = distance;
      nearest = each;
    }
  }
  return nearest;
}

std::string unknown_key(std::string_view key, std::string_view value,
                        const std::vector<std::string>& known) {
  const std::string problem = text("unknown key '", key, "' with value ", value);
  const std::string nearest = nearest_key(key, known);
  return nearest.empty() ? problem : text(problem, "; the nearest known key is '", nearest, "'");
}

}  // namespace dermatome
