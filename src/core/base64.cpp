#include "src/core/base64.h"

#include <openssl/evp.h>

#include <limits>

#include "src/core/error.h"

namespace dermatome {

std::string base64(std::span<const std::byte> data) {
  require(data.size() <= std::numeric_limits<int>::max() / 2, "base64 of more than 1 GiB");
  // EVP_EncodeBlock also writes a terminating zero.
  std::string text((data.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(data.data()),
                                     static_cast<int>(data.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

}  // namespace dermatome
