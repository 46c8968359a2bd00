#include "src/distributed/text_gather.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

namespace dermatome {

std::vector<std::string> gather_texts(const std::string& text, Collectives& group,
                                      const std::string& what) {
  at::Tensor sizes = at::empty({group.size()}, at::kLong);
  group
      .all_gather(sizes, at::full({1}, static_cast<int64_t>(text.size()), at::kLong),
                  "sizes of " + what)
      ->wait();
  const at::Tensor row =
      at::zeros({1, std::max<int64_t>(sizes.max().item<int64_t>(), 1)}, at::kByte);
  std::memcpy(row.data_ptr(), text.data(), text.size());
  at::Tensor rows = at::empty({group.size(), row.size(1)}, at::kByte);
  group.all_gather(rows, row, what)->wait();
  std::vector<std::string> texts;
  for (int rank = 0; rank < group.size(); ++rank) {
    const auto size = static_cast<size_t>(sizes[rank].item<int64_t>());
    texts.emplace_back(static_cast<const char*>(rows[rank].data_ptr()), size);
  }
  return texts;
}

}  // namespace dermatome
