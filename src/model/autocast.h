// A scope with bf16 autocast, as torch.autocast(device_type, torch.bfloat16).
#pragma once

#include <c10/core/DeviceType.h>
#include <c10/core/ScalarType.h>

namespace dermatome {

// Per thread; scopes nest. Casts of weights are not cached, unlike torch.autocast's default: a
// cached cast sums the gradients of several uses (length buckets) in bf16, and a cast made without
// a graph would give later uses no gradient.
class AutocastScope {
 public:
  // Enables bf16 autocast for `device` until the end of the scope, or disables it if not `enabled`.
  AutocastScope(c10::DeviceType device, bool enabled);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  c10::DeviceType device_;
  bool was_enabled_;
  bool was_cached_;
  c10::ScalarType previous_type_;
};

}  // namespace dermatome
