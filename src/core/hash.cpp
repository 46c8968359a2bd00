#include "src/core/hash.h"

#include <isa-l/crc.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

constexpr size_t kLongestCall = size_t{1} << 30;  // ISA-L takes a length as an int

}  // namespace

uint32_t crc32c(std::span<const std::byte> data, uint32_t previous) {
  uint32_t crc = ~previous;
  while (!data.empty()) {
    const std::span<const std::byte> piece = data.first(std::min(data.size(), kLongestCall));
    // ISA-L's parameter is not const, but ISA-L only reads.
    auto* bytes = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(piece.data()));
    crc = crc32_iscsi(bytes, static_cast<int>(piece.size()), crc);
    data = data.subspan(piece.size());
  }
  return ~crc;
}

uint32_t crc32c_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw DataError(text("cannot open ", path, ": ", std::strerror(errno)));
  std::vector<char> piece(1 << 20);
  uint32_t crc = 0;
  while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())) || file.gcount() > 0) {
    crc = crc32c(std::as_bytes(std::span(piece.data(), static_cast<size_t>(file.gcount()))), crc);
  }
  if (file.bad()) throw DataError(text("cannot read ", path, ": ", std::strerror(errno)));
  return crc;
}

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  require(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1, "SHA-256 start");
}

Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> data) {
  require(EVP_DigestUpdate(state_->context, data.data(), data.size()) == 1, "SHA-256 update");
}

void Sha256::update(std::string_view text) { update(std::as_bytes(std::span(text))); }

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest{};
  require(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr) == 1, "SHA-256 finish");
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::string sha256_hex(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  return hash.finish();
}

}  // namespace dermatome
