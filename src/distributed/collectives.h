// The only way ranks exchange tensors: one interface over a single process (no communication at
// all), Gloo (CPU tensors) and NCCL (CUDA tensors).
//
// Rendezvous (src/distributed/rendezvous.h) makes the objects. All ranks call the same collectives
// in the same order with equal shapes. Every call has a timeout; a failure throws
// CommunicationError naming rank, `what`, operation and shape. One object belongs to one thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace dermatome {

// A collective that has started. Its tensors must stay alive and unchanged until wait() returns.
class PendingCollective {
 public:
  virtual ~PendingCollective() = default;
  // Makes the result usable: on CPU it is complete on return; on CUDA the current stream waits.
  virtual void wait() = 0;
};

class Collectives {
 public:
  virtual ~Collectives() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  // output [size * n, ...] receives every rank's input [n, ...], in rank order. Both are
  // contiguous and of one dtype.
  [[nodiscard]] virtual std::unique_ptr<PendingCollective> all_gather(at::Tensor output,
                                                                      const at::Tensor& input,
                                                                      const std::string& what) = 0;
  // Sums `values` over the ranks, in place. Every rank gets the same bits.
  [[nodiscard]] virtual std::unique_ptr<PendingCollective> all_reduce_sum(
      at::Tensor values, const std::string& what) = 0;
  // Copies `values` of rank `root` to all ranks, in place.
  virtual void broadcast(at::Tensor values, int root, const std::string& what) = 0;
  virtual void barrier(const std::string& what) = 0;
};

// A gather to which rank r contributes counts[r] rows. It starts at once; finish() returns
// [sum of counts, ...], in rank order.
class RowGather {
 public:
  // rows [counts[rank], ...]; all ranks know `counts` beforehand.
  RowGather(Collectives& collectives, const at::Tensor& rows, std::vector<int64_t> counts,
            const std::string& what);
  at::Tensor finish();

 private:
  std::vector<int64_t> counts_;
  at::Tensor input_;   // [max count, ...], padded
  at::Tensor output_;  // [size * max count, ...]
  std::unique_ptr<PendingCollective> pending_;
};

}  // namespace dermatome
