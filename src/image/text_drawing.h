// Text on pictures: FreeType draws the letters of the machine's fonts (src/image/font_files.h).
//
// Characters are set one after the other from left to right: no ligatures, no joining or reordering
// of scripts that need it. A character no font has becomes an empty box, bytes that are not UTF-8
// become U+FFFD, line breaks and other control characters are blanks. Equal text gives equal pixels
// with equal fonts and an equal FreeType.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/image/font_files.h"
#include "src/image/image.h"
#include "src/image/paint.h"

namespace dermatome {

// Lengths are in pixels. An object is for one thread at a time.
class TextPainter {
 public:
  // `size` is that of the em square. Throws ConfigError when there is no font, DataError when one
  // cannot be read.
  TextPainter(FontStyle style, int size);
  ~TextPainter();
  TextPainter(const TextPainter&) = delete;
  TextPainter& operator=(const TextPainter&) = delete;

  // Of the box that the letters of a line lie in, from the tallest to the deepest.
  int line_height() const;

  // The least whole number of pixels that the text's advance fits in.
  int width(std::string_view text) const;

  // The text in at most `max_lines` lines (at least 1) no wider than `width`, broken at blanks and
  // within words only where a word alone is too wide. What does not fit is left out, and the last
  // line then ends in "…". A line has at least one character. Text of blanks has no lines.
  std::vector<std::string> wrap(std::string_view text, int width, int max_lines) const;

  // One line, whose box of line_height() has its upper left corner at (left, top). What lies
  // outside `target` is left out.
  void draw(std::string_view text, int left, int top, Color color, Image& target) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dermatome
