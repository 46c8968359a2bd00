#include "sharding/make_table.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "sharding/csv_reader.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"

namespace dermatome {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool missing(std::string_view cell) {
  const std::string_view text = trim(cell);
  return text.empty() || text == "nan" || text == "NaN";
}

// "[1, 0, 1]" -> {1, 0, 1}
std::vector<uint8_t> parse_mask(std::string_view cell, const std::string& where) {
  const auto fail = [&](const std::string& what) {
    throw DataError(where + ": " + what + " in '" + std::string(cell) + "'");
  };
  std::string_view text = trim(cell);
  if (!text.starts_with('[') || !text.ends_with(']')) fail("no list in brackets");
  text = trim(text.substr(1, text.size() - 2));
  std::vector<uint8_t> mask;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view entry = trim(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    const bool one = entry == "1" || entry == "1.0" || entry == "True";
    if (!one && entry != "0" && entry != "0.0" && entry != "False") {
      fail("entry " + std::string(entry) + " is neither 0 nor 1");
    }
    mask.push_back(one ? 1 : 0);
  }
  return mask;
}

// How often something odd was seen, and where first.
class Count {
 public:
  void add(int64_t line) {
    if (number_++ == 0) first_line_ = line;
  }
  void report(const std::string& what, std::vector<std::string>& warnings) const {
    if (number_ == 0) return;
    warnings.push_back(std::to_string(number_) + " row(s), first at line " +
                       std::to_string(first_line_) + ": " + what);
  }

 private:
  int64_t number_ = 0;
  int64_t first_line_ = 0;
};

struct Columns {
  size_t filename = 0;
  std::vector<size_t> captions;  // N
  size_t knowledge_masks = 0;
  size_t sub_caption_mask = 0;
};

Columns find_columns(const CsvReader& csv, int64_t num_subcaptions) {
  Columns columns;
  columns.filename = csv.column("filename");
  columns.captions = {csv.column(csv.has_column("truncated_caption") || !csv.has_column("caption")
                                     ? "truncated_caption"
                                     : "caption"),
                      csv.column("ontology_caption"), csv.column("visual_concept_caption")};
  for (int64_t k = 1; k <= num_subcaptions; ++k) {
    columns.captions.push_back(csv.column("subcaption_" + std::to_string(k)));
  }
  columns.knowledge_masks = csv.column("knowledge_masks");
  if (num_subcaptions > 0) columns.sub_caption_mask = csv.column("sub_caption_mask");
  return columns;
}

// True when the two masks fit the captions only if they are exchanged.
bool looks_exchanged(bool ontology, bool visual, const std::vector<uint8_t>& mask) {
  return ontology != visual && mask[kOntologyCaption] == visual &&
         mask[kVisualConceptCaption] == ontology;
}

class TableBuilder {
 public:
  TableBuilder(const CsvReader& csv, const MakeTableOptions& options, std::string name)
      : options_(options),
        name_(std::move(name)),
        columns_(find_columns(csv, options.num_subcaptions)),
        label_(options.label_column.empty() ? 0 : csv.column(options.label_column)) {}

  void add(const CsvRow& row) {
    const std::string where = name_ + " line " + std::to_string(row.line);
    CaptionedSample sample;
    sample.image_path = row.fields[columns_.filename];
    if (trim(sample.image_path).empty()) throw DataError(where + ": filename is empty");
    for (const size_t column : columns_.captions) {
      const std::string& cell = row.fields[column];
      sample.captions.push_back(missing(cell) ? "" : cell);
    }
    const std::string& knowledge = row.fields[columns_.knowledge_masks];
    sample.mask = parse_mask(knowledge, where + ", column knowledge_masks");
    if (std::ssize(sample.mask) != kFirstSubcaption) {
      throw DataError(where + ", column knowledge_masks: " + std::to_string(sample.mask.size()) +
                      " instead of 3 entries in '" + knowledge +
                      "'; write caption, ontology, visual concept");
    }
    if (options_.num_subcaptions > 0) {
      const std::string& cell = row.fields[columns_.sub_caption_mask];
      const auto mask = parse_mask(cell, where + ", column sub_caption_mask");
      if (std::ssize(mask) < options_.num_subcaptions) {
        throw DataError(where + ", column sub_caption_mask: " + std::to_string(mask.size()) +
                        " instead of " + std::to_string(options_.num_subcaptions) +
                        " entries in '" + cell +
                        "'; write one a subcaption, or lower --num-subcaptions");
      }
      sample.mask.insert(sample.mask.end(), mask.begin(), mask.begin() + options_.num_subcaptions);
    }
    settle_mask(sample, row.line);
    if (!options_.label_column.empty()) {
      const std::string_view label = trim(row.fields[label_]);
      labels_.emplace_back(label);
      if (!label.empty()) label_ids_.emplace(label, 0);
    }
    samples_.push_back(std::move(sample));
  }

  SampleTable finish() {
    SampleTable table;
    table.aspects = {"caption", "ontology", "visual_concept"};
    for (int64_t k = 1; k <= options_.num_subcaptions; ++k) {
      table.aspects.push_back("subcaption_" + std::to_string(k));
    }
    for (auto& [label, id] : label_ids_) {
      id = static_cast<int64_t>(table.label_names.size());
      table.label_names.push_back(label);
    }
    for (size_t i = 0; i < labels_.size(); ++i) {
      if (!labels_[i].empty()) samples_[i].label = label_ids_.at(labels_[i]);
    }
    table.samples = std::move(samples_);
    exchanged_.report(
        "knowledge_masks fit the captions only in the order caption, visual concept, ontology; "
        "MAKE's order is caption, ontology, visual concept",
        table.warnings);
    overruled_.report("a mask calls a missing caption valid; it is taken as missing",
                      table.warnings);
    return table;
  }

 private:
  void settle_mask(CaptionedSample& sample, int64_t line) {
    if (looks_exchanged(!sample.captions[kOntologyCaption].empty(),
                        !sample.captions[kVisualConceptCaption].empty(), sample.mask)) {
      exchanged_.add(line);
    }
    bool overruled = false;
    for (size_t k = 0; k < sample.mask.size(); ++k) {
      if (sample.mask[k] == 0 || !sample.captions[k].empty()) continue;
      sample.mask[k] = 0;
      overruled = true;
    }
    if (overruled) overruled_.add(line);
  }

  MakeTableOptions options_;
  std::string name_;
  Columns columns_;
  size_t label_;
  std::vector<CaptionedSample> samples_;
  std::vector<std::string> labels_;
  std::map<std::string, int64_t, std::less<>> label_ids_;
  Count exchanged_;
  Count overruled_;
};

}  // namespace

SampleTable read_make_table(const std::filesystem::path& path, const MakeTableOptions& options) {
  require(options.num_subcaptions >= 0, "num_subcaptions is negative");
  const std::string content = read_file(path);
  CsvReader csv(content, path.string());
  TableBuilder builder(csv, options, path.string());
  for (CsvRow row; csv.next(row);) builder.add(row);
  SampleTable table = builder.finish();
  if (table.samples.empty()) throw DataError(path.string() + " has a header but no rows");
  table.content_hash = sha256_hex(content);
  return table;
}

}  // namespace dermatome
