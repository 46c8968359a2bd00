#include "src/text/ftfy/encoding_repair.h"

#include <algorithm>
#include <optional>

#include "src/text/ftfy/code_pages.h"
#include "src/text/ftfy/damaged_utf8.h"
#include "src/text/ftfy/mojibake.h"
#include "src/text/unicode.h"

namespace dermatome {

namespace {

// `text` as the UTF-8 it was, if it was read in `page`.
std::optional<std::u32string> decode_again(std::u32string_view text, const CodePage& page) {
  std::optional<std::string> bytes = page.encode(text);
  if (!bytes) return std::nullopt;
  // In Mac OS Roman an en dash before a space looks like a damaged sequence.
  if (page.name() != "macintosh") bytes = restore_no_break_bytes(*bytes);
  if (page.tolerant()) bytes = replace_lost_sequences(*bytes);
  return decode_utf8_variants(*bytes);
}

// Repairs the runs of `text` that look like UTF-8 on their own. A run that is the whole text is
// left as it is, since it has been tried.
std::u32string repair_runs(std::u32string_view text) {
  std::u32string result;
  size_t done = 0;
  for (MisreadRun run = find_misread_run(text, 0); run.length > 0;
       run = find_misread_run(text, done)) {
    result += text.substr(done, run.begin - done);
    const std::u32string_view part = text.substr(run.begin, run.length);
    const bool repair = part.size() < text.size() && looks_misread(part);
    result += repair ? repair_encoding(std::u32string(part)) : std::u32string(part);
    done = run.begin + run.length;
  }
  return result += text.substr(done);
}

std::u32string repair_once(const std::u32string& text) {
  const bool ascii = std::ranges::all_of(text, [](char32_t c) { return c < 0x80; });
  if (ascii || !looks_misread(text)) return text;
  for (const CodePage& page : code_pages()) {
    if (std::optional<std::u32string> decoded = decode_again(text, page)) return *decoded;
  }
  std::u32string repaired = repair_runs(text);
  if (repaired != text) return repaired;
  replace_c1_controls(repaired);
  return repaired;
}

}  // namespace

void replace_c1_controls(std::u32string& text) {
  for (char32_t& c : text) {
    if (is_c1_control(c)) c = windows_1252_character(static_cast<uint8_t>(c));
  }
}

std::u32string repair_encoding(std::u32string text) {
  while (true) {
    std::u32string repaired = repair_once(text);
    if (repaired == text) return repaired;
    text = std::move(repaired);
  }
}

}  // namespace dermatome
