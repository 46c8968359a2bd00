#include "src/run/configured_model.h"

#include "src/core/log.h"
#include "src/core/text.h"
#include "src/weights/architectures.h"

namespace dermatome {

ClipConfig configured_model(const ModelOptions& options) {
  ClipConfig config = read_architecture(options.architecture);
  if (options.quick_gelu == QuickGelu::kAuto) return config;
  const bool wanted = options.quick_gelu == QuickGelu::kTrue;
  if (config.quick_gelu != wanted) {
    log_info(text(
        "model.quick_gelu: ", wanted ? "QuickGELU instead of GELU" : "GELU instead of QuickGELU",
        ", which the architecture ", options.architecture, " has"));
  }
  config.quick_gelu = wanted;
  return config;
}

}  // namespace dermatome
