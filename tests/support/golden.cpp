#include "tests/support/golden.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "src/core/file.h"
#include "src/weights/safetensors.h"

namespace dermatome {

std::filesystem::path golden_path(const std::string& file) {
  return std::filesystem::path(DERMATOME_SOURCE_DIR "/tests/golden") / file;
}

std::map<std::string, at::Tensor> read_golden_tensors(const std::string& file) {
  return read_safetensors(golden_path(file));
}

nlohmann::ordered_json read_golden_json(const std::string& file) {
  return nlohmann::ordered_json::parse(read_file(golden_path(file)));
}

double relative_difference(const at::Tensor& actual, const at::Tensor& expected, double floor) {
  const at::Tensor reference = expected.detach().to(at::kDouble);
  const double difference = (actual.detach().to(at::kDouble) - reference).norm().item<double>();
  return difference / std::max(reference.norm().item<double>(), floor);
}

}  // namespace dermatome
