// `dermatome report RUN`: a run as one HTML file.
#include "src/report/report.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/config/runtime_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/text.h"
#include "src/report/comparison.h"
#include "src/report/page.h"
#include "src/run/run_directory.h"

namespace dermatome {
namespace {

struct ReportArguments {
  std::vector<std::filesystem::path> runs;
  ReportOptions report;          // without its run
  std::filesystem::path output;  // empty: in the first run's directory
  RuntimeOptions runtime;
};

int write(const std::filesystem::path& output, const std::string& page) {
  write_file_atomically(output, page);
  std::printf("%s: %.1f MB\n", output.c_str(), static_cast<double>(page.size()) / 1e6);
  return kExitOk;
}

int report(Runtime& runtime, const ReportArguments& arguments) {
  require_one_rank(runtime, "report");
  const RunDirectory run(arguments.runs.front());
  if (arguments.runs.size() > 1) {
    return write(arguments.output.empty() ? run.comparison() : arguments.output,
                 render_comparison(collect_comparison(arguments.runs)));
  }
  ReportOptions options = arguments.report;
  options.run = arguments.runs.front();
  return write(arguments.output.empty() ? run.report() : arguments.output,
               render_page(collect_report(options, runtime.device(), runtime.collectives())));
}

}  // namespace

void add_report(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("report",
                         "Write a run's curves, scores, retrieved examples and patch maps to one "
                         "HTML file, or a comparison of several runs");
  command->footer(
      "dermatome report runs/first\n"
      "dermatome report runs/first runs/second --output comparison.html");
  const auto arguments = std::make_shared<ReportArguments>();
  command
      ->add_option(
          "runs", arguments->runs,
          "The run's directory, such as runs/NAME; several runs are compared, without images")
      ->option_text("RUN")
      ->required();
  command->add_option(
      "--output", arguments->output,
      "File to write; default: RUN/report.html, or comparison.html in the first run");
  CLI::Option* benchmark = command->add_option(
      "--benchmark", arguments->report.benchmarks,
      "Benchmark files (YAML) to score the newest checkpoint on, in addition to "
      "the scores that the run holds");
  CLI::Option* images = command
                            ->add_option("--images", arguments->report.images,
                                         "Images with patch maps and retrieved examples")
                            ->check(CLI::NonNegativeNumber)
                            ->capture_default_str();
  answer_old_option(*command, "--pictures", "--images");
  CLI::Option* data = command->add_option(
      "--data", arguments->report.data,
      "Shards to take images from; default: the run's data.validation or, if that "
      "is empty, data.train");
  add_device_option(*command, arguments->runtime);
  command->add_option("--threads", arguments->runtime.threads, "Threads; 0: all allowed cores");
  command->callback([arguments, of_one_run = std::array{benchmark, images, data}] {
    for (const CLI::Option* option : of_one_run) {
      if (arguments->runs.size() == 1 || option->count() == 0) continue;
      throw ConfigError(text(option->get_name(), " is for the report of one run; a comparison of ",
                             arguments->runs.size(), " runs shows what the runs hold"));
    }
    run_on_ranks(arguments->runtime,
                 [arguments](Runtime& runtime) { return report(runtime, *arguments); });
  });
}

}  // namespace dermatome
