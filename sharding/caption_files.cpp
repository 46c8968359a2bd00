#include "sharding/caption_files.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "sharding/caption_template.h"
#include "sharding/json_cell.h"
#include "sharding/memory_table.h"
#include "sharding/parallel.h"
#include "sharding/stored_file.h"
#include "src/core/error.h"
#include "src/core/hash.h"
#include "src/core/text.h"
#include "src/text/table_cell.h"
#include "src/text/unicode.h"

namespace dermatome {
namespace {

std::string read_caption(const std::filesystem::path& path) {
  const std::string content = read_stored_file(path);
  if (well_formed_length(content) != content.size()) {
    throw DataError(text(path, " is not UTF-8; save it as UTF-8"));
  }
  const std::string_view caption(content);
  return std::string(trim(caption.substr(caption.starts_with("\xEF\xBB\xBF") ? 3 : 0)));
}

nlohmann::json read_object(const std::filesystem::path& path) {
  auto object = nlohmann::json::parse(read_stored_file(path), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    throw DataError(text(path, " is no JSON object; repair it, or remove it"));
  }
  return object;
}

bool is_digits(const std::string& name) {
  return name.find_first_not_of("0123456789") == std::string::npos;
}

class CaptionFiles {
 public:
  CaptionFiles(const std::filesystem::path& folder, const FolderFiles& files,
               const TableOptions& options)
      : folder_(folder), files_(files), options_(options) {
    for (const std::string& name : files.others) {
      if (name.ends_with(".txt") || name.ends_with(".json")) beside_.insert(name);
    }
    columns_ = {"filename", label_column(), caption_column()};
    for (const std::string& given : options.templates) {
      for (const std::string& name : CaptionTemplate(given).names()) {
        add_column(name);
        names_label_ = names_label_ || name == kDefaultLabel;
      }
    }
  }

  std::string label_column() const {
    return options_.label_column.empty() ? kDefaultLabel : options_.label_column;
  }
  std::string caption_column() const {
    return options_.caption_column.empty() ? "caption" : options_.caption_column;
  }
  const std::vector<std::string>& columns() const { return columns_; }

  bool any() const {
    return std::ranges::any_of(files_.images, [this](const std::string& image) {
      return beside_.contains(beside(image, ".txt")) || beside_.contains(beside(image, ".json"));
    });
  }

  // The files that belong to no image.
  std::vector<std::string> others() const {
    std::unordered_set<std::string> own;
    for (const std::string& image : files_.images) {
      own.insert(beside(image, ".txt"));
      own.insert(beside(image, ".json"));
    }
    std::vector<std::string> others;
    for (const std::string& name : files_.others) {
      if (!own.contains(name)) others.push_back(name);
    }
    return others;
  }

  // The cells of an image's row, one per column.
  std::vector<std::string> read(const std::string& image) const {
    std::vector<std::string> cells(columns_.size());
    cells[kImage] = image;
    if (const std::string name = class_of(image); !is_digits(name)) cells[kLabel] = name;
    if (const std::string name = beside(image, ".txt");
        options_.caption_column.empty() && beside_.contains(name)) {
      cells[kCaption] = read_caption(folder_ / name);
    }
    const bool needs_object =
        cells[kCaption].empty() || columns_.size() > kFirstOther || reads_label();
    const std::string name = beside(image, ".json");
    if (needs_object && beside_.contains(name)) take(read_object(folder_ / name), cells);
    return cells;
  }

  // Throws DataError for a key that the options name and that no file has.
  void check_keys(const std::vector<std::vector<std::string>>& rows) const {
    for (size_t column = 0; column < columns_.size(); ++column) {
      const bool is_named = column >= kFirstOther ||
                            (column == kCaption && !options_.caption_column.empty()) ||
                            (column == kLabel && reads_label());
      if (!is_named || std::ranges::any_of(
                           rows, [column](const auto& cells) { return !cells[column].empty(); })) {
        continue;
      }
      throw DataError(text("no .json file beside the images of ", folder_,
                           " has a text or number '", columns_[column], "'", first_keys(),
                           "; correct the name"));
    }
  }

