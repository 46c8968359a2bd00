#include "src/watch/criterion.h"

#include <algorithm>

#include "src/core/error.h"
#include "src/core/joined.h"
#include "src/core/text.h"
#include "src/eval/kinds/kind.h"

namespace dermatome {

Criterion parse_criterion(const std::string& select,
                          const std::vector<const BenchmarkOptions*>& benchmarks,
                          const std::vector<Definition>& definitions) {
  const auto fail = [&](const std::string& problem) {
    throw ConfigError(text("--select ", select, ": ", problem));
  };
  const size_t colon = select.rfind(':');
  if (colon == std::string::npos) fail("expected BENCHMARK:METRIC");
  const std::string name = select.substr(0, colon), metric = select.substr(colon + 1);
  const auto found = std::ranges::find(benchmarks, name, &BenchmarkOptions::name);
  if (found == benchmarks.end()) fail("no --benchmark is named " + name);
  const BenchmarkOptions& options = **found;
  if (options.role != BenchmarkRole::kValidation) {
    fail(name +
         " has role: test, and a test set must not choose a checkpoint; "
         "select by a benchmark with role: validation");
  }
  const std::vector<std::string> scores = options.kind->score_names(options);
  if (std::ranges::find(scores, metric) == scores.end()) {
    fail(text(name, " has the scores ", joined(scores)));
  }
  return {definitions[found - benchmarks.begin()], metric, options.kind->lower_is_better(metric)};
}

}  // namespace dermatome
