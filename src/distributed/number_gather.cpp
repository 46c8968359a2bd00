#include "src/distributed/number_gather.h"

#include <ATen/ATen.h>

namespace dermatome {

std::vector<std::vector<int64_t>> gather_numbers(const std::vector<int64_t>& numbers,
                                                 Collectives& group, c10::Device device,
                                                 const std::string& what) {
  const at::Tensor own = at::tensor(numbers, at::kLong).unsqueeze(0).to(device);
  at::Tensor all = at::empty({group.size(), own.size(1)}, own.options());
  group.all_gather(all, own, what)->wait();
  all = all.cpu();
  std::vector<std::vector<int64_t>> gathered(numbers.size());
  for (int rank = 0; rank < group.size(); ++rank) {
    const int64_t* theirs = all[rank].const_data_ptr<int64_t>();
    for (size_t i = 0; i < numbers.size(); ++i) gathered[i].push_back(theirs[i]);
  }
  return gathered;
}

}  // namespace dermatome
