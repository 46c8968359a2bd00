#include "src/text/ftfy/code_pages.h"

#include <unicode/ucnv.h>

#include <memory>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/text/unicode.h"

namespace dermatome {

namespace {

constexpr uint8_t kSubstitute = 0x1a;

}  // namespace

CodePage::CodePage(const std::string& name, bool tolerant) : name_(name), tolerant_(tolerant) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UConverter, decltype(&ucnv_close)> converter(
      ucnv_open(name.c_str(), &status), &ucnv_close);
  require(U_SUCCESS(status), text("ICU has no encoding '", name, "': ", u_errorName(status)));
  for (int byte = 0; byte < 256; ++byte) {
    const auto latin1 = static_cast<char32_t>(byte);
    characters_.push_back(latin1);
    if (byte < 0x80) continue;  // ICU exchanges control characters in IBM's pages
    const char source = static_cast<char>(byte);
    UChar target[2] = {};
    const int32_t length = ucnv_toUChars(converter.get(), target, 2, &source, 1, &status);
    require(U_SUCCESS(status) && length == 1,
            text("encoding '", name, "' is no single-byte encoding"));
    if (target[0] != kReplacementCharacter) characters_.back() = target[0];
  }
  if (name == "ibm-437")
    characters_[0xe6] = 0xb5;  // the micro sign, as in Python, not the letter mu
  if (tolerant) characters_[kSubstitute] = kReplacementCharacter;
  for (size_t byte = 0; byte < 256; ++byte) {
    bytes_[characters_[byte]] = static_cast<char>(byte);
  }
}

std::optional<std::string> CodePage::encode(std::u32string_view text) const {
  std::string result;
  result.reserve(text.size());
  for (const char32_t c : text) {
    const auto found = bytes_.find(c);
    if (found == bytes_.end()) return std::nullopt;
    result.push_back(found->second);
  }
  return result;
}

const std::vector<CodePage>& code_pages() {
  static const std::vector<CodePage> pages = [] {
    std::vector<CodePage> list;
    list.emplace_back("ISO-8859-1", /*tolerant=*/false);
    for (const char* number : {"1252", "1251", "1250", "1253", "1254", "1257"}) {
      list.emplace_back(std::string("windows-") + number, /*tolerant=*/true);
    }
    for (const char* name : {"ISO-8859-2", "macintosh", "ibm-437"}) {
      list.emplace_back(name, /*tolerant=*/false);
    }
    return list;
  }();
  return pages;
}

char32_t windows_1252_character(uint8_t byte) { return code_pages()[1].decode(byte); }

}  // namespace dermatome
