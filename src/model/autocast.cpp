#include "src/model/autocast.h"

#include <ATen/autocast_mode.h>

namespace dermatome {

AutocastScope::AutocastScope(c10::DeviceType device, bool enabled)
    : device_(device),
      was_enabled_(at::autocast::is_autocast_enabled(device)),
      was_cached_(at::autocast::is_autocast_cache_enabled()),
      previous_type_(at::autocast::get_autocast_dtype(device)) {
  at::autocast::set_autocast_enabled(device, enabled);
  at::autocast::set_autocast_cache_enabled(false);
  at::autocast::set_autocast_dtype(device, at::kBFloat16);
}

AutocastScope::~AutocastScope() {
  at::autocast::set_autocast_dtype(device_, previous_type_);
  at::autocast::set_autocast_cache_enabled(was_cached_);
  at::autocast::set_autocast_enabled(device_, was_enabled_);
}

}  // namespace dermatome
