// The objective's precision: logits reach 1400, so neither they nor their log-sum-exp may be
// rounded to bf16, whatever the towers compute in.
#pragma once

#include <c10/core/DispatchKeySet.h>
#include <c10/core/ScalarType.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

namespace dermatome {

// float64 stays; everything else is computed in float32.
constexpr c10::ScalarType objective_type(c10::ScalarType features) {
  return features == c10::kDouble ? c10::kDouble : c10::kFloat;
}

// Scope without autocast.
class FullPrecisionScope {
  c10::impl::ExcludeDispatchKeyGuard guard_{c10::autocast_dispatch_keyset};
};

}  // namespace dermatome
