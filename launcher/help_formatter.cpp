#include "launcher/help_formatter.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <utility>
#include <vector>

#include "src/core/live_line.h"
#include "src/core/text.h"
#include "src/core/wrapped.h"

namespace dermatome {
namespace {

constexpr size_t kIndent = 2;
constexpr size_t kGap = 2;
constexpr size_t kWidestName = 26;  // a longer name stands on its own line

using Entries = std::vector<std::pair<std::string, std::string>>;  // a name and what it means

std::string section(const std::string& title, const Entries& entries, size_t width) {
  if (entries.empty()) return "";
  size_t widest = 0;
  for (const auto& [name, meaning] : entries) {
    if (name.size() <= kWidestName) widest = std::max(widest, name.size());
  }
  const size_t column = kIndent + widest + kGap;
  std::string page = text("\n", title, ":\n");
  for (const auto& [name, meaning] : entries) {
    const std::string indent(column, ' ');
    std::string lines = wrapped(meaning, indent, indent, width);
    const std::string first = text(std::string(kIndent, ' '), name);
    if (first.size() + kGap <= column) {
      lines.replace(0, first.size(), first);
    } else {
      lines = text(first, "\n", lines);
    }
    page += lines;
  }
  return page;
}

bool takes_many(const CLI::Option& option) {
  return option.get_expected_max() >= CLI::detail::expected_max_vector_size;
}

// CONFIG, KEY=VALUE...
std::string word_name(const CLI::Option& option) {
  return text(typed_name(option), takes_many(option) ? "..." : "");
}

std::string option_name(const CLI::Option& option) {
  std::string name = option.get_name(/*positional=*/false, /*all_options=*/true);
  name = CLI::detail::find_and_replace(name, ",", ", ");
  if (option.get_type_size() == 0) return name;  // a flag
  return text(name, " ", value_type(option), takes_many(option) ? "..." : "");
}

// The description, and in parentheses what else is to be known.
std::string meaning_of(const CLI::Option& option) {
  std::vector<std::string> notes;
  if (option.get_required()) notes.push_back("required");
  if (option.get_type_size() != 0) {
    const std::string rule = value_rule(option);
    if (!rule.empty()) notes.push_back(rule);
    if (!option.get_default_str().empty()) notes.push_back("default: " + option.get_default_str());
  }
  for (const CLI::Option* other : option.get_needs()) notes.push_back("with " + typed_name(*other));
  for (const CLI::Option* other : option.get_excludes()) {
    notes.push_back("not with " + typed_name(*other));
  }
  if (notes.empty()) return option.get_description();
  return text(option.get_description(), " (", CLI::detail::join(notes, "; "), ")");
}

std::string usage(const CLI::App& app, const std::string& name) {
  std::string line = text("Usage: ", name);
  if (app.get_parent() == nullptr) return line + " COMMAND ...\n";
  line += " [OPTIONS]";
  for (const CLI::Option* word :
       app.get_options([](const CLI::Option* option) { return option->get_positional(); })) {
    const std::string shown = word_name(*word);
    line += text(" ", word->get_required() ? shown : text("[", shown, "]"));
  }
  return text(line, app.get_prefix_command() ? " COMMAND..." : "", "\n");
}

Entries words_of(const CLI::App& app) {
  Entries entries;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) entries.emplace_back(word_name(*option), meaning_of(*option));
  }
  return entries;
}

Entries options_of(const CLI::App& app) {
  Entries entries;
  for (const CLI::Option* option : app.get_options()) {
    if (option->nonpositional() && !option->get_group().empty()) {
      entries.emplace_back(option_name(*option), meaning_of(*option));
    }
  }
  // What a command is for comes before --help, which every command has.
  if (!entries.empty()) std::ranges::rotate(entries, entries.begin() + 1);
  return entries;
}

std::string commands_of(const CLI::App& app, size_t width) {
  std::vector<std::pair<std::string, Entries>> groups;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (groups.empty() || groups.back().first != command->get_group()) {
      groups.push_back({command->get_group(), {}});
    }
    groups.back().second.emplace_back(command->get_name(), command->get_description());
  }
  std::string page;
  for (const auto& [title, entries] : groups) page += section(title, entries, width);
  return page;
}

std::string examples_of(const CLI::App& app) {
  std::istringstream lines(app.get_footer());
  std::string page, line;
  while (std::getline(lines, line)) page += text(std::string(kIndent, ' '), line, "\n");
  return page.empty() ? "" : text("\nExamples:\n", page);
}

}  // namespace

size_t help_width() {
  int columns = terminal_columns(STDOUT_FILENO);
  const char* variable = std::getenv("COLUMNS");
  if (columns == 0 && variable != nullptr) columns = std::atoi(variable);
  if (columns <= 0) columns = 80;
  return static_cast<size_t>(std::clamp(columns, 40, 100));
}

std::string typed_name(const CLI::Option& option) {
  if (!option.get_positional()) return option.get_name();
  std::string name = option.get_option_text();
  if (name.empty()) name = option.get_name(/*positional=*/true, /*all_options=*/false);
  std::ranges::transform(name, name.begin(), [](char each) {
    return each >= 'a' && each <= 'z' ? static_cast<char>(each - 'a' + 'A') : each;
  });
  return name;
}

// CLI11's type is like "INT:INT in [1 - 100]".
std::string value_type(const CLI::Option& option) {
  const std::string full = option.get_type_name();
  const std::string type = full.substr(0, full.find(':'));
  return type == "INT" || type == "UINT" || type == "FLOAT" ? "NUMBER" : type;
}

std::string value_rule(const CLI::Option& option) {
  const std::string full = option.get_type_name();
  const size_t colon = full.find(':');
  const std::string rule = colon == std::string::npos ? "" : full.substr(colon + 1);
  if (rule == "POSITIVE") return "above 0";
  if (rule == "NONNEGATIVE") return "0 or more";
  const std::string between = " in [";
  const size_t start = rule.find(between);
  if (start == std::string::npos) return rule;
  const size_t first = start + between.size();
  const std::string range = rule.substr(first, rule.size() - first - 1);
  const std::string unlimited = text(" - ", std::numeric_limits<int64_t>::max());
  if (range.ends_with(unlimited)) {
    return text(range.substr(0, range.size() - unlimited.size()), " or more");
  }
  return CLI::detail::find_and_replace(range, " - ", " to ");
}

std::string expected_number(const CLI::Option& option, const std::string& value) {
  const std::string full = option.get_type_name(), rule = value_rule(option);
  const std::string type = full.substr(0, full.find(':'));
  const bool has_unit = full.find("INT in [") != std::string::npos && value_type(option) == type;
  if (type == "FLOAT") return rule.empty() ? "a number" : rule;
  if (type != "INT" && type != "UINT" && !has_unit) return rule;
  int64_t number = 0;
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc::invalid_argument && rest == end && !rule.empty()) return rule;
  const std::string unit = has_unit ? text(" of ", CLI::detail::to_lower(type)) : "";
  return text("a whole number", unit, rule.empty() ? "" : ", ", rule);
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string name,
                                     CLI::AppFormatMode /*mode*/) const {
  return text(wrapped(app->get_description(), "", "", width_), "\n", usage(*app, name),
              section("Words", words_of(*app), width_), commands_of(*app, width_),
              section("Options", options_of(*app), width_), examples_of(*app));
}

}  // namespace dermatome
