// `dermatome probe`: linear probes and few-shot classifiers on frozen picture features.
#include "src/eval/probe.h"

#include <ATen/ATen.h>

#include <charconv>
#include <cmath>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/config/benchmark_config.h"
#include "src/core/error.h"
#include "src/core/json_text.h"
#include "src/core/log.h"
#include "src/eval/benchmark_table.h"
#include "src/eval/bootstrap.h"
#include "src/eval/data_hash.h"
#include "src/eval/encode.h"
#include "src/eval/predictions.h"
#include "src/eval/result_json.h"
#include "src/eval/scoring.h"
#include "src/weights/weights.h"
#include "src/weights/weights_hash.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;
using Scores = std::map<std::string, double>;

struct Arguments {
  std::vector<std::string> checkpoints;
  std::string train;
  std::string validation;
  std::vector<std::string> tests;
  std::vector<std::string> c = {"0.316"};  // of CLIP's published example
  double held_out = 0.2;
  Penalty penalty = Penalty::kSquared;
  bool normalise = false;
  std::vector<int64_t> shots;
  std::vector<double> fractions;
  int64_t repetitions = 5;
  uint64_t seed = 0;
  ModelUse use;
};

// A classification benchmark's data and, once they are encoded, their features.
struct Set {
  BenchmarkOptions options;
  BenchmarkTable table;
  LabelledFeatures samples;
  std::string hash;  // of the table and the pictures
};

// How much of the training set is used: all, some samples a class, or a share.
struct Amount {
  std::optional<int64_t> shots;
  std::optional<double> fraction;

  bool is_all() const { return !shots && !fraction; }
};

struct Run {
  double c = 0;
  int64_t num_train = 0;
  LinearClassifier classifier;
};

std::vector<std::string> labels_of(const BenchmarkOptions& options) {
  std::vector<std::string> labels;
  for (const auto& entry : options.classes) labels.push_back(entry.label);
  return labels;
}

Set read_set(const std::string& path, const Set* train) {
  Set set;
  set.options = load_benchmark(path);
  if (set.options.kind != BenchmarkKind::kClassification) {
    throw ConfigError(path + ": kind must be classification for a linear probe");
  }
  if (train != nullptr && labels_of(set.options) != labels_of(train->options)) {
    throw ConfigError(path + ": classes must have the labels of " + train->options.name +
                      "'s, which is trained on, in the same order");
  }
  set.table = read_benchmark_table(set.options);
  return set;
}

void encode(Set& set, const Clip& model, const Arguments& arguments) {
  std::vector<uint32_t> checksums(set.table.images.size());
  const at::Tensor features = encode_image_files(
      model, set.table.images, arguments.use.batch_size, arguments.use.precision, checksums,
      /*after_batch=*/{}, arguments.normalise ? FeatureScale::kNormalised : FeatureScale::kRaw);
  set.samples = {features.cpu(), at::tensor(set.table.labels, at::kLong)};
  set.hash = data_hash(set.table, checksums);
}

// What the settings of C stand for. "auto": as the released linear probes of dermatology choose it,
// the number of weights over 100.
std::vector<double> candidates_of(const Arguments& arguments, const LabelledFeatures& train) {
  std::vector<double> candidates;
  for (const auto& text : arguments.c) {
    double value = 0;
    if (text == "auto") {
      const int64_t classes = std::get<0>(at::_unique2(train.labels)).size(0);
      value = static_cast<double>(train.features.size(1) * classes) / 100;
    } else {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc() || end != text.data() + text.size() || !(value > 0) ||
          !std::isfinite(value)) {
        throw ConfigError("--C " + text + ": must be a number above 0 or auto");
      }
    }
    candidates.push_back(value);
  }
  return candidates;
}

