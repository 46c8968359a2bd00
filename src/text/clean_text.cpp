#include "src/text/clean_text.h"

#include "src/text/ftfy/html_entities.h"
#include "src/text/ftfy/repair.h"
#include "src/text/unicode.h"

namespace dermatome {

std::u32string clean_text(std::string_view text) {
  const std::u32string repaired = repair_text(decode_utf8(text));
  return collapse_spaces(unescape_html(unescape_html(repaired)));
}

}  // namespace dermatome
