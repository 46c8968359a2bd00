// Computes the scores of one kind of benchmark; the caller chooses which images count and how much.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

namespace dermatome {

struct Interval;

// Every score takes the images' weights [n], at least 0 and some above 0. With them one set of
// features gives the scores of all images, of a slice, of a resample, and of the images without
// near-duplicates.
class Scorer {
 public:
  using Scores = std::map<std::string, double>;

  virtual ~Scorer() = default;
  // The scores that the benchmark asks for, by name. Called from several threads at once.
  virtual Scores scores(std::span<const double> weights) const = 0;
  // The same scores, and others that get intervals too.
  virtual Scores resampled_scores(std::span<const double> weights) const { return scores(weights); }
  // The scores of all images, whose weights are 1, as CLIP_benchmark computes those that it has.
  virtual Scores clip_benchmark_scores(std::span<const double> weights) const {
    return scores(weights);
  }
  // Adds what only results of this kind have. Removes from `intervals` (empty without a bootstrap)
  // the intervals that it adds.
  virtual void describe(nlohmann::ordered_json& details,
                        std::map<std::string, Interval>& intervals) const = 0;
};

}  // namespace dermatome
