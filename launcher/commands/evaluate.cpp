// `dermatome evaluate`: scores a checkpoint on benchmarks.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launcher/commands/commands.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/config/benchmark_config.h"
#include "src/eval/benchmark.h"
#include "src/model/hub.h"
#include "src/text/tokenizer.h"

namespace dermatome {
namespace {

struct Arguments {
  std::string checkpoint;
  std::vector<std::string> benchmarks;
  int64_t batch_size = 256;
  Precision precision = Precision::kFp32;
  RuntimeOptions runtime;
};

int evaluate_on_ranks(Runtime& runtime, const Arguments& arguments) {
  // Everything that can be wrong is read before the first picture is encoded.
  std::vector<Benchmark> benchmarks;
  for (const auto& path : arguments.benchmarks) benchmarks.emplace_back(load_benchmark(path));
  Clip model(read_hub_config(arguments.checkpoint), runtime.device());
  load_weights(model, arguments.checkpoint);
  const Tokenizer tokenizer;
  for (const auto& benchmark : benchmarks) {
    const Scoring scoring = benchmark.run(model, tokenizer, runtime.collectives(),
                                          arguments.batch_size, arguments.precision);
    if (!scoring) continue;
    const BenchmarkResult result = scoring();
    std::cout << nlohmann::json{{"benchmark", result.name},
                                {"checkpoint", arguments.checkpoint},
                                {"num_samples", result.num_samples},
                                {"scores", result.scores}}
              << std::endl;
  }
  return kExitOk;
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto* command = app.add_subcommand(
      "evaluate", "Score a checkpoint on benchmarks; one JSON object a line on standard output");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("--checkpoint", arguments->checkpoint, "Directory in open_clip's hub layout")
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
