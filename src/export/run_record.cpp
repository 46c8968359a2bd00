#include "src/export/run_record.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "src/config/train_options.h"
#include "src/core/error.h"
#include "src/core/json_lines.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/run/checkpoint.h"
#include "src/run/run_directory.h"
#include "src/weights/hugging_face_cache.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using ScoresByBenchmark = std::map<std::string, std::vector<RecordedScore>>;

// Sections and keys that say how the weights were made.
constexpr std::array<std::string_view, 8> kRecipe = {"batch_size",    "seed",         "model.",
                                                     "data.sampling", "objective.",   "optimizer.",
                                                     "schedule.",     "augmentation."};
// Of these, paths and what changes only the memory.
constexpr std::array<std::string_view, 4> kLeftOut = {"model.architecture", "model.pretrained",
                                                      "model.checkpointed_image_blocks",
                                                      "model.checkpointed_text_blocks"};

bool is_recipe(const Setting& setting) {
  const std::string_view key = setting.key;
  return std::ranges::find(kLeftOut, key) == kLeftOut.end() &&
         std::ranges::any_of(kRecipe, [&](std::string_view known) {
           return known.ends_with('.') ? key.starts_with(known) : key == known;
         });
}

// The run whose folder of checkpoints holds `checkpoint`.
std::optional<RunDirectory> run_of(const fs::path& checkpoint) {
  const RunDirectory run(checkpoint.parent_path().parent_path());
  if (run.checkpoints() != checkpoint.parent_path()) return std::nullopt;
  return run;
}

// The last part of a path, which says nothing about the folders of a machine.
std::string last_part(const fs::path& path) {
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

// What the last start before the checkpoint wrote.
void read_starts(const RunDirectory& run, RunRecord& record) {
  read_json_lines(run.starts(), [&](const Json& line, const std::string&) {
    if (line.value("step", int64_t{0}) > record.step) return;
    record.planned_steps = line.value("steps", int64_t{0});
    record.num_samples = line.value("samples", int64_t{0});
    record.version = line.value("version", std::string());
  });
}

void read_settings(const fs::path& file, RunRecord& record) {
  try {
    const TrainOptions options = load_train_config(file, {});
    for (const Setting& setting : list_settings(options)) {
      if (is_recipe(setting)) record.recipe.push_back(setting);
    }
    const std::string& start = options.from.empty() ? options.model.pretrained : options.from;
    record.base_model = hub_model_name(start);
    record.start = record.base_model.empty() ? last_part(start) : record.base_model;
  } catch (const ConfigError& error) {
    log_warning(text("the model card will have no recipe: ", error.what()));
  }
}

// Appends the numbers of `scores` to `rows`, each a copy of `common` with metric and value.
void add_scores(const Json& scores, const Json& intervals, const RecordedScore& common,
                std::vector<RecordedScore>& rows) {
  for (const auto& [metric, value] : scores.items()) {
    if (!value.is_number()) continue;  // null: not a finite number
    RecordedScore& row = rows.emplace_back(common);
    row.metric = metric;
    row.value = value;
    const auto interval = intervals.find(metric);
    if (interval == intervals.end() || interval->size() != 2 || !interval->at(0).is_number()) {
      continue;
    }
    row.interval = std::pair<double, double>(interval->at(0), interval->at(1));
  }
}

// What a result or a validation says about the data of its benchmark.
void read_data(const Json& facts, RecordedScore& score) {
  const Json none = Json::object();
  score.data = facts.value("hashes", none).value("data", std::string());
  score.leakage = facts.value("leakage", none).value("status", std::string());
}

// The newest validation that is not after the checkpoint.
void read_validation(const RunDirectory& run, int64_t last_step, ScoresByBenchmark& scores) {
  Json newest = {{"step", -1}};
  read_json_lines(run.results(), [&](const Json& line, const std::string&) {
    const int64_t step = line.value("step", int64_t{-1});
    if (line.contains("validation") && step <= last_step && step >= newest.at("step")) {
      newest = line;
    }
  });
  const Json none = Json::object();
  const Json validation = newest.value("validation", none);
  const Json benchmarks = newest.value("benchmarks", none);
  for (const auto& [name, values] : validation.items()) {
    RecordedScore common = {.benchmark = name, .step = newest.at("step")};
    read_data(benchmarks.value(name, none), common);
    add_scores(values, none, common, scores[name]);
  }
}

// What `dermatome watch` found for the checkpoint as it is. A later line of a benchmark replaces an
// earlier one.
void read_evaluations(const RunDirectory& run, const std::string& state, int64_t step,
                      ScoresByBenchmark& scores) {
  const Json none = Json::object();
  read_json_lines(run.evaluations(), [&](const Json& line, const std::string&) {
    if (line.value("state", std::string()) != state || line.contains("failure")) return;
    const std::string name = line.at("benchmark");
    scores[name].clear();
    RecordedScore common = {
        .benchmark = name, .num_samples = line.value("num_samples", int64_t{0}), .step = step};
    read_data(line, common);
    add_scores(line.value("scores", none), line.value("intervals", none), common, scores[name]);
  });
}

// What the run wrote beside its checkpoint.
void read_logs(const RunDirectory& run, const fs::path& checkpoint, RunRecord& record) {
  ScoresByBenchmark scores;
  try {
    read_starts(run, record);
    read_validation(run, record.step, scores);
    read_evaluations(run, state_hash(checkpoint), record.step, scores);
  } catch (const Json::exception& error) {
    throw DataError(text(run.path(), ": its logs have a line of another form: ", error.what()));
  }
  for (const auto& [name, rows] : scores) {
    record.scores.insert(record.scores.end(), rows.begin(), rows.end());
  }
}

}  // namespace

std::optional<RunRecord> read_run_record(const fs::path& path) {
  const fs::path checkpoint = fs::weakly_canonical(path);
  if (!is_checkpoint(checkpoint)) return std::nullopt;
  const TrainingState state = verify_checkpoint(checkpoint);
  RunRecord record;
  record.step = state.step;
  record.dataset_digest = state.dataset_digest;
  const auto run = run_of(checkpoint);
  const fs::path of_checkpoint = checkpoint_config(checkpoint);
  if (fs::exists(of_checkpoint)) {
    read_settings(of_checkpoint, record);
  } else if (run && fs::exists(run->config())) {
    read_settings(run->config(), record);
  }
  if (run) read_logs(*run, checkpoint, record);
  return record;
}

}  // namespace dermatome
