// The only way ranks exchange tensors. One interface over one process (no communication at all),
// Gloo (CPU tensors) and NCCL (CUDA tensors).
//
// Made by src/distributed/rendezvous.h. All ranks call the same collectives in the same order with
// equal shapes. Every call has a timeout; a failure throws CommunicationError naming rank, `what`,
// operation and shape. One object belongs to one thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace dermatome {

// A collective under way. The tensors it was given stay alive and untouched until wait() returned.
class PendingCollective {
 public:
  virtual ~PendingCollective() = default;
  // Makes the result usable: on CPU it is there on return; on CUDA the current stream waits for it.
  virtual void wait() = 0;
};

class Collectives {
 public:
  virtual ~Collectives() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  // output [size * n, ...] receives every rank's input [n, ...], in rank order. Contiguous, equal
  // dtypes.
  [[nodiscard]] virtual std::unique_ptr<PendingCollective> all_gather(at::Tensor output,
                                                                      const at::Tensor& input,
                                                                      const std::string& what) = 0;
  // Sum over ranks, in place. The same bits on every rank.
  [[nodiscard]] virtual std::unique_ptr<PendingCollective> all_reduce_sum(
      at::Tensor values, const std::string& what) = 0;
  // `values` of rank `root` to all, in place.
  virtual void broadcast(at::Tensor values, int root, const std::string& what) = 0;
  virtual void barrier(const std::string& what) = 0;
};

// A gather of different numbers of rows: rank r contributes counts[r] rows. Starts at once;
// finish() gives [sum of counts, ...], ranks in order.
class RowGather {
 public:
  // rows [counts[rank], ...]; `counts` is known to all ranks beforehand.
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
