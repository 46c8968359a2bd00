// Several tensors gathered over the ranks by one collective.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "src/distributed/collectives.h"

namespace dermatome {

// A tensor [rows[rank], ...] of this rank, and the number of its rows on each rank.
struct GatheredField {
  at::Tensor tensor;
  std::vector<int64_t> rows;  // [W]
};

// The gather starts at once. All fields have one dtype and device.
class PackedGather {
 public:
  PackedGather(Collectives& collectives, std::vector<GatheredField> fields,
               const std::string& what);
  // Each field of all ranks, in rank order: [sum of rows, ...].
  std::vector<at::Tensor> finish();

 private:
  std::vector<GatheredField> fields_;
  RowGather gather_;
};

}  // namespace dermatome
