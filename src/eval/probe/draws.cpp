#include "src/eval/probe/draws.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "src/core/error.h"
#include "src/core/keyed_permutation.h"
#include "src/core/rng.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// The number of the set of all samples, for draw(); the classes' samples are numbered from 0.
constexpr uint64_t kAllSamples = UINT64_MAX;
// The repetition of the draw of held-out samples.
constexpr uint64_t kHoldOut = UINT64_MAX;

// The first `count` of `samples` [n] in random order.
at::Tensor draw(const at::Tensor& samples, int64_t count, uint64_t seed, uint64_t repetition,
                uint64_t from) {
  if (count == 0) return at::empty({0}, at::kLong);
  const KeyedPermutation order(Rng(seed, RngPurpose::kFewShot, repetition, from).next_u64(),
                               samples.size(0));
  const at::Tensor places = at::empty({count}, at::kLong);
  auto* place = places.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i) place[i] = order(i);
  return samples.index_select(0, places);
}

std::vector<at::Tensor> samples_by_class(const at::Tensor& labels, int64_t num_classes) {
  std::vector<at::Tensor> samples;
  for (int64_t c = 0; c < num_classes; ++c) samples.push_back((labels == c).nonzero().flatten());
  return samples;
}

at::Tensor ascending(const at::Tensor& indices) { return std::get<0>(indices.sort()); }

}  // namespace

LabeledFeatures LabeledFeatures::rows(const at::Tensor& indices) const {
  return {features.index_select(0, indices), labels.index_select(0, indices)};
}

at::Tensor draw_shots(const at::Tensor& labels, const std::vector<std::string>& classes,
                      int64_t shots, uint64_t seed, uint64_t repetition) {
  const auto samples = samples_by_class(labels, static_cast<int64_t>(classes.size()));
  const auto rarest = std::ranges::min_element(
      samples, {}, [](const at::Tensor& of_class) { return of_class.size(0); });
  if (rarest->size(0) < shots) {
    throw DataError(text("class '", classes[rarest - samples.begin()], "' has ", rarest->size(0),
                         " training samples, fewer than ", shots,
                         " shots; ask for fewer shots or leave the class out"));
  }
  std::vector<at::Tensor> drawn;
  for (size_t c = 0; c < samples.size(); ++c) {
    drawn.push_back(draw(samples[c], shots, seed, repetition, c));
  }
  return ascending(at::cat(drawn));
}

at::Tensor draw_share(int64_t num_samples, double share, uint64_t seed, uint64_t repetition) {
  require(num_samples > 0 && share > 0 && share <= 1, "a share of some samples");
  const auto count = std::max<int64_t>(1, std::llround(share * static_cast<double>(num_samples)));
  return ascending(draw(at::arange(num_samples), count, seed, repetition, kAllSamples));
}

at::Tensor draw_rows(const Amount& amount, const at::Tensor& labels,
                     const std::vector<std::string>& classes, uint64_t seed, uint64_t repetition) {
  if (amount.shots) return draw_shots(labels, classes, *amount.shots, seed, repetition);
  return draw_share(labels.size(0), amount.fraction.value_or(1), seed, repetition);
}

Division hold_out(const at::Tensor& labels, int64_t num_classes, double share, uint64_t seed) {
  require(share >= 0 && share < 1, "a share to hold out");
  std::vector<at::Tensor> drawn;
  const auto samples = samples_by_class(labels, num_classes);
  for (size_t c = 0; c < samples.size(); ++c) {
    const auto count = static_cast<int64_t>(share * static_cast<double>(samples[c].size(0)));
    drawn.push_back(draw(samples[c], count, seed, kHoldOut, c));
  }
  const at::Tensor held_out = ascending(at::cat(drawn));
  const at::Tensor kept = at::ones({labels.size(0)}, at::kBool).index_fill_(0, held_out, false);
  return {.kept = kept.nonzero().flatten(), .held_out = held_out};
}

}  // namespace dermatome
