#include "launcher/cores.h"

#include <ATen/ATen.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "src/core/error.h"
#include "src/core/hash.h"

namespace dermatome {
namespace {

// The same number on ranks that may run on the same cores of the same machine, and only there.
int64_t identify(const cpu_set_t& cores) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  std::string text = host.data();
  for (int core = 0; core < CPU_SETSIZE; ++core) text += CPU_ISSET(core, &cores) ? '1' : '0';
  return std::stoll(sha256_hex(text).substr(0, 15), nullptr, 16);
}

}  // namespace

CoreShare share_cores(int64_t asked, Collectives& group) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  require(sched_getaffinity(0, sizeof cores, &cores) == 0, "sched_getaffinity failed");
  CoreShare share;
  share.num_allowed = CPU_COUNT(&cores);
  const int64_t own = identify(cores);
  at::Tensor all = at::empty({group.size()}, at::kLong);
  group.all_gather(all, at::full({1}, own, at::kLong), "allowed cores")->wait();
  share.num_sharing = static_cast<int>(all.eq(own).sum().item<int64_t>());
  share.num_threads =
      asked > 0 ? static_cast<int>(asked) : std::max(1, share.num_allowed / share.num_sharing);
  at::Tensor figures = at::empty({group.size(), 2}, at::kInt);
  const at::Tensor own_figures = at::empty({1, 2}, at::kInt);
  own_figures[0][0] = share.num_allowed;
  own_figures[0][1] = share.num_threads;
  group.all_gather(figures, own_figures, "threads")->wait();
  share.is_alike = at::equal(figures, own_figures.expand_as(figures));
  return share;
}

}  // namespace dermatome
