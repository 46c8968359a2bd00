// Collectives that record the size of each call, and the time spent in it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "src/distributed/collectives.h"

namespace dermatome::bench {

struct CollectiveRecord {
  std::string what;
  bool is_gather = false;
  int64_t bytes = 0;   // this rank's input
  double exposed = 0;  // seconds the caller spent in the call and in waiting for it
};

class MeasuredCollectives : public Collectives {
 public:
  // `inner` must outlive the object.
  explicit MeasuredCollectives(Collectives& inner) : inner_(inner) {}

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::unique_ptr<PendingCollective> all_gather(at::Tensor output, const at::Tensor& input,
                                                const std::string& what) override;
  std::unique_ptr<PendingCollective> all_reduce_sum(at::Tensor values,
                                                    const std::string& what) override;
  void broadcast(at::Tensor values, int root, const std::string& what) override {
    inner_.broadcast(std::move(values), root, what);
  }
  void barrier(const std::string& what) override { inner_.barrier(what); }

  // The records since the last call. Every recorded collective must have been waited for.
  std::vector<CollectiveRecord> take();

 private:
  std::unique_ptr<PendingCollective> record(
      std::string what, bool is_gather, const at::Tensor& input,
      const std::function<std::unique_ptr<PendingCollective>()>& start);

  Collectives& inner_;
  std::vector<std::shared_ptr<CollectiveRecord>> records_;
};

// Seconds that the recorded collective takes while no computation runs beside it.
double time_alone(Collectives& collectives, const CollectiveRecord& record);

}  // namespace dermatome::bench
