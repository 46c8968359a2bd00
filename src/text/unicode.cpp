#include "src/text/unicode.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>

#include "src/core/error.h"

namespace dermatome {

namespace {

// No character below this one takes part in a composition or is changed by one.
constexpr char32_t kFirstCombining = 0x300;

icu::UnicodeString to_icu(const std::u32string& text) {
  return icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()),
                                       static_cast<int32_t>(text.size()));
}

std::u32string from_icu(const icu::UnicodeString& text) {
  std::u32string result(static_cast<size_t>(text.countChar32()), U'\0');
  UErrorCode status = U_ZERO_ERROR;
  text.toUTF32(reinterpret_cast<UChar32*>(result.data()), static_cast<int32_t>(result.size()),
               status);
  require(U_SUCCESS(status), "ICU could not convert a text to UTF-32");
  return result;
}

std::u32string normalize(const std::u32string& text,
                         const icu::Normalizer2* (*instance)(UErrorCode&)) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = instance(status);
  require(U_SUCCESS(status), std::string("ICU has no normalizer: ") + u_errorName(status));
  const icu::UnicodeString result = normalizer->normalize(to_icu(text), status);
  require(U_SUCCESS(status), std::string("ICU could not normalize a text: ") + u_errorName(status));
  return from_icu(result);
}

// Throws no error of its own: the caller looks at `status`.
const icu::Normalizer2* decomposition_of_unicode_9(UErrorCode& status) {
  static const icu::UnicodeSet known = [&status] {
    icu::UnicodeSet set(UNICODE_STRING_SIMPLE("[:age=9.0:]"), status);
    set.freeze();
    return set;
  }();
  const icu::Normalizer2* newest = icu::Normalizer2::getNFDInstance(status);
  if (U_FAILURE(status)) return nullptr;
  static const icu::FilteredNormalizer2 filtered(*newest, known);
  return &filtered;
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string result;
  result.reserve(text.size());
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  for (size_t i = 0; i < text.size();) {
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(bytes, i, text.size(), c);
    result.push_back(static_cast<char32_t>(c));
  }
  return result;
}

std::string encode_utf8(std::u32string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char32_t c : text) {
    uint8_t bytes[U8_MAX_LENGTH];
    size_t length = 0;
    U8_APPEND_UNSAFE(bytes, length, c);
    result.append(reinterpret_cast<const char*>(bytes), length);
  }
  return result;
}

size_t well_formed_length(std::string_view text) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  for (size_t i = 0; i < text.size();) {
    const size_t begin = i;
    UChar32 c = 0;
    U8_NEXT(bytes, i, text.size(), c);
    if (c < 0) return begin;
  }
  return text.size();
}

bool is_space(char32_t c) {
  if (c < 0x80) return c == U' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f);
  return u_isUWhiteSpace(static_cast<UChar32>(c));
}

bool is_letter(char32_t c) {
  if (c < 0x80) return is_ascii_letter(c);
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_L_MASK) != 0;
}

bool is_number(char32_t c) {
  if (c < 0x80) return is_ascii_digit(c);
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_N_MASK) != 0;
}

bool is_ascii_control(char32_t c) {
  return (c < 0x20 && c != U'\t' && c != U'\n' && c != U'\f' && c != U'\r') || c == 0x7f;
}

bool is_decimal_digit(char32_t c) { return u_isdigit(static_cast<UChar32>(c)); }

std::u32string compose(std::u32string text) {
  if (std::ranges::all_of(text, [](char32_t c) { return c < kFirstCombining; })) return text;
  return normalize(text, icu::Normalizer2::getNFCInstance);
}

std::u32string compose_compatibly(const std::u32string& text) {
  return normalize(text, icu::Normalizer2::getNFKCInstance);
}

std::u32string decompose(const std::u32string& text) {
  return normalize(text, decomposition_of_unicode_9);
}

std::u32string lower(std::u32string text) {
  if (std::ranges::all_of(text, [](char32_t c) { return c < 0x80; })) {
    for (char32_t& c : text) {
      if (c >= U'A' && c <= U'Z') c += U'a' - U'A';
    }
    return text;
  }
  return from_icu(to_icu(text).toLower(icu::Locale::getRoot()));
}

std::u32string collapse_spaces(std::u32string_view text) {
  std::u32string result;
  result.reserve(text.size());
  bool pending = false;
  for (const char32_t c : text) {
    if (is_space(c)) {
      pending = !result.empty();
    } else {
      if (pending) result.push_back(U' ');
      pending = false;
      result.push_back(c);
    }
  }
  return result;
}

}  // namespace dermatome
