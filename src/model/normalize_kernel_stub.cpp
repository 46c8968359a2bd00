// Stands in for normalize_kernel.cu in a build without CUDA.
#include "src/core/error.h"
#include "src/model/normalize_kernel.h"

namespace dermatome {

template <typename Value>
void launch_normalize(const NormalizeBatch<Value>& /*batch*/, void* /*stream*/) {
  throw ConfigError(
      "this build of Dermatome has no CUDA: use device cpu, or build with DERMATOME_CUDA=ON");
}

template void launch_normalize(const NormalizeBatch<float>& batch, void* stream);
template void launch_normalize(const NormalizeBatch<uint16_t>& batch, void* stream);

}  // namespace dermatome
