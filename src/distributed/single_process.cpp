#include "src/distributed/single_process.h"

namespace dermatome {
namespace {

class Done : public PendingCollective {
 public:
  void wait() override {}
};

class SingleProcess : public Collectives {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }

  std::unique_ptr<PendingCollective> all_gather(at::Tensor output, const at::Tensor& input,
                                                const std::string& /*what*/) override {
    output.copy_(input);
    return std::make_unique<Done>();
  }

  std::unique_ptr<PendingCollective> all_reduce_sum(at::Tensor /*values*/,
                                                    const std::string& /*what*/) override {
    return std::make_unique<Done>();
  }

  void broadcast(at::Tensor /*values*/, int /*root*/, const std::string& /*what*/) override {}
  void barrier(const std::string& /*what*/) override {}
};

}  // namespace

std::unique_ptr<Collectives> make_single_process_collectives() {
  return std::make_unique<SingleProcess>();
}

}  // namespace dermatome
