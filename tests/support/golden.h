// The recorded data in tests/golden (README.md there), and how far a tensor is from it.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace dermatome {

std::filesystem::path golden_path(const std::string& file);
std::map<std::string, at::Tensor> read_golden_tensors(const std::string& file);
nlohmann::ordered_json read_golden_json(const std::string& file);

// The norm of the difference, divided by the norm of `expected` or by `floor` if that is larger.
double relative_difference(const at::Tensor& actual, const at::Tensor& expected, double floor = 0);

}  // namespace dermatome
