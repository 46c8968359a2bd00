// Stands in for normalise_kernel.cu in a build without CUDA.
#include "src/core/error.h"
#include "src/model/normalise_kernel.h"

namespace dermatome {

void launch_normalise(const NormaliseBatch& /*batch*/, void* /*stream*/) {
  throw ConfigError(
      "this build of Dermatome has no CUDA: use device cpu, or build with DERMATOME_CUDA=ON");
}

}  // namespace dermatome
