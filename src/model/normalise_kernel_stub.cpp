// Stands in for normalise_kernel.cu in a build without CUDA.
#include "src/core/error.h"
#include "src/model/normalise_kernel.h"

namespace dermatome {

template <typename Value>
void launch_normalise(const NormaliseBatch<Value>& /*batch*/, void* /*stream*/) {
  throw ConfigError(
      "this build of Dermatome has no CUDA: use device cpu, or build with DERMATOME_CUDA=ON");
}

template void launch_normalise(const NormaliseBatch<float>& batch, void* stream);
template void launch_normalise(const NormaliseBatch<uint16_t>& batch, void* stream);

}  // namespace dermatome
