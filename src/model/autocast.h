// Scope with bf16 autocast, as torch.autocast(device_type, torch.bfloat16).
#pragma once

#include <c10/core/DeviceType.h>
#include <c10/core/ScalarType.h>

namespace dermatome {

// Per thread. Weights are cast once a scope and kept until its end, without a graph if the first
// use had none: so a scope holds either computation for gradients or computation without, never
// both.
class AutocastScope {
 public:
  // Enables bf16 autocast for `device` until the end of the scope if `enabled`; otherwise disables
  // it.
  AutocastScope(c10::DeviceType device, bool enabled);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  c10::DeviceType device_;
  bool was_enabled_;
  c10::ScalarType previous_type_;
};

}  // namespace dermatome
