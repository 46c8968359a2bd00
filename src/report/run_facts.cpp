#include "src/report/run_facts.h"

#include <algorithm>
#include <ctime>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "src/config/train_config.h"
#include "src/core/error.h"
#include "src/core/joined.h"
#include "src/core/json_lines.h"
#include "src/core/log.h"
#include "src/core/number_text.h"
#include "src/core/progress.h"
#include "src/core/text.h"
#include "src/run/run_directory.h"

namespace dermatome {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

double number_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

// Seconds since 1970 of a time as utc_time() writes it.
std::optional<int64_t> seconds_of(const std::string& time) {
  std::tm parts = {};
  const char* end = strptime(time.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return timegm(&parts);
}

// The speed of a run, how long its steps waited for data, and its memory, from its log of steps.
class Throughput {
 public:
  void add(const json& train) {
    const double speed = number_of(train, "images_per_second");
    if (speed > 0) speeds_.push_back(speed);
    data_seconds_ += number_of(train, "data_seconds");
    step_seconds_ += number_of(train, "step_seconds");
    memory_mib_ = std::max(memory_mib_, number_of(train, "memory_mib"));
  }

  std::string describe() {
    if (speeds_.empty() || step_seconds_ <= 0) return {};
    const auto middle = speeds_.begin() + std::ssize(speeds_) / 2;
    std::ranges::nth_element(speeds_, middle);
    return text(number_text(*middle),
                format(" images/s (median), waiting for data %.1f %% of the time",
                       100 * data_seconds_ / step_seconds_));
  }

  std::string memory() const {
    return memory_mib_ > 0 ? format("%.0f MiB at most on rank 0", memory_mib_) : "";
  }

 private:
  std::vector<double> speeds_;
  // Sums over logged steps of their mean seconds.
  double data_seconds_ = 0, step_seconds_ = 0;
  double memory_mib_ = 0;
};

// How long a run was at work: from each start to the last line that it logged. Starts are in the
// order of time.
class Duration {
 public:
  explicit Duration(const std::vector<json>& starts) {
    for (const json& start : starts) {
      if (const auto time = seconds_of(text_of(start, "time"))) times_.push_back({*time, *time});
    }
  }

  // Adds a line of the log that was written at `time`.
  void add(const std::string& time) {
    const auto seconds = seconds_of(time);
    if (!seconds) return;
    // The last start before the line.
    const auto next = std::ranges::upper_bound(times_, *seconds, {}, &Span::first);
    if (next == times_.begin()) return;
    Span& span = *std::prev(next);
    span.last = std::max(span.last, *seconds);
  }

  std::string describe() const {
    if (times_.empty()) return {};
    int64_t total = 0;
    for (const Span& span : times_) total += span.last - span.first;
    return text(duration_text(static_cast<double>(total)), " in ", times_.size(), " start(s)");
  }

 private:
  struct Span {
    int64_t first, last;  // seconds since 1970
  };
  std::vector<Span> times_;
};

// "2 ranks on node1, node2 (cuda:0, cuda:1; NVIDIA H200)".
std::string hardware(const json& start) {
  std::set<std::string> hosts, devices;
  const json ranks = start.value("ranks", json::array());
  for (const json& rank : ranks) {
    hosts.insert(text_of(rank, "host"));
    devices.insert(text_of(rank, "device"));
  }
  if (ranks.empty()) return {};
  std::set<std::string> models;
  for (const json& gpu : start.value("gpus", json::array())) {
    if (gpu.is_string()) models.insert(gpu.get<std::string>());
  }
  const bool on_gpus = !devices.contains("cpu");
  const std::string model = on_gpus ? joined(models) : text_of(start, "cpu");
  return text(ranks.size(), " rank(s) on ", joined(hosts), " (", joined(devices),
              model.empty() ? "" : "; ", model, ")");
}

}  // namespace

TrainOptions read_run(const std::filesystem::path& run) {
  const std::filesystem::path config = RunDirectory(run).config();
  if (!std::filesystem::is_regular_file(config)) {
    throw ConfigError(text(run,
                           " is no run's directory: it holds no config.yaml; give the directory "
                           "that `dermatome train` wrote, such as runs/NAME"));
  }
  return load_train_config(config, {});
}

json run_facts(const std::filesystem::path& run, const TrainOptions& options) {
  const RunDirectory directory(run);
  std::vector<json> starts;
  read_json_lines(directory.starts(),
                  [&](const json& line, const std::string&) { starts.push_back(line); });
  Duration duration(starts);
  Throughput throughput;
  read_json_lines(directory.results(), [&](const json& line, const std::string&) {
    duration.add(text_of(line, "time"));
    if (line.contains("train") && line["train"].is_object()) throughput.add(line["train"]);
  });
  json facts = json::array();
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) facts.push_back({{"name", name}, {"value", value}});
  };
  const json last = starts.empty() ? json::object() : starts.back();
  add("first start", starts.empty() ? "" : text_of(starts.front(), "time"));
  add("at work", duration.describe());
  add("throughput", throughput.describe());
  add("memory", throughput.memory());
  add("hardware", hardware(last));
  if (const double parameters = number_of(last, "parameters"); parameters > 0) {
    add("parameters", text(number_text(parameters / 1e6), " million"));
  }
  add("batch", text(options.batch_size, " images"));
  add("seed", text(options.seed));
  add("version", text_of(last, "version"));
  return facts;
}

}  // namespace dermatome
