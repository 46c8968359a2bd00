#include "launcher/commands/table_options.h"

#include <map>
#include <string>

#include "launcher/commands/choice.h"
#include "src/core/error.h"
#include "src/core/quoted.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// The character that the value of --separator means.
char separator_of(const std::string& given) {
  static const std::map<std::string, char> kNames = {
      {"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"\\t", '\t'}};
  if (const auto name = kNames.find(given); name != kNames.end()) return name->second;
  if (given.size() == 1 && given != "\"" && given != "\n") return given.front();
  throw ConfigError(text("--separator ", quoted(given),
                         " is not one character; write comma, semicolon, tab, or the character"));
}

void add_columns(CLI::App& command, TableOptions& table) {
  command.add_option("--image-column", table.image_column,
                     "Column of image files (filename, filepath or file_name)");
  command.add_option("--caption-column", table.caption_column,
                     "Column of captions (truncated_caption, caption, title or text); with files "
                     "beside the images, a key of their .json");
  command.add_option("--label-column", table.label_column,
                     "Column with a class name for every row");
  command.add_option_function<std::string>(
      "--separator", [&table](const std::string& given) { table.separator = separator_of(given); },
      "What separates columns: comma, semicolon, tab, or any character; default: what the first "
      "line has");
}

}  // namespace

void add_table_options(CLI::App& command, SampleSource& source) {
  TableOptions& table = source.table;
  CLI::Option* csv = command.add_option(
      "--csv", source.csv,
      "Table of images and captions: CSV or .jsonl (its columns: sharding/README.md)");
  command
      .add_option("--folder", source.folder,
                  "Instead of a table: folder of images, with metadata.csv or metadata.jsonl, with "
                  ".txt and .json files beside the images, or FOLDER/CLASS/... without captions")
      ->excludes(csv);
  add_choice(command, "--table", table.kind, kTableKinds,
             "Kind of the table; default: recognized by its columns");
  add_columns(command, table);
  // A callback, because CLI11 takes the text {} for an empty list, which some versions mark by %%.
  command
      .add_option(
          "--template",
          [&table](const CLI::results_t& given) {
            table.templates = given;
            std::erase(table.templates, "%%");
            return true;
          },
          "Captions for images that have none: {} stands for the label, {NAME} for column NAME, as "
          "in \"a photo of a {}\"; several take turns")
      ->type_name("TEXT")
      ->expected(1, -1)
      ->allow_extra_args();
  command.add_option(
      "--exclude", source.exclude,
      "CSV file whose column filename names images to leave out, such as the file that "
      "`dermatome duplicates --output` writes");
  command
      .add_option("--num-subcaptions", table.num_subcaptions,
                  "Subcaptions per image, in a table the columns subcaption_1, subcaption_2, ...")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
}

}  // namespace dermatome
