// Which captions of a sample become texts: the objective decides, the loader follows.
#pragma once

namespace dermatome {

struct TextSelection {
  bool texts_for_missing = false;  // a caption that does not exist is a text too: "" or "nan"
  bool only_raw_caption = false;   // the other captions count as missing and get no text

  bool operator==(const TextSelection&) const = default;
};

}  // namespace dermatome
