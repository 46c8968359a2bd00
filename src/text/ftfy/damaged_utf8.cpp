#include "src/text/ftfy/damaged_utf8.h"

#include <unicode/utf8.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace dermatome {

namespace {

constexpr char kAsciiSpace = ' ';
constexpr char kNoBreakSpace = '\xa0';
constexpr uint8_t kLost = 0x1a;

bool in_range(uint8_t byte, uint8_t first, uint8_t last) { return byte >= first && byte <= last; }
bool is_following(uint8_t byte) { return in_range(byte, 0x80, 0xbf); }

uint8_t byte_at(std::string_view bytes, size_t i) {
  return i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0;
}

// Byte 85 was most likely an ellipsis, A0 needs no repair.
bool is_beside_space(uint8_t byte) { return is_following(byte) && byte != 0x85 && byte != 0xa0; }

// Length of a sequence that a space in place of A0 made ill-formed; 0 if `bytes` does not begin
// with one. First bytes are those whose characters are likelier than the space.
size_t spaced_length(std::string_view bytes) {
  const uint8_t first = byte_at(bytes, 0);
  const uint8_t second = byte_at(bytes, 1);
  const uint8_t third = byte_at(bytes, 2);
  const uint8_t fourth = byte_at(bytes, 3);
  const auto is_first_of_2 = [](uint8_t byte) {
    return std::string_view("\xc2\xc3\xc5\xce\xd0\xd9").find(static_cast<char>(byte)) !=
           std::string_view::npos;
  };
  if (is_first_of_2(first)) return second == kAsciiSpace ? 2 : 0;
  if (in_range(first, 0xe0, 0xe3)) {
    const bool middle = first >= 0xe2 && second == kAsciiSpace && is_beside_space(third);
    const bool end = is_beside_space(second) && third == kAsciiSpace;
    return middle || end ? 3 : 0;
  }
  if (first == 0xf0) {
    const int num_spaces =
        (second == kAsciiSpace) + (third == kAsciiSpace) + (fourth == kAsciiSpace);
    const int num_following = is_following(second) + is_following(third) + is_following(fourth);
    return num_spaces == 1 && num_following == 2 ? 4 : 0;
  }
  return 0;
}

// "à " as a word of its own keeps its space, except in Portuguese words that begin with it.
bool is_separate_a_grave(std::string_view bytes) {
  if (!bytes.starts_with("\xc3 ")) return false;
  const std::string_view rest = bytes.substr(2);
  return std::ranges::none_of(
      std::initializer_list<std::string_view>{" ", "quele", "quela", "quilo", "s "},
      [&](std::string_view word) { return rest.starts_with(word); });
}

// Whether `bytes` may be the rest of a sequence of which at least one byte is lost.
bool has_lost(std::string_view bytes, size_t max_question_marks) {
  size_t num_lost = 0;
  size_t num_question_marks = 0;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte == kLost) {
      ++num_lost;
    } else if (byte == '?') {
      ++num_question_marks;
    } else if (!is_following(byte)) {
      return false;
    }
  }
  return num_lost + num_question_marks > 0 && num_question_marks <= max_question_marks;
}

// Length of a sequence with lost bytes at the beginning of `bytes`; 0 if there is none.
size_t lost_length(std::string_view bytes) {
  const uint8_t first = byte_at(bytes, 0);
  if (first == kLost) return 1;
  if (in_range(first, 0xc2, 0xdf)) {
    const bool question_mark = first <= 0xc3 && byte_at(bytes, 1) == '?';
    return byte_at(bytes, 1) == kLost || question_mark ? 2 : 0;
  }
  if (first == 0xed && in_range(byte_at(bytes, 1), 0xa0, 0xaf) && byte_at(bytes, 3) == 0xed &&
      in_range(byte_at(bytes, 4), 0xb0, 0xbf) && bytes.size() >= 6) {
    const char ends[] = {bytes[2], bytes[5]};
    if (has_lost({ends, 2}, /*max_question_marks=*/2)) return 6;
  }
  const size_t length = in_range(first, 0xe0, 0xef) ? 3 : in_range(first, 0xf0, 0xf4) ? 4 : 0;
  if (length == 0 || bytes.size() < length) return 0;
  return has_lost(bytes.substr(1, length - 1), /*max_question_marks=*/1) ? length : 0;
}

// Reads a sequence that strict UTF-8 forbids at the beginning of `bytes`; returns its length, 0 if
// there is none. The reference takes a line feed at the very end for the last byte of such a
// sequence.
size_t read_variant(std::string_view bytes, std::u32string& result) {
  const auto is_last = [&](size_t i) { return bytes.size() == i + 1 && bytes[i] == '\n'; };
  if (byte_at(bytes, 0) == 0xc0 && (byte_at(bytes, 1) == 0x80 || is_last(1))) {
    result.push_back(U'\0');
    return 2;
  }
  if (byte_at(bytes, 0) == 0xed && in_range(byte_at(bytes, 1), 0xa0, 0xaf) &&
      is_following(byte_at(bytes, 2)) && byte_at(bytes, 3) == 0xed &&
      in_range(byte_at(bytes, 4), 0xb0, 0xbf) && (is_following(byte_at(bytes, 5)) || is_last(5))) {
    const auto bits = [&](size_t i, uint8_t mask) {
      return static_cast<char32_t>(byte_at(bytes, i) & mask);
    };
    result.push_back(0x10000 + (bits(1, 0x0f) << 16) + (bits(2, 0x3f) << 10) +
                     (bits(4, 0x0f) << 6) + bits(5, 0x3f));
    return 6;
  }
  return 0;
}

}  // namespace

std::string restore_no_break_bytes(std::string_view bytes) {
  std::string separated;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (is_separate_a_grave(bytes.substr(i))) {
      separated += "\xc3\xa0 ";
      ++i;
    } else {
      separated.push_back(bytes[i]);
    }
  }
  for (size_t i = 0; i < separated.size();) {
    const size_t length = spaced_length(std::string_view(separated).substr(i));
    const auto begin = separated.begin() + static_cast<std::ptrdiff_t>(i);
    std::replace(begin, begin + static_cast<std::ptrdiff_t>(length), kAsciiSpace, kNoBreakSpace);
    i += std::max<size_t>(length, 1);
  }
  return separated;
}

std::string replace_lost_sequences(std::string_view bytes) {
  std::string result;
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = lost_length(bytes.substr(i));
    if (length > 0) {
      result += "\xef\xbf\xbd";
      i += length;
    } else {
      result.push_back(bytes[i++]);
    }
  }
  return result;
}

std::optional<std::u32string> decode_utf8_variants(std::string_view bytes) {
  std::u32string result;
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = read_variant(bytes.substr(i), result);
    i += length;
    if (length > 0) continue;
    UChar32 c = 0;
    U8_NEXT(data, i, bytes.size(), c);
    if (c < 0) return std::nullopt;
    result.push_back(static_cast<char32_t>(c));
  }
  return result;
}

}  // namespace dermatome
