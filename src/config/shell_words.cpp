#include "src/config/shell_words.h"

#include <cctype>

#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

class Splitter {
 public:
  explicit Splitter(std::string_view rest) : rest_(rest) {}

  std::vector<std::string> split() {
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (ends_line()) {
        rest_.remove_prefix(2);
      } else if (is_space(c) || stands_alone()) {
        end_word();
        rest_.remove_prefix(c == '\\' ? 2 : 1);
      } else if (c == '#' && !in_word_) {
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
      } else if (c == '\'' || c == '"') {
        take_quoted(c);
      } else {
        if (c == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
        take();
      }
    }
    end_word();
    return words_;
  }

 private:
  // A backslash and the end of its line.
  bool ends_line() const { return rest_.starts_with("\\\n") || rest_.starts_with("\\\r"); }

  // A backslash that is no part of a word and has blanks behind it: it was meant to continue the
  // line, though a shell would take the blank for a word. Scripts have comments behind it.
  bool stands_alone() const {
    return !in_word_ && rest_.front() == '\\' && rest_.size() > 1 && is_space(rest_[1]);
  }

  void take() {
    word_ += rest_.front();
    rest_.remove_prefix(1);
    in_word_ = true;
  }

  void take_quoted(char mark) {
    rest_.remove_prefix(1);
    in_word_ = true;
    while (!rest_.empty() && rest_.front() != mark) {
      if (mark == '"' && ends_line()) {
        rest_.remove_prefix(2);
        continue;
      }
      const bool escaped = mark == '"' && rest_.size() > 1 && rest_[0] == '\\' &&
                           std::string_view("\"\\$`").find(rest_[1]) != std::string_view::npos;
      if (escaped) rest_.remove_prefix(1);
      take();
    }
    if (rest_.empty()) {
      throw ConfigError(text("command line: a quotation mark ", mark, " has no second one"));
    }
    rest_.remove_prefix(1);
  }

  void end_word() {
    if (in_word_) words_.push_back(word_);
    word_.clear();
    in_word_ = false;
  }

  std::string_view rest_;
  std::string word_;
  bool in_word_ = false;
  std::vector<std::string> words_;
};

}  // namespace

std::vector<std::string> shell_words(std::string_view command) { return Splitter(command).split(); }

}  // namespace dermatome
