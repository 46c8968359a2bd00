// Reads any bytes as weights of each kind. Every element of their tensors must be read, or the file
// be refused with a DataError.
#include <ATen/ATen.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "src/core/error.h"
#include "src/weights/foreign/torch_archive.h"
#include "src/weights/safetensors.h"
#include "src/weights/shape_config.h"

namespace dermatome {
namespace {

void use(const std::map<std::string, at::Tensor>& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (tensor.scalar_type() != at::kBool) tensor.to(at::kFloat, /*non_blocking=*/false, true);
  }
  config_of_shapes(tensors, "input");
}

}  // namespace
}  // namespace dermatome

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dermatome;
  const int file = memfd_create("weights", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) return 0;
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  try {
    use(read_torch_archive(path));
  } catch (const DataError&) {
  }
  try {
    use(read_safetensors(path));
  } catch (const DataError&) {
  }
  close(file);
  return 0;
}
