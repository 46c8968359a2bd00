// Computes features, without gradients, of images in memory and of texts.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "src/config/model_options.h"
#include "src/distributed/single_process.h"
#include "src/eval/encode.h"
#include "src/text/clip_tokenizer.h"
#include "src/weights/hub.h"
#include "src/weights/safetensors.h"
#include "src/weights/weights.h"
#include "tools/bench/worker.h"

namespace dermatome::bench {
namespace {

struct Arguments {
  std::string model;   // hub-layout directory
  std::string pixels;  // safetensors file: `pixels`, normalized
  std::string texts;   // file with one text per line
  int64_t text_batch = 64;
};

class EncodeWorker {
 public:
  explicit EncodeWorker(const Arguments& arguments)
      : model_(read_hub_config(arguments.model), c10::kCPU),
        pixels_(read_safetensors(arguments.pixels).at("pixels")),
        text_batch_(arguments.text_batch) {
    load_weights(model_, arguments.model);
    std::ifstream file(arguments.texts);
    for (std::string line; std::getline(file, line);) texts_.push_back(line);
    distinct_ = distinct_texts(tokenizer_, texts_, model_.config().text.context_length);
  }

  at::Tensor images() const {
    const at::NoGradGuard no_grad;
    return model_.encode_image(pixels_, /*with_patches=*/false).image;
  }

  // The texts' features, computed from tokens.
  at::Tensor texts() const {
    return encode_tokens(model_, distinct_.tokens, distinct_.lengths, distinct_.texts, text_batch_,
                         Precision::kFp32)
        .index_select(0, distinct_.row);
  }

  at::Tensor strings() const {
    return encode_texts(model_, tokenizer_, texts_, text_batch_, Precision::kFp32);
  }

 private:
  ClipTokenizer tokenizer_;
  Clip model_;
  at::Tensor pixels_;
  std::vector<std::string> texts_;
  DistinctTexts distinct_;
  int64_t text_batch_;
};

void run(const Arguments& arguments) {
  at::set_num_threads(1);
  const auto collectives = make_single_process_collectives();
  const EncodeWorker worker(arguments);
  serve(*collectives, {{"images", [&](const auto&) { return cost_of([&] { worker.images(); }); }},
                       {"texts", [&](const auto&) { return cost_of([&] { worker.texts(); }); }},
                       {"strings", [&](const auto&) { return cost_of([&] { worker.strings(); }); }},
                       {"features", [&](const std::string& file) -> nlohmann::json {
                          write_safetensors(file, {{"images", worker.images()},
                                                   {"texts", worker.texts()},
                                                   {"strings", worker.strings()}});
                          return nullptr;
                        }}});
}

}  // namespace

void add_encode(CLI::App& app) {
  auto* command = app.add_subcommand("encode", "Commands: images, texts, strings, features FILE");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("--model", arguments->model)->required();
  command->add_option("--pixels", arguments->pixels)->required();
  command->add_option("--texts", arguments->texts)->required();
  command->add_option("--text-batch", arguments->text_batch)->capture_default_str();
  command->callback([arguments] { run(*arguments); });
}

}  // namespace dermatome::bench
