#include "src/report/report.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "sharding/dataset.h"
#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/config/training_sources.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/eval/benchmark.h"
#include "src/eval/benchmark_result.h"
#include "src/eval/result_json.h"
#include "src/objective/create_objective.h"
#include "src/report/examples.h"
#include "src/report/history.h"
#include "src/report/images.h"
#include "src/report/patch_maps.h"
#include "src/report/retrieved.h"
#include "src/report/run_facts.h"
#include "src/report/score_order.h"
#include "src/run/checkpoint.h"
#include "src/run/run_directory.h"
#include "src/weights/text_model_files.h"
#include "src/weights/weights.h"
#include "src/weights/weights_hash.h"

namespace dermatome {
namespace {

using nlohmann::json;

// Records among which examples are retrieved: enough to be a choice, few enough to be encoded on a
// CPU in about a minute.
constexpr int64_t kSearchedRecords = 128;

// Collects what there is to read of a run, and names what is missing.
class Collector {
 public:
  Collector(const ReportOptions& options, c10::Device device, Collectives& collectives)
      : options_(options),
        train_options_(read_run(options.run)),
        objective_(create_objective(train_options_.objective)),
        device_(device),
        collectives_(collectives) {}

  json collect() {
    find_checkpoint();
    add_history();
    if (checkpoint_) {
      trained_.emplace(load_clip(*checkpoint_, device_));
      tokenizer_ = model_tokenizer(trained_->config());
      score();
      add_images();
    }
    report_["lower_is_better"] =
        scores_better_low(report_["curves"]["validation"], report_["evaluations"]);
    name_missing_scores();
    return std::move(report_);
  }

 private:
  void miss(const char* section, const std::string& what) { report_["missing"][section] = what; }
  void find_checkpoint();
  void add_history();
  void score();
  void add_images();
  void show(const ShardedDataset& dataset);
  void name_missing_scores();

