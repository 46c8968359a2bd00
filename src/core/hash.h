// Checksums: CRC-32C for records and files (fast, finds damage), SHA-256 for identities (data set
// digest, tokenizer, configuration).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace dermatome {

// CRC-32C (Castagnoli, reflected, as in iSCSI) of `data`; `previous` continues an earlier call.
uint32_t crc32c(std::span<const std::byte> data, uint32_t previous = 0);

// CRC-32C of a whole file, read in pieces. Throws DataError.
uint32_t crc32c_of_file(const std::filesystem::path& path);

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::span<const std::byte> data);
  void update(std::string_view text);
  // Lower-case hexadecimal digest, 64 characters. Call once.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Lower-case hexadecimal SHA-256 of `text`.
std::string sha256_hex(std::string_view text);

}  // namespace dermatome
