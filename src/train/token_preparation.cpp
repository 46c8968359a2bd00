#include "src/train/token_preparation.h"

#include <algorithm>

#include "src/config/train_options.h"
#include "src/core/log.h"
#include "src/distributed/number_gather.h"
#include "src/train/environment.h"
#include "src/train/work_together.h"

namespace dermatome {

bool prepare_tokens(const TrainOptions& options, const std::vector<std::filesystem::path>& training,
                    const TokenFormat& tokens, const TrainingEnvironment& environment) {
  std::vector<DataSource> sources;
  for (const std::filesystem::path& directory : training) {
    sources.push_back(read_source(directory));
  }
  if (!options.data.validation.empty()) sources.push_back(read_source(options.data.validation));
  const bool all_hold = std::ranges::all_of(
      sources, [&](const DataSource& source) { return holds_tokens(source.manifest, tokens); });
  const auto needs = gather_numbers({all_hold ? 0 : 1}, *environment.collectives,
                                    environment.device, "whether captions are to be tokenized");
  if (std::ranges::count(needs[0], 0) == std::ssize(needs[0])) return true;
  const auto make = [&](const std::stop_token& stop) {
    make_token_files(sources, tokens, /*num_threads=*/0, stop);
  };
  if (work_together(environment, "tokenizing captions", make)) return true;
  log_info("the tokenizing of captions was broken off on request; there is no new checkpoint");
  return false;
}

}  // namespace dermatome
