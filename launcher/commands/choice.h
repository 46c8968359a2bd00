// Options whose value is one of a few words.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace dermatome {

// Adds the option `name` to `command`. `choose` gets the index of the word that was given; a word
// that is not among `words` is a usage error that lists them. `current`: the word that holds if the
// option is not given; empty: there is none.
CLI::Option* add_word_option(CLI::App& command, const std::string& name,
                             const std::vector<std::string>& words, const std::string& current,
                             const std::function<void(size_t)>& choose, const std::string& help);

// Words and the values that they stand for.
template <typename Value>
using Choices = std::vector<std::pair<std::string, Value>>;

// The same for a variable, which holds its default and outlives the command line. `choices`:
// Choices, or another container of such pairs.
template <typename Variable, typename Pairs>
CLI::Option* add_choice(CLI::App& command, const std::string& name, Variable& variable,
                        const Pairs& choices, const std::string& help) {
  std::vector<std::string> words;
  std::vector<Variable> values;
  std::string current;
  for (const auto& [word, value] : choices) {
    words.push_back(word);
    values.emplace_back(value);
    if (variable == value) current = word;
  }
  return add_word_option(
      command, name, words, current, [&variable, values](size_t i) { variable = values[i]; }, help);
}

}  // namespace dermatome