  const ReportOptions& options_;
  const TrainOptions train_options_;
  const std::unique_ptr<const Objective> objective_;
  const c10::Device device_;
  Collectives& collectives_;
  std::optional<std::filesystem::path> checkpoint_;
  int64_t step_ = 0;  // of the checkpoint
  std::optional<Clip> trained_;
  std::unique_ptr<const Tokenizer> tokenizer_;  // of `trained_`
  json report_ = {{"missing", json::object()}};
};

void Collector::find_checkpoint() {
  const std::filesystem::path checkpoints = RunDirectory(options_.run).checkpoints();
  std::string reason = "The run has no checkpoint yet";
  try {
    if (std::filesystem::is_directory(checkpoints)) {
      if (const auto newest = find_newest_checkpoint(checkpoints)) {
        step_ = newest->step;
        checkpoint_ = checkpoint_path(checkpoints, step_);
      }
    }
  } catch (const DataError& error) {
    reason = error.what();
  }
  report_["run"] = {
      {"name", train_options_.name}, {"config", dump_train_config(train_options_)},
      {"checkpoint", nullptr},       {"pretrained", train_options_.model.pretrained},
      {"seed", train_options_.seed}, {"batch_size", train_options_.batch_size},
      {"patch_weights", nullptr},    {"facts", run_facts(options_.run, train_options_)}};
  if (const auto weights = objective_->patch_weights_text()) {
    report_["run"]["patch_weights"] = {{"formula", weights->formula}, {"notes", weights->notes}};
  }
  if (checkpoint_) {
    report_["run"]["checkpoint"] = {{"path", checkpoint_->string()}, {"step", step_}};
    return;
  }
  const std::string remedy =
      ": images need its weights. Let it train to its first one (checkpoint.every_steps), then "
      "make the report again.";
  for (const char* section : {"retrieved", "maps"}) miss(section, reason + remedy);
}

void Collector::add_history() {
  report_["curves"] = read_curves(options_.run);
  report_["evaluations"] = read_evaluations(options_.run);
  if (report_["curves"]["train"]["step"].empty()) {
    miss("training", text("No step is logged in ", RunDirectory(options_.run).results(),
                          " yet. `dermatome train` logs every runtime.log_every steps; then make "
                          "the report again."));
  }
}

void Collector::score() {
  for (const Benchmark& benchmark : open_benchmarks(options_.benchmarks)) {
    const Scoring scoring = benchmark.run(*trained_, *tokenizer_, collectives_,
                                          train_options_.validation.batch_size, Precision::kFp32);
    nlohmann::ordered_json evaluation = {{"benchmark", benchmark.name()},
                                         {"scores", json::object()}};
    try {
      evaluation = result_json(
          scoring({}),
          {checkpoint_->string(), architecture_name(trained_->config()), weights_hash(*trained_)});
    } catch (const DataError& error) {  // the rest of the page is worth showing
      log_error(error.what());
      evaluation["failure"] = error.what();
    }
    evaluation["step"] = step_;
    evaluation["definition"] = benchmark.hash(Precision::kFp32);
    report_["evaluations"].push_back(json(std::move(evaluation)));
  }
}

void Collector::add_images() {
  const DataOptions& data = train_options_.data;
  const bool held_out = !data.validation.empty();
  std::vector<std::filesystem::path> paths = training_directories(data);
  std::string path = training_data_name(data);
  std::string origin = "data.train";
  if (held_out || !options_.data.empty()) {
    path = options_.data.empty() ? data.validation : options_.data;
    paths = {path};
    origin = options_.data.empty() ? "data.validation" : "--data";
  }
  report_["data"] = {{"path", path}, {"origin", origin}};
  try {
    show(ShardedDataset(paths));
  } catch (const DataError& error) {
    const std::string what = text("The shards of ", origin, " cannot be read: ", error.what(),
                                  ". Start the command where training was started, or name shards "
                                  "with `dermatome report ",
                                  options_.run, " --data SHARDS`.");
    for (const char* section : {"retrieved", "maps"}) miss(section, what);
  }
}

// Adds patch maps of some records, and what is retrieved for them among more records.
void Collector::show(const ShardedDataset& dataset) {
  const std::vector<int64_t> rows = choose_rows(dataset, options_.images);
  std::vector<int64_t> searched_rows = rows;
  if (!rows.empty()) {
    std::ranges::copy(choose_rows(dataset, kSearchedRecords), std::back_inserter(searched_rows));
  }
  std::ranges::sort(searched_rows);
  searched_rows.erase(std::unique(searched_rows.begin(), searched_rows.end()), searched_rows.end());
  const std::vector<Example> searched = read_examples(dataset, searched_rows);
  std::vector<size_t> places;
  std::vector<Example> shown;
  for (size_t i = 0; i < searched.size(); ++i) {
    if (!std::ranges::binary_search(rows, searched[i].row)) continue;
    places.push_back(i);
    shown.push_back(searched[i]);
  }
  const ClipConfig& config = trained_->config();
  Clip untrained(config, device_);
  untrained.initialize(train_options_.seed);
  json maps = map_examples(shown, encode_examples(*trained_, *tokenizer_, shown, true),
                           encode_examples(untrained, *tokenizer_, shown, true), *objective_);
  json retrieved =
      retrieve(searched, encode_examples(*trained_, *tokenizer_, searched, false), places);

  json images = json::object();  // by row, those that the page shows
  const auto add = [&](const Example& example) {
    const std::string row = std::to_string(example.row);
    if (!images.contains(row)) images[row] = image_uri(example, config);
  };
  for (const Example& example : shown) add(example);
  for (const json& query : retrieved["by_caption"]) {
    for (const json& hit : query["hits"]) {
      for (const Example& example : searched) {
        if (example.row == hit["row"]) add(example);
      }
    }
  }
  report_["data"]["records"] = dataset.size();
  report_["grid"] = config.vision.image_size / config.vision.patch_size;
  report_["images"] = std::move(images);
  report_["maps"] = std::move(maps);
  report_["retrieved"] = std::move(retrieved);
}

void Collector::name_missing_scores() {
  const std::string remedy =
      text("`dermatome watch ", options_.run, " --benchmarks BENCHMARK.yaml`");
  const json& evaluations = report_["evaluations"];
  json validated = report_["curves"]["validation"];
  validated.erase("loss");
  if (evaluations.empty()) {
    miss("intervals", text("No evaluation is written in ", RunDirectory(options_.run).evaluations(),
                           ", so there are no intervals and no confusion matrices. ", remedy,
                           " writes it, for every checkpoint."));
  }
  if (evaluations.empty() && validated.empty()) {
    miss("scores", text("This run was not scored on any benchmark. ", remedy,
                        " scores its checkpoints; validation.benchmarks in a configuration scores "
                        "a run while it trains."));
  }
  bool has_confusion = false;
  for (const json& evaluation : evaluations) has_confusion |= evaluation.contains("confusion");
  if (!has_confusion) {
    miss("confusion",
         text("No evaluation holds a confusion matrix; not every kind of benchmark has one. ",
              remedy, " writes evaluations."));
  }
}

}  // namespace

json collect_report(const ReportOptions& options, c10::Device device, Collectives& collectives) {
  require(options.images >= 0, "a negative number of images");
  return Collector(options, device, collectives).collect();
}

}  // namespace dermatome