void check(const Arguments& arguments) {
  candidates_of(arguments, {at::zeros({1, 1}), at::zeros({1}, at::kLong)});
  if (arguments.c.size() == 1 && !arguments.validation.empty()) {
    throw ConfigError("--validation is for choosing among several values of --C; there is one");
  }
  if (arguments.c.size() > 1 && !arguments.shots.empty() && arguments.validation.empty()) {
    throw ConfigError(
        "--shots with several values of --C needs --validation to choose by: too few "
        "samples are trained on to hold some out");
  }
}

std::vector<Amount> amounts_of(const Arguments& arguments) {
  std::vector<Amount> amounts;
  for (const int64_t shots : arguments.shots) amounts.push_back({.shots = shots, .fraction = {}});
  for (const double fraction : arguments.fractions) {
    amounts.push_back({.shots = {}, .fraction = fraction});
  }
  if (amounts.empty()) amounts.emplace_back();
  return amounts;
}

at::Tensor draw_rows(const Amount& amount, const Set& train, uint64_t seed, uint64_t repetition) {
  const at::Tensor& labels = train.samples.labels;
  if (amount.shots) {
    return draw_shots(labels, labels_of(train.options), *amount.shots, seed, repetition);
  }
  return draw_share(labels.size(0), amount.fraction.value_or(1), seed, repetition);
}

int64_t repetitions_of(const Amount& amount, const Arguments& arguments) {
  return amount.is_all() ? 1 : arguments.repetitions;
}

// Throws where too little is drawn to fit a classifier to, before anything is encoded.
void check_draws(const Set& train, const Arguments& arguments) {
  const at::Tensor& labels = train.samples.labels;
  for (const auto& amount : amounts_of(arguments)) {
    for (int64_t repetition = 0; repetition < repetitions_of(amount, arguments); ++repetition) {
      const at::Tensor drawn = labels.index_select(
          0, draw_rows(amount, train, arguments.seed, static_cast<uint64_t>(repetition)));
      if (std::get<0>(at::_unique2(drawn)).size(0) > 1) continue;
      const std::string share =
          amount.fraction ? format("--fractions %g draws", *amount.fraction) : "training has";
      const std::string remedy = amount.fraction
                                     ? "ask for a larger share, another --seed or --shots"
                                     : "add samples of another class";
      throw DataError(arguments.train + ": " + share + " " + std::to_string(drawn.size(0)) +
                      " of " + std::to_string(labels.size(0)) + " samples, all of class '" +
                      labels_of(train.options)[drawn[0].item<int64_t>()] +
                      "', but a classifier needs two classes; " + remedy);
    }
  }
}

Run fit(const LabelledFeatures& train, const LabelledFeatures* validation, bool join,
        int64_t num_classes, const Arguments& arguments) {
  const std::vector<double> candidates = candidates_of(arguments, train);
  LabelledFeatures fitted = train;
  Run run;
  run.c = candidates.front();
  if (candidates.size() > 1 && validation != nullptr) {
    run.c = choose_c(train, *validation, num_classes, candidates, arguments.penalty);
    if (join) {
      fitted = {at::cat({train.features, validation->features}),
                at::cat({train.labels, validation->labels})};
    }
  } else if (candidates.size() > 1) {
    const Division parts = hold_out(train.labels, num_classes, arguments.held_out, arguments.seed);
    if (parts.held_out.numel() == 0) {
      throw DataError(
          "no class has enough training samples to hold some out for choosing C; give "
          "--validation, one value of --C or a larger --held-out");
    }
    run.c = choose_c(train.rows(parts.kept), train.rows(parts.held_out), num_classes, candidates,
                     arguments.penalty);
  }
  run.num_train = fitted.labels.size(0);
  run.classifier = fit_logistic_regression(fitted.features, fitted.labels, num_classes, run.c,
                                           arguments.penalty);
  return run;
}

Json mean_scores(const std::vector<Scores>& runs) {
  Json means = Json::object();
  for (const auto& entry : runs.front()) {
    double sum = 0;
    for (const auto& scores : runs) sum += scores.at(entry.first);
    means[entry.first] = sum / static_cast<double>(runs.size());
  }
  return means;
}

