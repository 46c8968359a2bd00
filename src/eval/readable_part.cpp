#include "src/eval/readable_part.h"

#include <ATen/ATen.h>

#include <set>
#include <unordered_map>
#include <vector>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/eval/kinds/kind.h"

namespace dermatome {
namespace {

// The rows [n] of `features`, which is on the host.
at::Tensor rows_of_features(const at::Tensor& features, const std::vector<int64_t>& rows) {
  return features.index_select(0, at::tensor(rows, at::kLong));
}

}  // namespace

ReadablePart readable_part(const BenchmarkOptions& options, const BenchmarkTable& table,
                           const BenchmarkFeatures& features,
                           const std::map<int64_t, std::string>& unreadable) {
  std::set<std::string> names;
  for (const auto& entry : unreadable) names.insert(table.names[entry.first]);
  ReadablePart part;
  std::vector<int64_t> images;
  for (int64_t i = 0; i < std::ssize(table.names); ++i) {
    if (names.contains(table.names[i])) continue;
    images.push_back(i);
    part.features.checksums.push_back(features.checksums[i]);
  }
  if (images.empty()) throw DataError(text(options.csv, ": none of its images can be read"));
  part.table = parse_benchmark_table(options, table.content, names);
  part.features.images = rows_of_features(features.images, images);
  // Equal texts have equal features, so that any of them will do.
  std::unordered_map<std::string, int64_t> places;
  int64_t place = 0;
  for (const std::string& one : options.kind->texts(options, table)) places.emplace(one, place++);
  std::vector<int64_t> texts;
  for (const std::string& one : options.kind->texts(options, part.table)) {
    texts.push_back(places.at(one));
  }
  part.features.texts = rows_of_features(features.texts, texts);
  return part;
}

}  // namespace dermatome
