// The single-byte encodings through which UTF-8 is commonly misread, and what they map bytes to.
// Pure functions over tables that are made once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dermatome {

class CodePage {
 public:
  // `name` as ICU knows it. In a tolerant page a byte without a character stands for the C1 or
  // Latin-1 character of its number, as in web browsers, and byte 1A (a byte that has been lost)
  // for U+FFFD.
  CodePage(const std::string& name, bool tolerant);

  const std::string& name() const { return name_; }
  bool tolerant() const { return tolerant_; }
  char32_t decode(uint8_t byte) const { return characters_[byte]; }

  // The bytes of `text`; nothing when a character is not in the page.
  std::optional<std::string> encode(std::u32string_view text) const;

 private:
  std::string name_;
  bool tolerant_;
  std::u32string characters_;  // [256]
  std::unordered_map<char32_t, char> bytes_;
};

// In the order in which they are tried; the first is Latin-1, the second Windows-1252.
const std::vector<CodePage>& code_pages();

// Windows-1252 with the C1 characters for the bytes it does not assign.
char32_t windows_1252_character(uint8_t byte);

}  // namespace dermatome
