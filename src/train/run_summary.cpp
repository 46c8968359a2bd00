#include "src/train/run_summary.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "src/config/train_options.h"
#include "src/core/json_lines.h"
#include "src/core/log.h"
#include "src/core/number_text.h"
#include "src/core/progress.h"
#include "src/core/text.h"
#include "src/eval/benchmark.h"
#include "src/eval/kinds/kind.h"
#include "src/run/run_directory.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;

struct Found {
  double value = 0;
  int64_t step = 0;
};

bool replaces(const FollowedScore& score, const std::optional<Found>& old, double value) {
  if (!old || score.is_test) return true;
  return score.lower_is_better ? value < old->value : value > old->value;
}

// 86.3 million, or all digits of a smaller number.
std::string number_in_words(int64_t number) {
  if (number < 1'000'000) return text(number);
  return format("%.1f million", static_cast<double>(number) / 1e6);
}

// "86.3 million parameters", or with locked ones "7.1 million of 86.3 million
// parameters (the others are not trained)".
std::string parameters_in_words(const RunSummary::Size& size) {
  const std::string all = text(number_in_words(size.num_parameters), " parameters");
  if (size.num_locked == 0) return all;
  return text(number_in_words(size.num_parameters - size.num_locked), " of ", all,
              " (the others are not trained)");
}

}  // namespace

std::vector<FollowedScore> followed_scores(const std::vector<Benchmark>& benchmarks) {
  std::vector<FollowedScore> scores;
  for (const Benchmark& benchmark : benchmarks) {
    const BenchmarkOptions& options = benchmark.options();
    const std::string metric = options.kind->score_names(options).at(0);
    scores.push_back({benchmark.name(), metric, options.kind->lower_is_better(metric),
                      options.role == BenchmarkRole::kTest});
  }
  scores.push_back({"loss", "total", /*lower_is_better=*/true, /*is_test=*/false});
  return scores;
}

std::string scores_text(const std::filesystem::path& results,
                        const std::vector<FollowedScore>& scores) {
  std::vector<std::optional<Found>> found(scores.size());
  read_json_lines(results, [&](const Json& line, const std::string& /*where*/) {
    const Json validation = line.value("validation", Json::object());
    for (size_t i = 0; i < scores.size(); ++i) {
      const Json values = validation.value(scores[i].set, Json::object());
      const Json value = values.value(scores[i].metric, Json());
      if (value.is_number() && replaces(scores[i], found[i], value)) {
        found[i] = {value, line.value("step", int64_t{0})};
      }
    }
  });
  std::string listed;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!found[i]) continue;
    listed += text(listed.empty() ? "" : ", ", scores[i].is_test ? "last " : "best ", scores[i].set,
                   " ", scores[i].metric, " ", format("%.4f", found[i]->value), " (step ",
                   found[i]->step, ")");
  }
  return listed;
}

RunSummary::RunSummary(const TrainOptions& options, const Size& size)
    : options_(options), size_(size) {
  const RunLength& length = size.length;
  const double epochs =
      static_cast<double>(length.total_steps) / static_cast<double>(length.steps_per_epoch);
  log_info(text("training ", RunDirectory(options).path(), ": ", parameters_in_words(size), ", ",
                size.num_samples, " samples, ", length.total_steps, " steps of ",
                options.batch_size, " samples (", number_text(epochs), " epochs), ", size.num_ranks,
                " rank(s)"));
}

void RunSummary::finish(const std::vector<FollowedScore>& scores) const {
  const RunDirectory run(options_);
  const double elapsed = seconds_since(start_);
  const int64_t steps = std::max<int64_t>(size_.length.total_steps - size_.steps_done, 0);
  const double rate = static_cast<double>(steps * options_.batch_size) / elapsed;
  const std::string found = scores_text(run.results(), scores);
  log_info(text("trained ", run.path(), ": ", steps, " steps in ", duration_text(elapsed), ", ",
                format("%.1f", rate), " images/s; ", found, found.empty() ? "" : "; ",
                "look at it: dermatome report ", run.path()));
}

}  // namespace dermatome