// Standard deviations among the runs, of which there are two at least.
Json deviations(const std::vector<Scores>& runs) {
  const Json means = mean_scores(runs);
  Json result = Json::object();
  for (const auto& entry : runs.front()) {
    double sum = 0;
    for (const auto& scores : runs) {
      sum += std::pow(scores.at(entry.first) - means[entry.first].get<double>(), 2);
    }
    result[entry.first] = std::sqrt(sum / static_cast<double>(runs.size() - 1));
  }
  return result;
}

// Classes that the classifier was given no sample of, and never predicts.
std::vector<std::string> untrained(const Run& run, const Set& train) {
  std::vector<std::string> labels;
  for (int64_t c = 0; c < run.classifier.bias.size(0); ++c) {
    if (std::isinf(run.classifier.bias[c].item<double>())) {
      labels.push_back(train.options.classes[c].label);
    }
  }
  return labels;
}

Json amount_json(const Amount& amount, const Arguments& arguments) {
  Json result = {{"shots", nullptr}, {"fraction", nullptr}};
  if (amount.shots) result["shots"] = *amount.shots;
  if (amount.fraction) result["fraction"] = *amount.fraction;
  if (!amount.is_all()) {
    result["seed"] = arguments.seed;
    result["repetitions"] = arguments.repetitions;
  }
  return result;
}

// What the classifiers of one amount of training samples score on a test set.
Json score(const std::vector<Run>& runs, const Amount& amount, const Set& train, const Set& test,
           const Arguments& arguments) {
  const std::vector<double> all(test.table.labels.size(), 1.0);
  std::vector<Scores> scores;
  Json result;
  Json each = Json::array();
  for (const auto& run : runs) {
    const Predictions predictions(run.classifier.logits(test.samples.features),
                                  test.samples.labels);
    scores.push_back(predictions.scores(test.options.metrics, all));
    each.push_back({{"C", run.c}, {"num_train", run.num_train}, {"scores", scores.back()}});
    if (!amount.is_all()) continue;
    result["classes"] = class_table(predictions, test.options);
    if (test.options.bootstrap == 0) continue;
    for (const auto& [name, interval] : bootstrap_intervals(
             [&](auto weights) { return predictions.scores(test.options.metrics, weights); },
             test.table.group, test.options.bootstrap)) {
      result["intervals"][name] = {interval.low, interval.high};
    }
    result["resampled_by"] = resampled_by(test.options);
  }
  result["scores"] = mean_scores(scores);
  if (amount.is_all()) {
    result["C"] = runs.front().c;
    result["num_train"] = runs.front().num_train;
    result["untrained_classes"] = untrained(runs.front(), train);
  } else {
    result["deviations"] = runs.size() > 1 ? deviations(scores) : Json(nullptr);
    result["runs"] = std::move(each);
  }
  result["penalty"] = arguments.penalty == Penalty::kSquared ? "squared" : "norm";
  result["features"] = arguments.normalise ? "normalised" : "raw";
  return result;
}

void probe_checkpoint(const std::string& checkpoint, Set& train, std::optional<Set>& validation,
                      std::vector<Set>& tests, const Arguments& arguments, c10::Device device) {
  const Clip model = load_clip(checkpoint, device);
  const std::string weights = weights_hash(model);
  encode(train, model, arguments);
  if (validation) encode(*validation, model, arguments);
  for (auto& test : tests) encode(test, model, arguments);
  const auto num_classes = static_cast<int64_t>(train.options.classes.size());
  for (const auto& amount : amounts_of(arguments)) {
    std::vector<Run> runs;
    for (int64_t repetition = 0; repetition < repetitions_of(amount, arguments); ++repetition) {
      const LabelledFeatures drawn = train.samples.rows(
          draw_rows(amount, train, arguments.seed, static_cast<uint64_t>(repetition)));
      runs.push_back(fit(drawn, validation ? &validation->samples : nullptr, amount.is_all(),
                         num_classes, arguments));
    }
    for (const auto& test : tests) {
      Json line = {
          {"benchmark", test.options.name},        {"kind", "linear_probe"},
          {"role", role_name(test.options.role)},  {"checkpoint", checkpoint},
          {"train", train.options.name},           {"num_samples", test.table.labels.size()},
          {"unlisted_labels", test.table.unlisted}};
      line.update(amount_json(amount, arguments));
      line.update(score(runs, amount, train, test, arguments));
      line["leakage"] = {{"status", "not checked"}};
      line["hashes"] = {{"train", train.hash},
                        {"data", test.hash},
                        {"classes", classes_hash(test.options)},
                        {"weights", weights}};
      std::cout << json_line(line) << std::endl;
    }
  }
}

