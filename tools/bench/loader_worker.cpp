// Reads batches from shards, and measures the parts of this work alone.
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "sharding/dataset.h"
#include "src/config/data_options.h"
#include "src/config/train_config.h"
#include "src/core/clock.h"
#include "src/core/hash.h"
#include "src/data/augmentation.h"
#include "src/data/loader.h"
#include "src/distributed/single_process.h"
#include "src/text/clip_tokenizer.h"
#include "tools/bench/worker.h"

namespace dermatome::bench {
namespace {

struct Arguments {
  std::string data;
  std::string config;
  int64_t batch = 64;
  int64_t threads = 1;
  int64_t prefetch = DataOptions().prefetch;
  int64_t image_size = 224;
};

class LoaderWorker {
 public:
  explicit LoaderWorker(const Arguments& arguments)
      : path_(arguments.data),
        dataset_(path_, TokenFormat{tokenizer_, kContextLength}),
        image_size_(arguments.image_size) {
    options_.global_batch = options_.count = arguments.batch;
    options_.image_size = arguments.image_size;
    options_.data.workers = arguments.threads;
    options_.data.prefetch = arguments.prefetch;
    options_.augmentation = load_train_config(arguments.config, {}).augmentation;
  }

  // Reads `number` batches from the beginning of an epoch, or the whole epoch if `number` is empty.
  // Each call uses the next epoch.
  nlohmann::json batches(const std::string& number) {
    int64_t images = 0;
    double first_batch = 0;
    const auto start = Clock::now();
    nlohmann::json answer = cost_of([&] {
      Loader loader(dataset_, options_, epoch_, /*step=*/0);
      const int64_t steps = number.empty() ? loader.steps_per_epoch() : std::stoll(number);
      for (int64_t step = 0; step < steps; ++step) {
        images += loader.next().value().size();
        if (step == 0) first_batch = seconds_since(start);
      }
    });
    ++epoch_;
    answer["images"] = images;
    answer["first_batch"] = first_batch;
    return answer;
  }

  // CPU seconds of each of `number` epochs of one loader, including its reading ahead.
  nlohmann::json epochs(const std::string& number) {
    Loader loader(dataset_, options_, epoch_, /*step=*/0);
    std::vector<double> seconds;
    for (int64_t epoch = 0; epoch < std::stoll(number); ++epoch) {
      const nlohmann::json cost = cost_of([&] {
        for (int64_t step = 0; step < loader.steps_per_epoch(); ++step) loader.next().value();
      });
      seconds.push_back(cost["cpu"]);
    }
    epoch_ += std::ssize(seconds);
    return {{"cpu", seconds}};
  }

  // The cost from nothing open to the first batch.
  nlohmann::json start() {
    int64_t shards = 0;
    nlohmann::json answer = cost_of([&] {
      const ClipTokenizer tokenizer;
      const ShardedDataset dataset(path_, TokenFormat{tokenizer, kContextLength});
      Loader(dataset, options_, epoch_, /*step=*/0).next().value();
      shards = std::ssize(dataset.sources().front().manifest.shards);
    });
    ++epoch_;
    answer["shards"] = shards;
    return answer;
  }

  // The memory while the readers are as far ahead as they may be.
  nlohmann::json memory() {
    nlohmann::json answer = memory_of([&] {
      const auto start = Clock::now();
      Loader loader(dataset_, options_, epoch_, /*step=*/0);
      loader.next().value();
      const double batch_seconds = seconds_since(start);
      const auto ahead = static_cast<double>(options_.data.prefetch + 1);
      std::this_thread::sleep_for(std::chrono::duration<double>(ahead * batch_seconds));
    });
    ++epoch_;
    return answer;
  }

  // Reads, checks, decodes and augments the same images one after the other, without batches,
  // texts and threads.
  nlohmann::json alone() {
    const int64_t images = dataset_.size() / options_.global_batch * options_.global_batch;
    const auto side = static_cast<size_t>(image_size_);
    std::vector<uint8_t> memory(3 * side * side);
    Image image;
    nlohmann::json answer = cost_of([&] {
      for (int64_t i = 0; i < images; ++i) {
        const auto [shard, row] = dataset_.locate(i);
        shard->decode(row, image);
        augment(image,
                draw_augmentation(options_.augmentation, image.height, image.width, /*seed=*/1,
                                  epoch_, i),
                static_cast<int>(image_size_), planes_at(memory.data(), side * side));
      }
    });
    ++epoch_;
    answer["images"] = images;
    return answer;
  }

  // Computes the checksum of as many bytes as the images' records have.
  nlohmann::json checksums() const {
    uint64_t bytes = 0;
    for (const ShardEntry& shard : dataset_.sources().front().manifest.shards) bytes += shard.bytes;
    const std::string record(bytes / static_cast<uint64_t>(dataset_.size()), 'x');
    uint32_t sum = 0;
    nlohmann::json answer = cost_of([&] {
      for (int64_t i = 0; i < dataset_.size(); ++i) {
        sum ^= crc32c(std::as_bytes(std::span(record)), sum);
      }
    });
    answer["images"] = dataset_.size();
    answer["sum"] = sum;  // used, so that the compiler does not remove its computation
    return answer;
  }

 private:
  ClipTokenizer tokenizer_;
  std::string path_;
  ShardedDataset dataset_;
  LoaderOptions options_;
  int64_t image_size_;
  int64_t epoch_ = 0;
};

void run(const Arguments& arguments) {
  const auto collectives = make_single_process_collectives();
  LoaderWorker worker(arguments);
  serve(*collectives, {{"epoch", [&](const std::string&) { return worker.batches(""); }},
                       {"batches", [&](const std::string& n) { return worker.batches(n); }},
                       {"epochs", [&](const std::string& n) { return worker.epochs(n); }},
                       {"start", [&](const std::string&) { return worker.start(); }},
                       {"memory", [&](const std::string&) { return worker.memory(); }},
                       {"alone", [&](const std::string&) { return worker.alone(); }},
                       {"checksums", [&](const std::string&) { return worker.checksums(); }}});
}

}  // namespace

void add_loader(CLI::App& app) {
  auto* command = app.add_subcommand("loader", "Batches of training images from shards");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("--data", arguments->data, "Data set of shards")->required();
  command->add_option("--config", arguments->config, "Configuration whose augmentation is used")
      ->required();
  command->add_option("--batch", arguments->batch)->capture_default_str();
  command->add_option("--threads", arguments->threads)->capture_default_str();
  command->add_option("--prefetch", arguments->prefetch)->capture_default_str();
  command->add_option("--image-size", arguments->image_size)->capture_default_str();
  command->callback([arguments] { run(*arguments); });
}

}  // namespace dermatome::bench
