#include "src/config/command_flags.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "src/config/foreign_keys.h"
#include "src/config/shell_words.h"
#include "src/core/error.h"
#include "src/core/joined.h"

namespace dermatome {
namespace {

using Flags = std::map<std::string, CommandFlags::Flag, std::less<>>;
using Words = std::vector<std::string>;

// "--lr", "-j", but not "-0.1".
bool is_flag(const std::string& word) {
  const bool negative =
      word.size() > 1 && (std::isdigit(static_cast<unsigned char>(word[1])) != 0 || word[1] == '.');
  return word.size() > 1 && word[0] == '-' && word != "--" && !negative;
}

Flags flags_of(Words::const_iterator begin, Words::const_iterator end) {
  Flags flags;
  CommandFlags::Flag* last = nullptr;
  for (auto word = begin; word != end; ++word) {
    if (is_flag(*word)) {
      const size_t equals = word->find('=');
      const std::string written = word->substr(0, equals);
      last = &(flags[normalized_name(written)] = {written, {}});
      if (equals != std::string::npos) last->values.push_back(word->substr(equals + 1));
    } else if (last != nullptr) {
      last->values.push_back(*word);
    }
  }
  return flags;
}

// "'a', 'b'".
std::string listed(const Words& values) {
  return joined(values, [](const std::string& value) { return text("'", value, "'"); });
}

// Behind the program: torchrun's own flags stand in front of it.
Words::const_iterator end_of_program(const Words& words) {
  const auto script = std::ranges::find_if(words, [](const auto& w) { return w.ends_with(".py"); });
  if (script != words.end()) return script + 1;
  // python -m torch.distributed.run … -m open_clip_train.main: the last one is the program.
  const auto module = std::find(words.rbegin(), words.rend(), "-m").base();
  return module == words.begin() || module == words.end() ? words.begin() : module + 1;
}

// "|", "&&", ";", ">log.txt", "2>&1".
bool is_of_shell(const std::string& word) {
  const size_t first = word.find_first_not_of("0123456789");
  if (first == std::string::npos) return false;
  const std::string_view marks = first == 0 ? "|&;<>" : "<>";
  return marks.find(word[first]) != std::string_view::npos;
}

// The product of torchrun's flags; 0: one that is no number, or none.
int64_t processes_of(const Flags& launcher) {
  int64_t processes = launcher.contains("nproc_per_node") ? 1 : 0;
  for (const char* name : {"nproc_per_node", "nnodes"}) {
    const auto found = launcher.find(name);
    if (found == launcher.end()) continue;
    const std::string value = found->second.values.empty() ? "" : found->second.values.front();
    int64_t count = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
    processes *= error == std::errc() && end == value.data() + value.size() && count < 100'000
                     ? std::max<int64_t>(count, 0)
                     : 0;
  }
  return processes;
}

}  // namespace

std::string CommandFlags::Flag::text() const {
  std::string words = written;
  for (const std::string& value : values) words += " " + value;
  return words;
}

std::string CommandFlags::Flag::value() const {
  if (values.size() > 1) {
    throw ConfigError(dermatome::text(written, " takes one value, but has ", listed(values)));
  }
  return values.empty() ? std::string() : values.front();
}

CommandFlags::CommandFlags(std::string_view command) {
  const Words words = shell_words(command);
  const auto program_end = end_of_program(words);
  flags_ = flags_of(program_end, std::find_if(program_end, words.end(), is_of_shell));
  processes_ = processes_of(flags_of(words.begin(), program_end));
  if (flags_.empty()) {
    throw ConfigError("the command line holds no flag such as --batch-size 64");
  }
}

std::optional<CommandFlags::Flag> CommandFlags::take(std::string_view name) {
  const auto found = flags_.find(name);
  if (found == flags_.end()) return std::nullopt;
  Flag flag = std::move(found->second);
  flags_.erase(found);
  return flag;
}

std::optional<std::string> CommandFlags::take_value(std::string_view name) {
  const auto flag = take(name);
  if (!flag) return std::nullopt;
  return flag->value();
}

bool CommandFlags::take_switch(std::string_view name) {
  const auto flag = take(name);
  if (flag && !flag->values.empty()) {
    throw ConfigError(text(flag->written, " takes no value, but has ", listed(flag->values)));
  }
  return flag.has_value();
}

}  // namespace dermatome