int probe(Runtime& runtime, const Arguments& arguments) {
  require_one_rank(runtime, "probe");
  check(arguments);
  // Everything that can be wrong is read before the first picture is encoded.
  Set train = read_set(arguments.train, nullptr);
  std::optional<Set> validation;
  if (!arguments.validation.empty()) {
    validation = read_set(arguments.validation, &train);
    if (validation->options.role != BenchmarkRole::kValidation) {
      throw ConfigError(arguments.validation + ": role must be validation to choose C by it");
    }
  }
  std::vector<Set> tests;
  for (const auto& path : arguments.tests) tests.push_back(read_set(path, &train));
  train.samples.labels = at::tensor(train.table.labels, at::kLong);
  check_draws(train, arguments);
  for (const auto& checkpoint : arguments.checkpoints) {
    probe_checkpoint(find_checkpoint(checkpoint, runtime), train, validation, tests, arguments,
                     runtime.device());
  }
  return kExitOk;
}

void add_options(CLI::App& command, Arguments& arguments) {
  command.add_option("--checkpoint", arguments.checkpoints, kCheckpointHelp)->required();
  command.add_option("--train", arguments.train, "Benchmark file (YAML) of the training set")
      ->required();
  command.add_option("--test", arguments.tests, "Benchmark files (YAML) to score on")->required();
  command.add_option("--C", arguments.c,
                     "Inverse strength of the penalty, or auto: features * classes / 100. Of "
                     "several the one that predicts most of --validation right");
  command.add_option("--validation", arguments.validation,
                     "Benchmark file (YAML), role: validation, to choose C by; without --shots and "
                     "--fractions the "
                     "final classifier is fitted to it too");
  command
      .add_option("--held-out", arguments.held_out,
                  "Share of the training set to choose C by where there is no --validation")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  command
      .add_option("--penalty", arguments.penalty,
                  "squared (scikit-learn's and CLIP's) or norm (as PanDerm's linear probe)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Penalty>{
          {"squared", Penalty::kSquared}, {"norm", Penalty::kNorm}}));
  command.add_flag("--normalise", arguments.normalise,
                   "L2-normalise the features; published protocols do not");
  command.add_option("--shots", arguments.shots, "Training samples a class")
      ->check(CLI::PositiveNumber);
  command.add_option("--fractions", arguments.fractions, "Shares of the training set")
      ->check(CLI::Range(1e-6, 1.0));
  command.add_option("--repetitions", arguments.repetitions, "Draws of --shots and of --fractions")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--seed", arguments.seed, "Of the draws")->capture_default_str();
}

}  // namespace

void add_probe(CLI::App& app) {
  auto* command = app.add_subcommand(
      "probe",
      "Fit linear classifiers to frozen picture features and score them; one JSON object a line");
  auto arguments = std::make_shared<Arguments>();
  add_options(*command, *arguments);
  add_model_options(*command, arguments->use);
  command->callback([arguments] {
    run_on_ranks(arguments->use.runtime,
                 [arguments](Runtime& runtime) { return probe(runtime, *arguments); });
  });
}

}  // namespace dermatome
