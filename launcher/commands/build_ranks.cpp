#include "launcher/commands/build_ranks.h"

#include <ATen/Parallel.h>

#include <string>
#include <utility>
#include <vector>

#include "launcher/commands/commands.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/config/runtime_options.h"
#include "src/distributed/text_gather.h"

namespace dermatome {
namespace {

class RankTeam : public BuildTeam {
 public:
  explicit RankTeam(Collectives& group) : group_(group) {}
  int rank() const override { return group_.rank(); }
  int size() const override { return group_.size(); }
  std::vector<std::string> exchange(const std::string& text) override {
    return gather_texts(text, group_, "shards that are done");
  }

 private:
  Collectives& group_;
};

}  // namespace

void build_with_ranks(int num_threads, std::function<void(BuildTeam& team, int num_threads)> work) {
  if (announced_world(process_environment()).size == 1) {
    LoneBuilder alone;
    return work(alone, num_threads);
  }
  RuntimeOptions options;
  options.device = DeviceChoice::kCpu;
  options.threads = num_threads;
  options.timeout_s = 4 * 3600;  // a rank waits until the others have made a shard
  run_on_ranks(options, [work = std::move(work)](Runtime& runtime) {
    RankTeam ranks(runtime.collectives());
    work(ranks, at::get_num_threads());
    return kExitOk;
  });
}

}  // namespace dermatome
