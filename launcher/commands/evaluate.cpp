// `dermatome evaluate`: scores checkpoints on benchmarks.
#include <ATen/ATen.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launcher/commands/commands.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/config/benchmark_config.h"
#include "src/core/error.h"
#include "src/eval/benchmark.h"
#include "src/model/weights.h"
#include "src/text/tokenizer.h"
#include "src/train/checkpoint.h"

namespace dermatome {
namespace {

struct Arguments {
  std::vector<std::string> checkpoints;
  std::vector<std::string> benchmarks;
  int64_t batch_size = 256;
  Precision precision = Precision::kFp32;
  RuntimeOptions runtime;
};

// The checkpoint that `given` stands for: itself or, of a run's directory, the newest that
// verifies.
std::string find_checkpoint(const std::string& given, Runtime& runtime) {
  const std::filesystem::path of_run = std::filesystem::path(given) / "checkpoints";
  constexpr int64_t kAsGiven = -1;
  // Rank 0 looks, so that all ranks score the same one.
  at::Tensor step = at::full({1}, kAsGiven, at::kLong);
  if (runtime.world().rank == 0 && std::filesystem::is_directory(of_run)) {
    const auto newest = find_newest_checkpoint(of_run);
    if (!newest) throw DataError(of_run.string() + " holds no checkpoint yet");
    step.fill_(newest->step);
  }
  step = step.to(runtime.device());
  runtime.collectives().broadcast(step, 0, "checkpoint to score");
  const auto found = step.item<int64_t>();
  return found == kAsGiven ? given : checkpoint_path(of_run, found).string();
}

void evaluate_checkpoint(const std::string& checkpoint, const std::vector<Benchmark>& benchmarks,
                         const Arguments& arguments, Runtime& runtime) {
  const Clip model = load_clip(checkpoint, runtime.device());
  const Tokenizer tokenizer;
  for (const auto& benchmark : benchmarks) {
    const Scoring scoring = benchmark.run(model, tokenizer, runtime.collectives(),
                                          arguments.batch_size, arguments.precision);
    if (!scoring) continue;
    const BenchmarkResult result = scoring();
    std::cout << nlohmann::json{{"benchmark", result.name},
                                {"checkpoint", checkpoint},
                                {"num_samples", result.num_samples},
                                {"scores", result.scores}}
              << std::endl;
  }
}

int evaluate_on_ranks(Runtime& runtime, const Arguments& arguments) {
  // Everything that can be wrong is read before the first picture is encoded.
  std::vector<Benchmark> benchmarks;
  for (const auto& path : arguments.benchmarks) benchmarks.emplace_back(load_benchmark(path));
  for (const auto& given : arguments.checkpoints) {
    evaluate_checkpoint(find_checkpoint(given, runtime), benchmarks, arguments, runtime);
  }
  return kExitOk;
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto* command = app.add_subcommand(
      "evaluate", "Score checkpoints on benchmarks; one JSON object a line on standard output");
  auto arguments = std::make_shared<Arguments>();
  command
      ->add_option("--checkpoint", arguments->checkpoints,
                   "Directories in open_clip's hub layout, weight files (.safetensors, .pt), or "
                   "directories of runs: their newest checkpoint")
      ->required();
  command->add_option("--benchmark", arguments->benchmarks, "Benchmark files (YAML)")->required();
  command->add_option("--batch-size", arguments->batch_size, "Pictures an encode call, a rank")
      ->check(CLI::PositiveNumber);
  command->add_option("--precision", arguments->precision, "fp32 or amp_bf16")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Precision>{
          {"fp32", Precision::kFp32}, {"amp_bf16", Precision::kAmpBf16}}));
  command->add_option("--device", arguments->runtime.device, "auto, cpu or cuda")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, DeviceChoice>{{"auto", DeviceChoice::kAuto},
                                              {"cpu", DeviceChoice::kCpu},
                                              {"cuda", DeviceChoice::kCuda}}));
  command->add_option("--threads", arguments->runtime.threads, "Threads a rank; 0: its cores");
  command->callback([arguments] {
    const int code = run_on_ranks(arguments->runtime, [&](Runtime& runtime) {
      return evaluate_on_ranks(runtime, *arguments);
    });
    if (code != kExitOk) throw CLI::RuntimeError(code);
  });
}

}  // namespace dermatome
