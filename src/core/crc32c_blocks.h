// CRC-32C of long data on x86-64 with VPCLMULQDQ but without AVX-512: carry-less products of 256
// bits and the crc32 instruction are different units, here busy at once. ISA-L uses the instruction
// alone on such a processor, and with AVX-512 products that are wider than ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace dermatome {

inline constexpr size_t kCrc32cBlockBytes = 25'600;

// Whether this processor is one.
bool has_crc32c_blocks();

// `data`: whole blocks of kCrc32cBlockBytes. `crc` and the result are not inverted, unlike
// crc32c()'s (src/core/hash.h). To be called only where has_crc32c_blocks().
uint32_t crc32c_blocks(std::span<const std::byte> data, uint32_t crc);

}  // namespace dermatome
