// `dermatome verify`: checks a data set of shards.
#include "sharding/verify.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <memory>

#include "launcher/commands/commands.h"
#include "src/core/error.h"
#include "src/core/text.h"
#include "src/text/clip_tokenizer.h"

namespace dermatome {
namespace {

void run_verify(const std::string& data, size_t max_problems) {
  const ClipTokenizer tokenizer;
  const VerifyReport report = verify_dataset(data, tokenizer, /*num_threads=*/0);
  const size_t shown = std::min(report.problems.size(), max_problems);
  for (size_t i = 0; i < shown; ++i) std::printf("%s\n", report.problems[i].c_str());
  if (!report.problems.empty()) {
    throw DataError(text(data, ": ", report.problems.size(), " problem(s), the first ", shown,
                         " listed; `dermatome shard` with the same arguments "
                         "makes damaged shards again"));
  }
  if (report.num_unchecked > 0) {
    std::printf("%s: another tokenizer made the token ids of %" PRId64
                " shard(s); they were not compared with the captions\n",
                data.c_str(), report.num_unchecked);
  }
  std::printf("%s: %" PRId64 " samples in %" PRId64 " shard(s), %.1f MB: no problems\n",
              data.c_str(), report.num_samples, report.num_shards,
              static_cast<double>(report.bytes) / 1e6);
}

}  // namespace

void add_verify(CLI::App& app) {
  CLI::App* command = app.add_subcommand("verify", "Check every shard of a data set");
  command->footer(
      "dermatome verify shards/train\n"
      "dermatome verify shards/train --max-problems 100");
  struct VerifyArguments {
    std::string data;
    size_t max_problems = 20;
  };
  const auto arguments = std::make_shared<VerifyArguments>();
  command->add_option("data", arguments->data, "Directory of the data set, or its manifest")
      ->required();
  command->add_option("--max-problems", arguments->max_problems, "Problems to list")
      ->capture_default_str();
  command->callback([arguments] { run_verify(arguments->data, arguments->max_problems); });
}

}  // namespace dermatome
