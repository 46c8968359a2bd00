// Recognizes mojibake: UTF-8 that was read in a single-byte encoding. The heuristics are those of
// ftfy 6.3 (Robyn Speer, Apache 2.0), restated as tables of character classes.
#pragma once

#include <cstddef>
#include <string_view>

namespace dermatome {

// Whether `text` holds characters side by side that people hardly ever write like this, but that
// misread UTF-8 gives.
bool looks_misread(std::u32string_view text);

// A part of a text; empty when `length` is 0.
struct MisreadRun {
  size_t begin;
  size_t length;
};

// The first run of characters at or behind `begin` that look like UTF-8 sequences, in whatever
// single-byte encoding they were read.
MisreadRun find_misread_run(std::u32string_view text, size_t begin);

}  // namespace dermatome
