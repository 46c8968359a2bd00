#include "src/eval/data_hash.h"

#include "src/core/hash.h"

namespace dermatome {

std::string data_hash(const BenchmarkTable& table, std::span<const uint32_t> checksums) {
  Sha256 hash;
  hash.update(table.content);
  hash.update(std::as_bytes(checksums));
  return hash.finish();
}

}  // namespace dermatome
