// Normalizes pixels on a GPU in one pass over memory. Host and device share the arithmetic below,
// so both give the same bits. This header uses types of neither LibTorch nor CUDA.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#define DERMATOME_HOST_DEVICE __host__ __device__
#else
#define DERMATOME_HOST_DEVICE
#endif

namespace dermatome {

// B images of 3 planes of plane_size values each. `Value` is float, or uint16_t for the bits of
// bfloat16.
template <typename Value>
struct NormalizeBatch {
  const uint8_t* pixels = nullptr;  // [B, 3, plane_size]
  Value* normalized = nullptr;      // [B, 3, plane_size]
  int64_t num_planes = 0;           // B * 3
  int64_t plane_size = 0;
  float mean[3] = {};  // of values in [0, 1]
  float std[3] = {};
};

DERMATOME_HOST_DEVICE inline void store(float value, float* place) { *place = value; }

// Rounds a finite value to the nearest bfloat16, and halfway to the even one, as LibTorch does.
DERMATOME_HOST_DEVICE inline void store(float value, uint16_t* place) {
  uint32_t bits = 0;
  memcpy(&bits, &value, sizeof(bits));
  *place = static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// Normalizes the value at `offset` of plane `plane`, in float. It divides, as torchvision does:
// multiplying by a reciprocal would round differently.
template <typename Value>
DERMATOME_HOST_DEVICE inline void normalize_value(const NormalizeBatch<Value>& batch, int64_t plane,
                                                  int64_t offset) {
  const int64_t channel = plane % 3;
  const int64_t index = plane * batch.plane_size + offset;
  const float value = static_cast<float>(batch.pixels[index]) / 255.0F;
  store((value - batch.mean[channel]) / batch.std[channel], batch.normalized + index);
}

// Normalizes `batch`, whose pointers belong to the current CUDA device, on `stream` (a
// cudaStream_t); returns at once. Throws InternalError naming CUDA's error, also an error that
// earlier work on the device left behind, and ConfigError in a build without CUDA.
template <typename Value>
void launch_normalize(const NormalizeBatch<Value>& batch, void* stream);

extern template void launch_normalize(const NormalizeBatch<float>& batch, void* stream);
extern template void launch_normalize(const NormalizeBatch<uint16_t>& batch, void* stream);

}  // namespace dermatome
