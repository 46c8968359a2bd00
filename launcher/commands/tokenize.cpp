// `dermatome tokenize`: lines of text in, token ids out, as training sees them.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "launcher/commands/commands.h"
#include "src/core/error.h"
#include "src/core/text.h"
#include "src/text/read_tokenizer.h"

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

struct TokenizeArguments {
  std::string vocabulary;
  int64_t context_length = kContextLength;
  bool json = false;
};

void print_json(std::vector<int32_t> ids, int64_t context_length) {
  ids.resize(static_cast<size_t>(context_length), 0);
  std::cout << nlohmann::json{{"ids", ids}}.dump() << '\n';
}

void print_plain(const std::vector<int32_t>& ids) {
  for (size_t i = 0; i < ids.size(); ++i) std::cout << (i > 0 ? " " : "") << ids[i];
  std::cout << '\n';
}

void tokenize_lines(const TokenizeArguments& arguments) {
  const std::unique_ptr<const Tokenizer> tokenizer = read_tokenizer(arguments.vocabulary);
  std::string line;
  for (int64_t line_number = 1; std::getline(std::cin, line); ++line_number) {
    const std::string given = arguments.json ? text_of(line, line_number) : line;
    std::vector<int32_t> ids = tokenizer->encode(given, arguments.context_length);
    if (arguments.json) {
      print_json(std::move(ids), arguments.context_length);
    } else {
      print_plain(ids);
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
  const auto arguments = std::make_shared<TokenizeArguments>();
  command->add_option(
      "--vocabulary", arguments->vocabulary,
      "vocab.txt or tokenizer.json of a BERT tokenizer, or the directory that holds "
      "it (default: CLIP's vocabulary)");
  command->add_option("--context-length", arguments->context_length, "The most ids of a line")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_flag(
      "--json", arguments->json,
      R"(Lines are {"text": ...}; print {"ids": [...]}, padded with 0 to the most ids)");
  command->callback([arguments] { tokenize_lines(*arguments); });
}

}  // namespace dermatome
