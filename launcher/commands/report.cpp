// `dermatome report RUN`: a run as one HTML file.
#include "src/report/report.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/config/runtime_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/report/page.h"
#include "src/run/run_directory.h"

namespace dermatome {
namespace {

struct ReportArguments {
  ReportOptions report;
  std::string output;
  RuntimeOptions runtime;
};

int report(Runtime& runtime, const ReportArguments& arguments) {
  require_one_rank(runtime, "report");
  const std::string page =
      render_page(collect_report(arguments.report, runtime.device(), runtime.collectives()));
  const std::filesystem::path output = arguments.output.empty()
                                           ? RunDirectory(arguments.report.run).report()
                                           : std::filesystem::path(arguments.output);
  write_file_atomically(output, page);
  std::printf("%s: %.1f MB\n", output.c_str(), static_cast<double>(page.size()) / 1e6);
  return kExitOk;
}

}  // namespace

void add_report(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "report", "Write a run's curves, scores, retrieved examples and patch maps to one HTML file");
  command->footer(
      "dermatome report runs/first\n"
      "dermatome report runs/first --benchmark benchmark.yaml --output first.html");
  const auto arguments = std::make_shared<ReportArguments>();
  command->add_option("run", arguments->report.run, "The run's directory, such as runs/NAME")
      ->required();
  command->add_option("--output", arguments->output, "File to write; default: RUN/report.html");
  command->add_option("--benchmark", arguments->report.benchmarks,
                      "Benchmark files (YAML) to score the newest checkpoint on, in addition to "
                      "the scores that the run holds");
  command
      ->add_option("--images", arguments->report.images,
                   "Images with patch maps and retrieved examples")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  answer_old_option(*command, "--pictures", "--images");
  command->add_option("--data", arguments->report.data,
                      "Shards to take images from; default: the run's data.validation or, if that "
                      "is empty, data.train");
  add_device_option(*command, arguments->runtime);
  command->add_option("--threads", arguments->runtime.threads, "Threads; 0: all allowed cores");
  command->callback([arguments] {
    run_on_ranks(arguments->runtime,
                 [arguments](Runtime& runtime) { return report(runtime, *arguments); });
  });
}

}  // namespace dermatome
