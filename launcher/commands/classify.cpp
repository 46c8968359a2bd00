// `dermatome classify` and `dermatome concepts`: what a model sees in single pictures.
#include <ATen/ATen.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/config/benchmark_config.h"
#include "src/core/error.h"
#include "src/core/json_text.h"
#include "src/eval/concepts.h"
#include "src/eval/encode.h"
#include "src/eval/result_json.h"
#include "src/eval/text_cache.h"
#include "src/eval/zero_shot.h"
#include "src/text/tokenizer.h"
#include "src/weights/weights.h"

namespace dermatome {
namespace {

constexpr const char* kNote =
    "Cosine similarities and their ranks: not a probability, not for diagnosis.";
constexpr const char* kConceptNote =
    "Presence is a comparison of prompts: not a probability, not for diagnosis.";

struct Arguments {
  std::vector<std::string> images;
  std::string checkpoint;
  std::string benchmark;
  int64_t top = 5;
  bool json = false;
  std::string cache = default_text_cache();
  ModelUse use;
};

// What is said of one label and one picture.
struct Entry {
  std::string label;
  std::string name;  // the first of the class's names
  double cosine = 0;
  double presence = 0;  // concepts only
};

// The pictures' entries, the one of the highest rank first.
using Entries = std::vector<std::vector<Entry>>;

Entries classify(const at::Tensor& images, const at::Tensor& texts,
                 const BenchmarkOptions& benchmark) {
  const at::Tensor cosines = images.mm(zero_shot_classifier(texts, benchmark).t());
  Entries entries(static_cast<size_t>(images.size(0)));
  for (size_t i = 0; i < entries.size(); ++i) {
    for (size_t c = 0; c < benchmark.classes.size(); ++c) {
      const auto cosine = cosines[static_cast<int64_t>(i)][static_cast<int64_t>(c)].item<double>();
      const auto& [label, names] = benchmark.classes[c];
      entries[i].push_back({.label = label, .name = names.front(), .cosine = cosine});
    }
    std::ranges::stable_sort(entries[i], std::greater<>(), &Entry::cosine);
  }
  return entries;
}

Entries annotate(const at::Tensor& images, const at::Tensor& texts,
                 const BenchmarkOptions& benchmark) {
  const ConceptScores scores = score_concepts(images, texts, benchmark);
  Entries entries(static_cast<size_t>(images.size(0)));
  for (size_t i = 0; i < entries.size(); ++i) {
    for (size_t c = 0; c < benchmark.classes.size(); ++c) {
      const auto at = [&](const at::Tensor& values) {
        return values[static_cast<int64_t>(i)][static_cast<int64_t>(c)].item<double>();
      };
      const auto& [label, names] = benchmark.classes[c];
      entries[i].push_back({label, names.front(), at(scores.cosine), at(scores.presence)});
    }
    std::ranges::stable_sort(entries[i], std::greater<>(), &Entry::presence);
  }
  return entries;
}

void print_json(const Arguments& arguments, const BenchmarkOptions& benchmark,
                const Entries& entries) {
  const bool concepts = benchmark.kind == BenchmarkKind::kConcepts;
  for (size_t i = 0; i < entries.size(); ++i) {
    auto list = nlohmann::ordered_json::array();
    for (const Entry& entry : entries[i]) {
      nlohmann::ordered_json item = {
          {"rank", list.size() + 1}, {"label", entry.label}, {"name", entry.name}};
      if (concepts) item["presence"] = entry.presence;
      item["cosine"] = entry.cosine;
      list.push_back(std::move(item));
    }
    std::cout << json_line(nlohmann::ordered_json{{"image", arguments.images[i]},
                                                  {"benchmark", benchmark.name},
                                                  {"checkpoint", arguments.checkpoint},
                                                  {concepts ? "concepts" : "classes", list},
                                                  {"note", concepts ? kConceptNote : kNote}})
              << std::endl;
  }
}

void print_text(const Arguments& arguments, const BenchmarkOptions& benchmark,
                const Entries& entries) {
  const bool concepts = benchmark.kind == BenchmarkKind::kConcepts;
  for (size_t i = 0; i < entries.size(); ++i) {
    std::printf("%s\n", arguments.images[i].c_str());
    std::printf("  rank  %s cosine\n", concepts ? "presence  " : "");
    for (size_t k = 0; k < entries[i].size(); ++k) {
      const Entry& entry = entries[i][k];
      std::printf("  %4zu  ", k + 1);
      if (concepts) std::printf("%8.4f  ", entry.presence);
      const std::string name = entry.name == entry.label ? "" : " (" + entry.name + ")";
      std::printf("%7.4f  %s%s\n", entry.cosine, entry.label.c_str(), name.c_str());
    }
  }
  std::printf("%s\n", concepts ? kConceptNote : kNote);
}

int show(Runtime& runtime, Arguments arguments, BenchmarkKind kind, const std::string& command) {
  require_one_rank(runtime, command);
  const BenchmarkOptions benchmark = load_benchmark(arguments.benchmark);
  if (benchmark.kind != kind) {
    throw ConfigError(arguments.benchmark + ": kind is not " +
                      (kind == BenchmarkKind::kConcepts ? "concepts" : "classification") +
                      ", which dermatome " + command + " needs");
  }
  arguments.checkpoint = find_checkpoint(arguments.checkpoint, runtime);
  const Clip model = load_clip(arguments.checkpoint, runtime.device());
  const bool concepts = kind == BenchmarkKind::kConcepts;
  const at::Tensor texts = cached_text_features(
      model, Tokenizer(), concepts ? concept_prompts(benchmark) : class_prompts(benchmark),
      arguments.cache);
  const at::Tensor images =
      encode_image_files(model, arguments.images, arguments.use.batch_size, arguments.use.precision)
          .cpu();
  Entries entries =
      concepts ? annotate(images, texts, benchmark) : classify(images, texts, benchmark);
  for (auto& of_picture : entries) {
    if (arguments.top > 0 && std::ssize(of_picture) > arguments.top) {
      of_picture.resize(static_cast<size_t>(arguments.top));
    }
  }
  (arguments.json ? print_json : print_text)(arguments, benchmark, entries);
  return kExitOk;
}

void add_command(CLI::App& app, const std::string& name, BenchmarkKind kind,
                 const std::string& description, int64_t default_top) {
  auto* command = app.add_subcommand(name, description);
  const auto arguments = std::make_shared<Arguments>();
  arguments->top = default_top;
  command->add_option("images", arguments->images, "Pictures")->required();
  command->add_option("--checkpoint", arguments->checkpoint, kCheckpointHelp)->required();
  command
      ->add_option("--benchmark", arguments->benchmark,
                   "Benchmark file (YAML), of which names and templates are used; no data are read")
      ->required();
  command->add_option("--top", arguments->top, "How many to show; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "One JSON object a picture and line");
  command
      ->add_option("--cache", arguments->cache,
                   "Folder for features of prompts, kept by weights and prompts; empty: none")
      ->capture_default_str();
  add_model_options(*command, arguments->use);
  command->callback([arguments, kind, name] {
    run_on_ranks(arguments->use.runtime, [arguments, kind, name](Runtime& runtime) {
      return show(runtime, *arguments, kind, name);
    });
  });
}

}  // namespace

void add_classify(CLI::App& app) {
  add_command(app, "classify", BenchmarkKind::kClassification,
              "Rank a benchmark's classes for single pictures", 5);
}

void add_concepts(CLI::App& app) {
  add_command(app, "concepts", BenchmarkKind::kConcepts,
              "Rank a benchmark's concepts for single pictures", 0);
}

}  // namespace dermatome
