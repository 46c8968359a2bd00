// `dermatome_bench order`: how far the training order is from a full permutation.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <vector>

#include "src/data/shuffled_order.h"
#include "tools/bench/worker.h"

namespace dermatome::bench {
namespace {

struct Arguments {
  int64_t samples = 0;
  int64_t block = 0;
  int64_t window = 0;
  int64_t batch = 0;
};

// Pearson's correlation of two series that are added value by value.
class Correlation {
 public:
  void add(double x, double y) {
    ++count_;
    x_ += x, y_ += y, xx_ += x * x, yy_ += y * y, xy_ += x * y;
  }
  double value() const {
    const double covariance = xy_ - x_ * y_ / count_;
    return covariance / std::sqrt((xx_ - x_ * x_ / count_) * (yy_ - y_ * y_ / count_));
  }

 private:
  double count_ = 0, x_ = 0, y_ = 0, xx_ = 0, yy_ = 0, xy_ = 0;
};

// The number of ordered pairs of a batch's samples that lie less than `block` apart in the data.
int64_t near_pairs(std::vector<int64_t>& batch, int64_t block) {
  std::sort(batch.begin(), batch.end());
  int64_t pairs = 0;
  size_t first = 0;
  for (size_t i = 0; i < batch.size(); ++i) {
    while (batch[i] - batch[first] >= block) ++first;
    pairs += static_cast<int64_t>(i - first);
  }
  return 2 * pairs;
}

// Statistics of the whole batches of an epoch. Distances are between places in the data, in thirds
// of its length, which is the average distance in a random permutation.
nlohmann::json statistics_of(const SampleOrder& order, const Arguments& arguments, int64_t epoch) {
  const double third = static_cast<double>(arguments.samples) / 3;
  const int64_t places = arguments.samples / arguments.batch * arguments.batch;
  double displacement = 0, step = 0;
  Correlation samples, steps;
  int64_t near = 0, last = 0;
  double last_step = 0;
  std::vector<int64_t> batch;
  for (int64_t place = 0; place < places; ++place) {
    const int64_t sample = order.sample(epoch, place);
    displacement += static_cast<double>(std::abs(sample - place));
    if (place > 0) {
      const auto distance = static_cast<double>(std::abs(sample - last));
      samples.add(static_cast<double>(last), static_cast<double>(sample));
      if (place > 1) steps.add(last_step, distance);
      step += distance;
      last_step = distance;
    }
    last = sample;
    batch.push_back(sample);
    if (std::ssize(batch) < arguments.batch) continue;
    near += near_pairs(batch, arguments.block);
    batch.clear();
  }
  const auto count = static_cast<double>(places);
  return {{"displacement", displacement / count / third},
          {"neighbors", step / (count - 1) / third},
          {"correlation", samples.value()},
          {"distance_correlation", steps.value()},
          {"near_partners", static_cast<double>(near) / count}};
}

void run(const Arguments& arguments) {
  constexpr uint64_t kSeed = 1;
  nlohmann::json answer;
  const ShuffledOrder ours(kSeed, arguments.samples, arguments.block, arguments.window);
  // Blocks of one sample in a single window give a permutation of all samples.
  const ShuffledOrder full(kSeed, arguments.samples, 1, arguments.samples);
  const nlohmann::json cost = cost_of([&] { answer["ours"] = statistics_of(ours, arguments, 0); });
  answer["full"] = statistics_of(full, arguments, 0);
  answer["ns_per_sample"] =
      1e9 * cost["cpu"].get<double>() / static_cast<double>(arguments.samples);
  std::cout << answer.dump() << std::endl;
}

}  // namespace

void add_order(CLI::App& app) {
  auto* command = app.add_subcommand("order", "Distances in the training order; one line of JSON");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("--samples", arguments->samples)->required();
  command->add_option("--block", arguments->block)->required();
  command->add_option("--window", arguments->window)->required();
  command->add_option("--batch", arguments->batch)->required();
  command->callback([arguments] { run(*arguments); });
}

}  // namespace dermatome::bench
