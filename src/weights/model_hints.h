// What a user says about weights that no file describes.
#pragma once

#include <string>

namespace dermatome {

struct ModelHints {
  std::string architecture = {};  // for find_architecture(); empty: as the tensors' shapes tell
  bool quick_gelu = false;        // the model was trained with QuickGELU

  bool given() const { return quick_gelu || !architecture.empty(); }
};

}  // namespace dermatome
