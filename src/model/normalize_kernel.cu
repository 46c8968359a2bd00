#include <cuda_runtime_api.h>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/model/normalize_kernel.h"

namespace dermatome {
namespace {

constexpr int kThreads = 256;

// One column of blocks per plane, so that no thread divides to find its plane.
template <typename Value>
__global__ void normalize_planes(NormalizeBatch<Value> batch) {
  const int64_t offset = static_cast<int64_t>(blockIdx.y) * kThreads + threadIdx.x;
  if (offset < batch.plane_size) normalize_value(batch, blockIdx.x, offset);
}

}  // namespace

template <typename Value>
void launch_normalize(const NormalizeBatch<Value>& batch, void* stream) {
  const dim3 blocks(static_cast<unsigned>(batch.num_planes),
                    static_cast<unsigned>((batch.plane_size + kThreads - 1) / kThreads));
  normalize_planes<<<blocks, kThreads, 0, static_cast<cudaStream_t>(stream)>>>(batch);
  const cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess) {
    throw InternalError(text("launching the CUDA kernel that normalizes ", batch.num_planes,
                             " planes of ", batch.plane_size, " pixels failed: ",
                             cudaGetErrorName(error), ": ", cudaGetErrorString(error),
                             ". Where no kernel image fits the GPU, build with its generation in "
                             "CMAKE_CUDA_ARCHITECTURES"));
  }
}

template void launch_normalize(const NormalizeBatch<float>& batch, void* stream);
template void launch_normalize(const NormalizeBatch<uint16_t>& batch, void* stream);

}  // namespace dermatome
