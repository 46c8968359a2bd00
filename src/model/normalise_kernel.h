// Pixels' normalisation on a GPU, in one pass over memory, and its arithmetic, which host and
// device share: both give the same bits. Knows neither LibTorch nor CUDA's types.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define DERMATOME_HOST_DEVICE __host__ __device__
#else
#define DERMATOME_HOST_DEVICE
#endif

namespace dermatome {

// B pictures of 3 planes of plane_size values each.
struct NormaliseBatch {
  const uint8_t* pixels = nullptr;  // [B, 3, plane_size]
  float* normalised = nullptr;      // [B, 3, plane_size]
  int64_t num_planes = 0;           // B * 3
  int64_t plane_size = 0;
  float mean[3] = {};  // of values in [0, 1]
  float std[3] = {};
};

// The one value at `offset` of plane `plane`. Divides as torchvision does: multiplying by a
// reciprocal would round otherwise.
DERMATOME_HOST_DEVICE inline void normalise_value(const NormaliseBatch& batch, int64_t plane,
                                                  int64_t offset) {
  const int64_t channel = plane % 3;
  const int64_t index = plane * batch.plane_size + offset;
  const float value = static_cast<float>(batch.pixels[index]) / 255.0F;
  batch.normalised[index] = (value - batch.mean[channel]) / batch.std[channel];
}

// Normalises `batch`, whose pointers are the current CUDA device's, on `stream` (a cudaStream_t);
// returns at once. Throws InternalError naming CUDA's error, also one that earlier work on the
// device left behind, and ConfigError in a build without CUDA.
void launch_normalise(const NormaliseBatch& batch, void* stream);

}  // namespace dermatome
