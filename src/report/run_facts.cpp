#include "src/report/run_facts.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "src/config/train_config.h"
#include "src/core/error.h"
#include "src/core/json_lines.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/run/run_directory.h"

namespace dermatome {
namespace {

using nlohmann::json;

// The speed of a run and how long its steps waited for data, from its log of steps.
class Throughput {
 public:
  void add(const json& train) {
    const auto number = [&](const char* key) {
      const auto found = train.find(key);
      return found != train.end() && found->is_number() ? found->get<double>() : 0;
    };
    const double speed = number("images_per_second");
    if (speed > 0) speeds_.push_back(speed);
    data_seconds_ += number("data_seconds");
    step_seconds_ += number("step_seconds");
  }

  std::string describe() {
    if (speeds_.empty() || step_seconds_ <= 0) return {};
    const auto middle = speeds_.begin() + std::ssize(speeds_) / 2;
    std::ranges::nth_element(speeds_, middle);
    return format("%.4g images/s (median), waiting for data %.1f %% of the time", *middle,
                  100 * data_seconds_ / step_seconds_);
  }

 private:
  std::vector<double> speeds_;
  // Sums over logged steps of their mean seconds.
  double data_seconds_ = 0, step_seconds_ = 0;
};

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
  json facts = json::array();
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) facts.push_back({{"name", name}, {"value", value}});
  };
  Throughput throughput;
  read_json_lines(RunDirectory(run).results(), [&](const json& line, const std::string&) {
    if (line.contains("train") && line["train"].is_object()) throughput.add(line["train"]);
  });
  add("throughput", throughput.describe());
  add("batch", text(options.batch_size, " images"));
  add("seed", text(options.seed));
  return facts;
}

}  // namespace dermatome
