#include "tools/bench/measured_collectives.h"

#include <ATen/ATen.h>

#include <functional>
#include <utility>

#include "tools/bench/worker.h"

namespace dermatome::bench {
namespace {

double wall_of(const std::function<void()>& work) { return cost_of(work)["wall"].get<double>(); }

class MeasuredWait : public PendingCollective {
 public:
  MeasuredWait(std::unique_ptr<PendingCollective> pending, std::shared_ptr<CollectiveRecord> record)
      : pending_(std::move(pending)), record_(std::move(record)) {}
  void wait() override {
    record_->exposed += wall_of([&] { pending_->wait(); });
  }

 private:
  std::unique_ptr<PendingCollective> pending_;
  std::shared_ptr<CollectiveRecord> record_;
};

}  // namespace

std::unique_ptr<PendingCollective> MeasuredCollectives::record(
    std::string what, bool is_gather, const at::Tensor& input,
    const std::function<std::unique_ptr<PendingCollective>()>& start) {
  const auto entry = std::make_shared<CollectiveRecord>(CollectiveRecord{
      std::move(what), is_gather, static_cast<int64_t>(input.nbytes()), /*exposed=*/0});
  records_.push_back(entry);
  std::unique_ptr<PendingCollective> pending;
  entry->exposed = wall_of([&] { pending = start(); });
  return std::make_unique<MeasuredWait>(std::move(pending), entry);
}

std::unique_ptr<PendingCollective> MeasuredCollectives::all_gather(at::Tensor output,
                                                                   const at::Tensor& input,
                                                                   const std::string& what) {
  return record(what, true, input, [&] { return inner_.all_gather(output, input, what); });
}

std::unique_ptr<PendingCollective> MeasuredCollectives::all_reduce_sum(at::Tensor values,
                                                                       const std::string& what) {
  return record(what, false, values, [&] { return inner_.all_reduce_sum(values, what); });
}

std::vector<CollectiveRecord> MeasuredCollectives::take() {
  std::vector<CollectiveRecord> taken;
  for (const auto& entry : std::exchange(records_, {})) taken.push_back(*entry);
  return taken;
}

double time_alone(Collectives& collectives, const CollectiveRecord& record) {
  const int64_t numbers = record.bytes / static_cast<int64_t>(sizeof(float));
  const at::Tensor input = at::zeros({numbers}), output = at::zeros({numbers * collectives.size()});
  collectives.barrier("start of a collective");
  return wall_of([&] {
    (record.is_gather ? collectives.all_gather(output, input, record.what)
                      : collectives.all_reduce_sum(input, record.what))
        ->wait();
  });
}

}  // namespace dermatome::bench
