// Sums parameter gradients over ranks while backward still runs.
//
// Parameters are packed into flat buckets, in the order given (the order in which their gradients
// become ready), fixed for good: the order of summation never changes, so a resumed run equals an
// uninterrupted one bit for bit. A parameter's .grad is a view of its bucket. A bucket is reduced
// as soon as all its gradients are there and all buckets before it have been started: every rank
// starts them in the same order.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "src/distributed/collectives.h"

namespace dermatome {

class GradientReducer {
 public:
  // `parameters` are leaves that require gradients, of one dtype and device. The reducer must
  // outlive none of them.
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
  // Reduces what no backward touched (a rank without text still contributes its zeros) and waits
  // for everything. Afterwards every gradient is the sum over ranks. Disarms.
  void finish();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dermatome
