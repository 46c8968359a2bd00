#include "src/core/crc32c_blocks.h"

#include "src/core/error.h"

#ifdef __x86_64__

#include <immintrin.h>

#include <array>
#include <cstring>

namespace dermatome {
namespace {

// A block is one range that is folded and then three that the instruction runs over, three because
// its result takes three cycles.
constexpr int kFolded = 4;  // registers of 32 bytes at a time
constexpr int kWords = 3;   // of 8 bytes of each range, in the same time
constexpr size_t kRounds = 128;
constexpr size_t kFoldedBytes = kRounds * kFolded * sizeof(__m256i);
constexpr size_t kRangeBytes = kRounds * kWords * sizeof(uint64_t);
static_assert(kFoldedBytes + 3 * kRangeBytes == kCrc32cBlockBytes);

// x^exponent modulo the polynomial, reflected: the lowest bit is the highest power.
constexpr uint32_t power(size_t exponent) {
  uint32_t value = 1u << 31;
  for (size_t i = 0; i < exponent; ++i) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78u : 0);
  return value;
}

// Factors that bring 16 folded bytes on by those of a round. The first 8 stand x^64 higher than the
// others; a product of reflected numbers comes out times x, which the 1 makes up for.
constexpr size_t kRoundBits = 8 * kFolded * sizeof(__m256i);
constexpr uint64_t kFirstHalf = uint64_t{power(kRoundBits + 64 - 1)} << 32;
constexpr uint64_t kSecondHalf = uint64_t{power(kRoundBits - 1)} << 32;

// Factors that bring a checksum on by one, two and three ranges. The product comes out times x, and
// times x^32 when the instruction reduces it.
constexpr size_t kRangeBits = 8 * kRangeBytes;
constexpr std::array<uint64_t, 3> kSkip = {power(kRangeBits - 33), power(2 * kRangeBits - 33),
                                           power(3 * kRangeBits - 33)};

uint64_t word_at(const std::byte* data) {
  uint64_t word = 0;
  std::memcpy(&word, data, sizeof(word));
  return word;
}

__attribute__((target("avx2"))) __m256i register_at(const std::byte* data) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data));
}

__attribute__((target("pclmul"))) uint64_t product(uint64_t a, uint64_t b) {
  const __m128i wide = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(a)),
                                            _mm_cvtsi64_si128(static_cast<int64_t>(b)), 0);
  return static_cast<uint64_t>(_mm_cvtsi128_si64(wide));
}

__attribute__((target("avx2,pclmul,sse4.2,vpclmulqdq"))) uint32_t one_block(const std::byte* data,
                                                                            uint32_t crc) {
  const auto first = static_cast<int64_t>(kFirstHalf), second = static_cast<int64_t>(kSecondHalf);
  const __m256i factors = _mm256_set_epi64x(second, first, second, first);
  const std::byte* range = data + kFoldedBytes;
  std::array<uint64_t, 3> crcs{};
  // No std::array: as a template's argument the type would lose its attributes.
  __m256i folded[kFolded];
  for (auto& part : folded) part = _mm256_setzero_si256();
  for (size_t round = 0; round < kRounds; ++round) {
#pragma GCC unroll 4
    for (auto& part : folded) {
      const __m256i on = _mm256_xor_si256(_mm256_clmulepi64_epi128(part, factors, 0x00),
                                          _mm256_clmulepi64_epi128(part, factors, 0x11));
      part = _mm256_xor_si256(on, register_at(data));
      data += sizeof(part);
    }
    if (round == 0) {  // what came before goes into the first four bytes
      folded[0] = _mm256_xor_si256(folded[0], _mm256_set_epi64x(0, 0, 0, crc));
    }
#pragma GCC unroll 3
    for (int word = 0; word < kWords; ++word) {
#pragma GCC unroll 3
      for (size_t i = 0; i < crcs.size(); ++i) {
        crcs[i] = _mm_crc32_u64(crcs[i], word_at(range + i * kRangeBytes));
      }
      range += sizeof(uint64_t);
    }
  }
  std::array<std::byte, sizeof(folded)> rest;
  std::memcpy(rest.data(), folded, sizeof(rest));
  uint64_t of_folded = 0;
  for (size_t i = 0; i < rest.size(); i += sizeof(uint64_t)) {
    of_folded = _mm_crc32_u64(of_folded, word_at(&rest[i]));
  }
  const uint64_t joined =
      product(of_folded, kSkip[2]) ^ product(crcs[0], kSkip[1]) ^ product(crcs[1], kSkip[0]);
  return static_cast<uint32_t>(_mm_crc32_u64(0, joined) ^ crcs[2]);
}

}  // namespace

bool has_crc32c_blocks() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
         __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("vpclmulqdq") &&
         !__builtin_cpu_supports("avx512vl");
}

uint32_t crc32c_blocks(std::span<const std::byte> data, uint32_t crc) {
  require(data.size() % kCrc32cBlockBytes == 0, "part of a block of a CRC-32C");
  for (; !data.empty(); data = data.subspan(kCrc32cBlockBytes)) crc = one_block(data.data(), crc);
  return crc;
}

}  // namespace dermatome

#else

namespace dermatome {

bool has_crc32c_blocks() { return false; }

uint32_t crc32c_blocks(std::span<const std::byte>, uint32_t) {
  require(false, "blocks of a CRC-32C on this processor");
  return 0;
}

}  // namespace dermatome

#endif