  // Throws DataError if captions can only come from templates that need a label, and none is there.
  void check_labels(const std::vector<std::vector<std::string>>& rows) const {
    if (options_.templates.empty() || !need_label(options_.templates)) return;
    const bool all = options_.kind == TableKind::kLabels;
    if (std::ranges::any_of(rows, [all](const auto& cells) {
          return !cells[kLabel].empty() || (!all && !cells[kCaption].empty());
        })) {
      return;
    }
    throw DataError(text("--template '", options_.templates.front(), "': no image of ", folder_,
                         " has a label, because it lies in no folder of a class (numbers are no "
                         "classes); name a key of the .json files by --label-column",
                         first_keys()));
  }

 private:
  static constexpr const char* kDefaultLabel = "label";
  static constexpr size_t kImage = 0, kLabel = 1, kCaption = 2, kFirstOther = 3;

  // Whether the label is a key of the .json files.
  bool reads_label() const { return names_label_ || !options_.label_column.empty(); }

  static std::string beside(const std::string& image, const char* ending) {
    return image.substr(0, image.rfind('.')) + ending;
  }

  void add_column(const std::string& name) {
    if (!name.empty() && std::ranges::find(columns_, name) == columns_.end()) {
      columns_.push_back(name);
    }
  }

  void take(const nlohmann::json& object, std::vector<std::string>& cells) const {
    for (size_t column = kLabel; column < columns_.size(); ++column) {
      if (column == kLabel && !reads_label()) continue;
      if (column == kCaption && !cells[column].empty()) continue;
      const auto value = object.find(columns_[column]);
      const std::string cell = value == object.end() ? "" : json_cell(*value);
      // Where {label} finds no key, the folder is the class.
      if (column == kLabel && cell.empty() && options_.label_column.empty()) continue;
      cells[column] = cell;
    }
  }

  // What the first .json file has, for a message.
  std::string first_keys() const {
    for (const std::string& image : files_.images) {
      const std::string name = beside(image, ".json");
      if (!beside_.contains(name)) continue;
      const nlohmann::json object = read_object(folder_ / name);
      std::string keys;
      for (const auto& [key, value] : object.items()) {
        keys += (keys.empty() ? "" : ", ") + key;
      }
      return text("; ", folder_ / name, " has: ", keys);
    }
    return "; there is no such file";
  }

  const std::filesystem::path& folder_;
  const FolderFiles& files_;
  const TableOptions& options_;
  std::unordered_set<std::string> beside_;  // all .txt and .json files
  std::vector<std::string> columns_;
  bool names_label_ = false;  // whether a template names {label}
};

}  // namespace

std::optional<SampleTable> read_caption_files(const std::filesystem::path& folder,
                                              const FolderFiles& files, const TableOptions& options,
                                              int num_threads) {
  const CaptionFiles captions(folder, files, options);
  if (!captions.any()) return std::nullopt;
  std::vector<std::vector<std::string>> rows(files.images.size());
  parallel_for(std::ssize(rows), num_threads,
               [&](int64_t i) { rows[i] = captions.read(files.images[i]); });
  captions.check_keys(rows);
  captions.check_labels(rows);

  MemoryTable table(folder.string(), captions.columns());
  Sha256 hash;
  for (std::vector<std::string>& cells : rows) {
    for (const std::string& cell : cells) hash.update(text(cell.size(), ":", cell));
    std::string where = (folder / cells.front()).string();
    table.add_row(std::move(where), std::move(cells));
  }
  TableOptions own = options;
  if (!own.kind) own.kind = TableKind::kCaptions;
  own.image_column = captions.columns().front();
  own.label_column = captions.label_column();
  if (own.kind == TableKind::kCaptions) own.caption_column = captions.caption_column();
  SampleTable samples = read_samples(table, own);
  samples.content_hash = table_hash(hash.finish(), options);
  warn_of_others(captions.others(), samples.warnings);
  return samples;
}

}  // namespace dermatome
