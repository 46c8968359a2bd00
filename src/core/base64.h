// Bytes as text, for files that contain other files (data URIs).
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace dermatome {

// RFC 4648's base 64, padded, on one line.
std::string base64(std::span<const std::byte> data);

}  // namespace dermatome
