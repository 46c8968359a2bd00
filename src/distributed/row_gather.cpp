#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/distributed/collectives.h"

namespace dermatome {
namespace {

std::vector<int64_t> with_rows(const at::Tensor& like, int64_t num_rows) {
  std::vector<int64_t> shape = like.sizes().vec();
  shape[0] = num_rows;
  return shape;
}

}  // namespace

RowGather::RowGather(Collectives& collectives, const at::Tensor& rows, std::vector<int64_t> counts,
                     const std::string& what)
    : counts_(std::move(counts)) {
  require(
      static_cast<int>(counts_.size()) == collectives.size(),
      text("gather of ", what, ": ", counts_.size(), " counts for ", collectives.size(), " ranks"));
  const int64_t own = counts_[static_cast<size_t>(collectives.rank())];
  require(rows.dim() > 0 && rows.size(0) == own,
          text("gather of ", what, ": this rank does not have the ", own,
               " rows that its count promises"));
  const int64_t most = *std::max_element(counts_.begin(), counts_.end());
  if (own == most) {
    input_ = rows.contiguous();
  } else {
    input_ = at::zeros(with_rows(rows, most), rows.options());
    input_.narrow(0, 0, own).copy_(rows);
  }
  output_ = at::empty(with_rows(rows, most * collectives.size()), rows.options());
  pending_ = collectives.all_gather(output_, input_, what);
}

at::Tensor RowGather::finish() {
  pending_->wait();
  const int64_t most = input_.size(0);
  if (std::all_of(counts_.begin(), counts_.end(), [&](int64_t count) { return count == most; })) {
    return output_;
  }
  std::vector<at::Tensor> parts;
  for (size_t rank = 0; rank < counts_.size(); ++rank) {
    parts.push_back(output_.narrow(0, static_cast<int64_t>(rank) * most, counts_[rank]));
  }
  return at::cat(parts);
}

}  // namespace dermatome
