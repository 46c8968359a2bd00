#include "src/weights/npy.h"

#include <ATen/ATen.h>

#include <bit>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

static_assert(std::endian::native == std::endian::little, "the numbers are written as they lie");

constexpr std::string_view kMagic("\x93NUMPY\x01\x00", 8);  // with the version, 1.0
constexpr size_t kAlignment = 64;                           // of the numbers in the file

std::string header_of(const at::Tensor& tensor) {
  std::string shape;
  for (const int64_t extent : tensor.sizes()) shape += text(extent, ",");
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }";
  const size_t before = kMagic.size() + sizeof(uint16_t);
  const size_t whole = (before + header.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  header.resize(whole - before - 1, ' ');
  return header + '\n';
}

}  // namespace

void write_npy(const std::filesystem::path& path, const at::Tensor& tensor) {
  require(tensor.scalar_type() == at::kFloat, "write_npy() writes float32 only");
  const std::string header = header_of(tensor);
  write_stream_atomically(path, [&](std::ostream& stream) {
    const auto length = static_cast<uint16_t>(header.size());
    const at::Tensor data = tensor.detach().cpu().contiguous();
    stream << kMagic;
    stream.write(reinterpret_cast<const char*>(&length), sizeof(length));
    stream << header;
    stream.write(static_cast<const char*>(data.const_data_ptr()),
                 static_cast<std::streamsize>(data.nbytes()));
  });
}

}  // namespace dermatome
