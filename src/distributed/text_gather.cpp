#include "src/distributed/text_gather.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "src/distributed/number_gather.h"

namespace dermatome {

std::vector<std::string> gather_texts(const std::string& text, Collectives& group,
                                      const std::string& what, c10::Device device) {
  const std::vector<int64_t> sizes =
      gather_numbers({static_cast<int64_t>(text.size())}, group, device, "sizes of " + what)[0];
  at::Tensor row =
      at::zeros({1, std::max<int64_t>(*std::ranges::max_element(sizes), 1)}, at::kByte);
  std::memcpy(row.data_ptr(), text.data(), text.size());
  row = row.to(device);
  at::Tensor rows = at::empty({group.size(), row.size(1)}, row.options());
  group.all_gather(rows, row, what)->wait();
  rows = rows.cpu();
  std::vector<std::string> texts;
  for (int rank = 0; rank < group.size(); ++rank) {
    texts.emplace_back(static_cast<const char*>(rows[rank].data_ptr()),
                       static_cast<size_t>(sizes[static_cast<size_t>(rank)]));
  }
  return texts;
}

}  // namespace dermatome
