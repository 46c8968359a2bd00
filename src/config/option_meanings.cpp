#include "src/config/option_meanings.h"

#include <algorithm>
#include <utility>

#include "src/core/text.h"

#define DERMATOME_EMBED(section)                                                                 \
  __asm__(                                                                                       \
      ".pushsection .rodata\n"                                                                   \
      "dermatome_" #section                                                                      \
      "_options_begin:\n"                                                                        \
      ".incbin \"" DERMATOME_CONFIG "/" #section                                                 \
      "_options.h\"\n"                                                                           \
      "dermatome_" #section                                                                      \
      "_options_end:\n"                                                                          \
      ".byte 0\n"                                                                                \
      ".popsection\n");                                                                          \
  extern "C" {                                                                                   \
  extern const char dermatome_##section##_options_begin[] __attribute__((visibility("hidden"))); \
  extern const char dermatome_##section##_options_end[] __attribute__((visibility("hidden")));   \
  }                                                                                              \
  static std::string_view section##_header() {                                                   \
    return {dermatome_##section##_options_begin,                                                 \
            static_cast<size_t>(dermatome_##section##_options_end -                              \
                                dermatome_##section##_options_begin)};                           \
  }

DERMATOME_EMBED(augmentation)
DERMATOME_EMBED(checkpoint)
DERMATOME_EMBED(data)
DERMATOME_EMBED(model)
DERMATOME_EMBED(objective)
DERMATOME_EMBED(optimizer)
DERMATOME_EMBED(runtime)
DERMATOME_EMBED(schedule)
DERMATOME_EMBED(train)
DERMATOME_EMBED(validation)

#undef DERMATOME_EMBED

namespace dermatome {
namespace {

using Meanings = std::map<std::string, std::string, std::less<>>;

std::string_view trimmed(std::string_view line) {
  const size_t begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(' ') - begin + 1);
}

void append(std::string& comment, std::string_view words) {
  if (!comment.empty() && !words.empty()) comment += ' ';
  comment += words;
}

// "lr" for "double lr = 5e-4"; empty for a line that declares no field.
std::string field_name(std::string_view code) {
  const bool is_function = code.find('(') != std::string_view::npos;
  if (is_function || code.find(';') == std::string_view::npos) return {};
  code = trimmed(code.substr(0, code.find_first_of("=;")));
  const size_t space = code.rfind(' ');
  return space == std::string_view::npos ? std::string() : std::string(code.substr(space + 1));
}

}  // namespace

Meanings field_comments(std::string_view header) {
  Meanings comments;
  std::string pending;
  bool in_struct = false;
  while (!header.empty()) {
    const size_t end = std::min(header.find('\n'), header.size());
    const std::string_view line = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    if (line.starts_with("struct ")) in_struct = true;
    if (line.starts_with("};")) in_struct = false;
    const size_t slashes = std::min(line.find("//"), line.size());
    const std::string_view code = trimmed(line.substr(0, slashes));
    if (slashes < line.size()) append(pending, trimmed(line.substr(slashes + 2)));
    if (code.empty() && slashes < line.size()) continue;
    const std::string name = in_struct ? field_name(code) : std::string();
    if (!name.empty() && !pending.empty()) comments[name] = pending;
    pending.clear();
  }
  return comments;
}

const Meanings& option_meanings() {
  static const Meanings kMeanings = [] {
    Meanings meanings;
    const std::pair<std::string_view, std::string_view> headers[] = {
        {"", train_header()},
        {"augmentation.", augmentation_header()},
        {"checkpoint.", checkpoint_header()},
        {"data.", data_header()},
        {"model.", model_header()},
        {"objective.", objective_header()},
        {"optimizer.", optimizer_header()},
        {"runtime.", runtime_header()},
        {"schedule.", schedule_header()},
        {"validation.", validation_header()}};
    for (const auto& [section, header] : headers) {
      for (const auto& [name, comment] : field_comments(header)) {
        meanings[text(section, name)] = comment;
      }
    }
    return meanings;
  }();
  return kMeanings;
}

}  // namespace dermatome
