#include "src/objective/packed_gather.h"

#include <ATen/ATen.h>

#include <utility>

namespace dermatome {
namespace {

int64_t row_width(const GatheredField& field) {
  int64_t width = 1;
  for (const int64_t size : field.tensor.sizes().slice(1)) width *= size;
  return width;
}

at::Tensor pack(const std::vector<GatheredField>& fields) {
  std::vector<at::Tensor> flat;
  flat.reserve(fields.size());
  for (const GatheredField& field : fields) flat.push_back(field.tensor.reshape({-1}));
  return at::cat(flat);
}

// How many numbers each rank sends.
std::vector<int64_t> packed_sizes(const std::vector<GatheredField>& fields) {
  std::vector<int64_t> sizes(fields.front().rows.size(), 0);
  for (const GatheredField& field : fields) {
    for (size_t rank = 0; rank < sizes.size(); ++rank) {
      sizes[rank] += field.rows[rank] * row_width(field);
    }
  }
  return sizes;
}

}  // namespace

PackedGather::PackedGather(Collectives& collectives, std::vector<GatheredField> fields,
                           const std::string& what)
    : fields_(std::move(fields)),
      gather_(collectives, pack(fields_), packed_sizes(fields_), what) {}

std::vector<at::Tensor> PackedGather::finish() {
  const at::Tensor packed = gather_.finish();
  std::vector<std::vector<at::Tensor>> parts(fields_.size());
  int64_t offset = 0;
  for (size_t rank = 0; rank < fields_.front().rows.size(); ++rank) {
    for (size_t f = 0; f < fields_.size(); ++f) {
      const int64_t size = fields_[f].rows[rank] * row_width(fields_[f]);
      std::vector<int64_t> shape = fields_[f].tensor.sizes().vec();
      shape[0] = fields_[f].rows[rank];
      parts[f].push_back(packed.narrow(0, offset, size).view(shape));
      offset += size;
    }
  }
  std::vector<at::Tensor> gathered;
  gathered.reserve(parts.size());
  for (const std::vector<at::Tensor>& part : parts) gathered.push_back(at::cat(part));
  return gathered;
}

}  // namespace dermatome
