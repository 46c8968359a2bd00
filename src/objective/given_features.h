// The objective and its gradients on features from a file, so that anyone can check the maths from
// outside.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "src/config/objective_options.h"
#include "src/distributed/collectives.h"

namespace dermatome {

struct GivenFeatures {
  at::Tensor image;    // [B, d]
  at::Tensor text;     // [B*N, d]: row i * N + k is caption k of sample i
  at::Tensor patches;  // [B, P, d]
  at::Tensor mask;     // [B, N] bool
};

// Takes the tensors img, txt, pat and mask out of `tensors`, which were read from `file`. Throws
// DataError naming file and tensor if one is missing or its shape or values do not fit.
GivenFeatures given_features(const std::map<std::string, at::Tensor>& tensors,
                             const std::string& file, at::ScalarType dtype);

// All ranks hold the whole batch `features`; each copies its part to `device`. Cosines are
// multiplied by `scale`; num_subcaptions follows from the mask. Returns, on every rank, values and
// gradients of the whole batch by name. A collective call.
std::vector<std::pair<std::string, at::Tensor>> evaluate_given(const GivenFeatures& features,
                                                               ObjectiveOptions options,
                                                               double scale, c10::Device device,
                                                               Collectives& collectives);

}  // namespace dermatome
