// Sums parameter gradients over ranks while backward still runs.
//
// Parameters are packed once into flat buckets, in the order given (the order in which their
// gradients become ready). The order of summation therefore never changes, and a resumed run equals
// an uninterrupted run bit for bit. A parameter's .grad is a view of its bucket. A bucket is
// reduced as soon as all its gradients are complete and all buckets before it have been started:
// every rank starts the buckets in the same order, whatever order its own backward takes.
//
// With one rank a reducer only owns the gradients' memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "src/distributed/collectives.h"

namespace dermatome {

// Elements of each bucket of a reducer with these arguments, alignment included.
std::vector<int64_t> bucket_sizes(const std::vector<at::Tensor>& parameters, int64_t bucket_bytes);

class GradientReducer {
 public:
  // `parameters` are contiguous leaves that require gradients, of one dtype and device. The
  // reducer takes their post-accumulate-gradient hook.
  GradientReducer(std::vector<at::Tensor> parameters, Collectives& collectives,
                  int64_t bucket_bytes);
  ~GradientReducer();
  GradientReducer(const GradientReducer&) = delete;
  GradientReducer& operator=(const GradientReducer&) = delete;

  // Sets all gradients to zero (the views stay in place).
  void zero();
  // Call before the last backward of a step: buckets are reduced as they become ready. Earlier,
  // unarmed backward passes only accumulate.
  void arm();
  // Starts the reduction of the buckets that the armed backward did not complete; a rank without
  // texts contributes zeros. Call it before anything else uses the same collectives, in particular
  // before another reducer's arm(): otherwise ranks that wait for different gradients would run
  // different collectives.
  void start_remaining();
  // Calls start_remaining(), waits for all reductions and disarms. Afterwards every gradient is the
  // sum over ranks.
  void finish();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dermatome
