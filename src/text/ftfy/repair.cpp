#include "src/text/ftfy/repair.h"

#include <algorithm>

#include "src/text/ftfy/character_repair.h"
#include "src/text/ftfy/encoding_repair.h"
#include "src/text/ftfy/html_entities.h"
#include "src/text/unicode.h"

namespace dermatome {

namespace {

// Whether no step below could change the text.
bool is_plain(std::u32string_view text) {
  return std::ranges::all_of(text, [](char32_t c) {
    return (c >= 0x20 && c < 0x7f && c != U'&') || c == U'\n' || c == U'\t';
  });
}

std::u32string repair_once(std::u32string text, bool unescape) {
  if (unescape) text = unescape_closed_html(text);
  text = repair_encoding(std::move(text));
  replace_c1_controls(text);
  text = split_ligatures(text);
  text = normalize_width(text);
  straighten_quotes(text);
  text = unify_line_breaks(text);
  text = remove_terminal_escapes(text);
  remove_controls(text);
  return compose(std::move(text));
}

// One repair may reveal another: repeats until nothing changes.
std::u32string repair_line(std::u32string text, bool unescape) {
  while (!is_plain(text)) {
    std::u32string repaired = repair_once(text, unescape);
    if (repaired == text) break;
    text = std::move(repaired);
  }
  return text;
}

}  // namespace

std::u32string repair_text(std::u32string_view text) {
  constexpr size_t kMaxLineLength = 1000000;
  std::u32string result;
  bool unescape = true;
  while (!text.empty()) {
    const size_t line_feed = text.find(U'\n');
    const size_t line_length = line_feed == text.npos ? text.size() : line_feed + 1;
    const std::u32string_view line = text.substr(0, std::min(line_length, kMaxLineLength));
    if (line.find(U'<') != line.npos) unescape = false;
    result += repair_line(std::u32string(line), unescape);
    text.remove_prefix(line.size());
  }
  return result;
}

}  // namespace dermatome
