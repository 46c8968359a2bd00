// Messages and names from parts, without `+` and conversions of numbers.
#pragma once

#include <charconv>
#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace dermatome {

template <typename T>
concept NumberOfText = (std::integral<T> || std::floating_point<T>)&&!std::same_as<T, bool> &&
                       !std::same_as<T, char>;

// One part of a text: text, a character, a path or a number (but not a bool: say what it means). It
// views its argument, so it lives no longer than the call of text().
class TextPart {
 public:
  explicit TextPart(std::string_view part) : view_(part) {}
  explicit TextPart(const std::string& part) : view_(part) {}
  explicit TextPart(const char* part) : view_(part) {}
  explicit TextPart(std::same_as<char> auto part) : digits_{part}, view_(digits_, 1) {}
  // A floating-point number has the fewest digits that are read back as the same number.
  explicit TextPart(NumberOfText auto number)
      : view_(digits_, std::to_chars(digits_, digits_ + sizeof digits_, number).ptr) {}
  // For a std::filesystem::path, without including its header.
  template <typename Path>
  requires requires(const Path& path) { path.native(); }
  explicit TextPart(const Path& path) : view_(path.native()) {}

  TextPart(const TextPart&) = delete;
  TextPart& operator=(const TextPart&) = delete;

  std::string_view view() const { return view_; }

 private:
  char digits_[32];
  std::string_view view_;
};

std::string join_parts(std::initializer_list<TextPart> parts);

// All `parts`, one behind the other: text("row ", 7, " of ", path).
template <typename... Parts>
std::string text(const Parts&... parts) {
  return join_parts({TextPart(parts)...});
}

}  // namespace dermatome
