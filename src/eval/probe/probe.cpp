#include "src/eval/probe/probe.h"

#include <nlohmann/json.hpp>

#include "src/core/error.h"
#include "src/core/progress.h"
#include "src/eval/probe/protocol.h"
#include "src/eval/probe/result_lines.h"
#include "src/model/clip.h"
#include "src/weights/weights.h"
#include "src/weights/weights_hash.h"

namespace dermatome {

Probe::Probe(const ProbeOptions& options) : options_(options) {
  check_probe(options);
  train_ = read_labeled_set(options.train, nullptr);
  if (!options.validation.empty()) {
    validation_ = read_labeled_set(options.validation, &train_);
    if (validation_->options.role != BenchmarkRole::kValidation) {
      throw ConfigError(options.validation + ": role must be validation to choose C by it");
    }
  }
  for (const auto& path : options.tests) tests_.push_back(read_labeled_set(path, &train_));
  check_draws(train_.samples.labels, train_.labels(), options);
}

void Probe::score(const std::string& checkpoint, c10::Device device, const Write& write) {
  const Clip model = load_clip(checkpoint, device, options_.hints);
  const ProbedModel probed = {checkpoint, weights_hash(model)};
  encode_set(train_, model, options_);
  if (validation_) encode_set(*validation_, model, options_);
  for (auto& test : tests_) encode_set(test, model, options_);
  const auto num_classes = static_cast<int64_t>(train_.options.classes.size());
  int64_t num_probes = 0;
  for (const auto& amount : amounts_of(options_)) num_probes += repetitions_of(amount, options_);
  Progress progress("probes fitted", num_probes);
  for (const auto& amount : amounts_of(options_)) {
    std::vector<FittedProbe> probes;
    for (int64_t repetition = 0; repetition < repetitions_of(amount, options_); ++repetition) {
      const LabeledFeatures drawn =
          train_.samples.rows(draw_rows(amount, train_.samples.labels, train_.labels(),
                                        options_.seed, static_cast<uint64_t>(repetition)));
      probes.push_back(fit_probe(drawn, validation_ ? &validation_->samples : nullptr,
                                 amount.is_all(), num_classes, options_));
      progress.add(1);
    }
    for (const auto& test : tests_) {
      write(probe_line(probes, amount, train_, test, probed, options_));
    }
  }
}

}  // namespace dermatome
