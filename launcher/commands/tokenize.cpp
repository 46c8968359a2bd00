// `dermatome tokenize`: lines of text in, token ids out, as training sees them.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launcher/commands/commands.h"
#include "src/core/error.h"
#include "src/core/text.h"
#include "src/text/clip_tokenizer.h"

namespace dermatome {

namespace {

std::string text_of(const std::string& line, int64_t line_number) {
  try {
    return nlohmann::json::parse(line).at("text").get<std::string>();
  } catch (const nlohmann::json::exception& error) {
    throw DataError(text("standard input, line ", line_number, ": expected {\"text\": \"...\"} (",
                         error.what(), ")"));
  }
}

void print_json(std::vector<int32_t> ids) {
  ids.resize(static_cast<size_t>(kContextLength), 0);
  std::cout << nlohmann::json{{"ids", ids}}.dump() << '\n';
}

void print_plain(const std::vector<int32_t>& ids) {
  for (size_t i = 0; i < ids.size(); ++i) std::cout << (i > 0 ? " " : "") << ids[i];
  std::cout << '\n';
}

void tokenize_lines(bool json) {
  const ClipTokenizer tokenizer;
  std::string line;
  for (int64_t line_number = 1; std::getline(std::cin, line); ++line_number) {
    if (json) {
      print_json(tokenizer.encode(text_of(line, line_number)));
    } else {
      print_plain(tokenizer.encode(line));
    }
  }
  if (std::cin.bad()) throw DataError("standard input: reading failed");
}

}  // namespace

void add_tokenize(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("tokenize", "Print the token ids of every line of standard input (UTF-8)");
  command->footer(
      "echo 'a mole' | dermatome tokenize\n"
      "dermatome tokenize --json < lines.jsonl");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json,
                    R"(Lines are {"text": ...}; print {"ids": [...]}, padded with 0 to 77 ids)");
  command->callback([json] { tokenize_lines(*json); });
}

}  // namespace dermatome
