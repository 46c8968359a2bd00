#include "src/eval/probe/protocol.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

int64_t count_classes(const at::Tensor& labels) {
  return std::get<0>(at::_unique2(labels)).size(0);
}

}  // namespace

void check_probe(const ProbeOptions& options) {
  candidates_of(options.c, {at::zeros({1, 1}), at::zeros({1}, at::kLong)});
  if (options.c.size() == 1 && !options.validation.empty()) {
    throw ConfigError("--validation is for choosing among several values of --C; there is one");
  }
  if (options.c.size() > 1 && !options.shots.empty() && options.validation.empty()) {
    throw ConfigError(
        "--shots with several values of --C needs --validation to choose by: too few "
        "samples are trained on to hold some out");
  }
}

std::vector<Amount> amounts_of(const ProbeOptions& options) {
  std::vector<Amount> amounts;
  for (const int64_t shots : options.shots) amounts.push_back({.shots = shots, .fraction = {}});
  for (const double fraction : options.fractions) {
    amounts.push_back({.shots = {}, .fraction = fraction});
  }
  if (amounts.empty()) amounts.emplace_back();
  return amounts;
}

int64_t repetitions_of(const Amount& amount, const ProbeOptions& options) {
  return amount.is_all() ? 1 : options.repetitions;
}

void check_draws(const at::Tensor& labels, const std::vector<std::string>& classes,
                 const ProbeOptions& options) {
  for (const auto& amount : amounts_of(options)) {
    for (int64_t repetition = 0; repetition < repetitions_of(amount, options); ++repetition) {
      const at::Tensor drawn = labels.index_select(
          0, draw_rows(amount, labels, classes, options.seed, static_cast<uint64_t>(repetition)));
      if (count_classes(drawn) > 1) continue;
      const std::string share =
          amount.fraction ? format("--fractions %g draws", *amount.fraction) : "training has";
      const std::string remedy = amount.fraction
                                     ? "ask for a larger share, another --seed or --shots"
                                     : "add samples of another class";
      throw DataError(text(options.train, ": ", share, " ", drawn.size(0), " of ", labels.size(0),
                           " samples, all of class '", classes[drawn[0].item<int64_t>()],
                           "', but a classifier needs two classes; ", remedy));
    }
  }
}

std::vector<double> candidates_of(const std::vector<std::string>& c, const LabeledFeatures& train) {
  std::vector<double> candidates;
  for (const auto& entry : c) {
    double value = 0;
    if (entry == "auto") {
      value = static_cast<double>(train.features.size(1) * count_classes(train.labels)) / 100;
    } else {
      const auto [end, error] = std::from_chars(entry.data(), entry.data() + entry.size(), value);
      if (error != std::errc() || end != entry.data() + entry.size() || !(value > 0) ||
          !std::isfinite(value)) {
        throw ConfigError(text("--C ", entry, ": must be a number above 0 or auto"));
      }
    }
    candidates.push_back(value);
  }
  return candidates;
}

double choose_c(const LabeledFeatures& train, const LabeledFeatures& validation,
                int64_t num_classes, std::vector<double> candidates, Penalty penalty) {
  require(!candidates.empty() && validation.labels.numel() > 0, "something to choose C by");
  std::ranges::sort(candidates);
  double best = candidates.front();
  int64_t most = -1;
  for (const double c : candidates) {
    const LinearClassifier classifier =
        fit_logistic_regression(train.features, train.labels, num_classes, c, penalty);
    const at::Tensor right = classifier.logits(validation.features).argmax(1) == validation.labels;
    const auto count = right.sum().item<int64_t>();
    if (count <= most) continue;
    most = count;
    best = c;
  }
  return best;
}

FittedProbe fit_probe(const LabeledFeatures& train, const LabeledFeatures* validation, bool join,
                      int64_t num_classes, const ProbeOptions& options) {
  const std::vector<double> candidates = candidates_of(options.c, train);
  LabeledFeatures fitted = train;
  FittedProbe probe;
  probe.c = candidates.front();
  if (candidates.size() > 1 && validation != nullptr) {
    probe.c = choose_c(train, *validation, num_classes, candidates, options.penalty);
    if (join) {
      fitted = {at::cat({train.features, validation->features}),
                at::cat({train.labels, validation->labels})};
    }
  } else if (candidates.size() > 1) {
    const Division parts = hold_out(train.labels, num_classes, options.held_out, options.seed);
    if (parts.held_out.numel() == 0) {
      throw DataError(
          "no class has enough training samples to hold some out for choosing C; give "
          "--validation, one value of --C or a larger --held-out");
    }
    probe.c = choose_c(train.rows(parts.kept), train.rows(parts.held_out), num_classes, candidates,
                       options.penalty);
  }
  probe.num_train = fitted.labels.size(0);
  probe.classifier = fit_logistic_regression(fitted.features, fitted.labels, num_classes, probe.c,
                                             options.penalty);
  return probe;
}

}  // namespace dermatome
