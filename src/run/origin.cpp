#include "src/run/origin.h"

#include "src/config/train_options.h"
#include "src/core/text.h"
#include "src/run/named_run.h"

namespace dermatome {

int64_t find_origin(const TrainOptions& options) {
  return find_step(read_run_name(options.from, options.output), text("from = ", options.from));
}

std::filesystem::path origin_path(const TrainOptions& options, int64_t step) {
  return checkpoint_of(read_run_name(options.from, options.output), step);
}

}  // namespace dermatome
