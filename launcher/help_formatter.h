// The pages that `dermatome help` and --help print.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>

namespace dermatome {

// The columns of the terminal at standard output, else of the variable COLUMNS, else 80; from 40 to
// 100, since longer lines are hard to read.
size_t help_width();

// What the user types for a word or an option: CONFIG, KEY=VALUE, --ranks. CLI11 calls words by
// what the sources call them.
std::string typed_name(const CLI::Option& option);

// The kind of value that an option takes: NUMBER, TEXT, or the words to choose from.
std::string value_type(const CLI::Option& option);

// What an option's number must be, such as "1 to 100" or "above 0"; empty if any value will do.
std::string value_rule(const CLI::Option& option);

// What `value` is not if it is refused for `option`, which takes a number: "0 or more", or "a whole
// number of images, 0 or more" if it is none; empty if the option takes no number.
std::string expected_number(const CLI::Option& option, const std::string& value);

// Lays a page out: what the command does, how it is called, its words and options with what they
// are by default, or dermatome's commands by group, and examples (the footer, one on each line). No
// line but an example is longer than `width`.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(size_t width) : width_(width) {}
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;

 private:
  size_t width_;
};

}  // namespace dermatome
