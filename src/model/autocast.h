// Scope with bf16 autocast, as torch.autocast(device_type, torch.bfloat16).
#pragma once

#include <c10/core/DeviceType.h>

namespace dermatome {

class AutocastScope {
 public:
  // Enables bf16 autocast for `device` until the end of the scope if `enabled`; otherwise disables it.
  AutocastScope(c10::DeviceType device, bool enabled);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  c10::DeviceType device_;
  bool was_enabled_;
};

}  // namespace dermatome
