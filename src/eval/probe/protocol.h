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

// What the options ask for: every number of shots, then every fraction; neither: all samples, once.
std::vector<Amount> amounts_of(const ProbeOptions& options);
// How many draws of this amount.
int64_t repetitions_of(const Amount& amount, const ProbeOptions& options);

// Throws DataError where too little is drawn to fit a classifier to. labels [n] of the training
// set.
void check_draws(const at::Tensor& labels, const std::vector<std::string>& classes,
                 const ProbeOptions& options);

// The values that options.c stands for. "auto": as the released linear probes of dermatology choose
// it, the number of weights over 100. Throws ConfigError.
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

// Chooses C where there are several, by `validation` or, where it is null, by held-out samples of
// `train`, and fits; with `join` to `validation` too, if C was chosen by it. Throws DataError.
FittedProbe fit_probe(const LabeledFeatures& train, const LabeledFeatures* validation, bool join,
                      int64_t num_classes, const ProbeOptions& options);

}  // namespace dermatome
