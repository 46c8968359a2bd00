// What a kind of benchmark measures, apart from which images count and how much.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

namespace dermatome {

struct Interval;

// Every score takes the images' weights [n], at least 0 and some above: all images, a slice, a
// resample and a set without its near-duplicates are weightings of one set of features.
class Scorer {
 public:
  using Scores = std::map<std::string, double>;

  virtual ~Scorer() = default;
  // The scores that the benchmark asks for, by name. Called from several threads at once.
  virtual Scores scores(std::span<const double> weights) const = 0;
  // Those, and others that get intervals too.
  virtual Scores resampled_scores(std::span<const double> weights) const { return scores(weights); }
  // Adds what only this kind of result has, and takes from `intervals` (empty without a bootstrap)
  // those that it adds.
  virtual void describe(nlohmann::ordered_json& details,
                        std::map<std::string, Interval>& intervals) const = 0;
};

}  // namespace dermatome
