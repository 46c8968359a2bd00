// The protocol of a linear probe: which amounts of samples, which C, and the fit.
#pragma once

#include <cstdint>
#include <vector>

#include "src/eval/logistic_regression.h"
#include "src/eval/probe/draws.h"
#include "src/eval/probe/options.h"

namespace dermatome {

// Throws ConfigError for options that contradict each other, before anything is read.
void check_probe(const ProbeOptions& options);

// The amounts that the options ask for: every number of shots, then every fraction; if there is
// neither, one amount of all samples.
std::vector<Amount> amounts_of(const ProbeOptions& options);
// How many draws are made of this amount.
int64_t repetitions_of(const Amount& amount, const ProbeOptions& options);

// Throws DataError if a draw has samples of one class only. labels [n] are the training set's.
void check_draws(const at::Tensor& labels, const std::vector<std::string>& classes,
                 const ProbeOptions& options);

// The values that options.c stands for. "auto" is the number of weights divided by 100, as the
// released linear probes of dermatology choose it. Throws ConfigError.
std::vector<double> candidates_of(const std::vector<std::string>& c, const LabeledFeatures& train);

// The element of `candidates` with which a classifier fitted to `train` predicts most of
// `validation` right; of equally good ones the smallest, whose penalty is the strongest.
double choose_c(const LabeledFeatures& train, const LabeledFeatures& validation,
                int64_t num_classes, std::vector<double> candidates, Penalty penalty);

struct FittedProbe {
  double c = 0;
  int64_t num_train = 0;  // samples it was fitted to
  LinearClassifier classifier;
};

// Fits a probe to `train`. Of several values of C it chooses one by `validation` or, if that is
// null, by held-out samples of `train`. With `join`, a probe whose C was chosen by `validation` is
// fitted to `validation` too. Throws DataError.
FittedProbe fit_probe(const LabeledFeatures& train, const LabeledFeatures* validation, bool join,
                      int64_t num_classes, const ProbeOptions& options);

}  // namespace dermatome
