#include "sharding/make_table.h"

#include <string>
#include <vector>

#include "src/core/caption_rows.h"
#include "src/core/error.h"
#include "src/core/text.h"
#include "src/text/table_cell.h"

namespace dermatome {
namespace {

// True when the two masks fit the captions only if they are exchanged.
bool looks_exchanged(bool ontology, bool visual, const std::vector<uint8_t>& mask) {
  return ontology != visual && mask[kOntologyCaption] == visual &&
         mask[kVisualConceptCaption] == ontology;
}

// The places of subcaption_1 to subcaption_K.
std::vector<size_t> subcaption_columns(const TableReader& table, int64_t number) {
  std::vector<size_t> columns;
  for (int64_t k = 1; k <= number; ++k) {
    const std::string name = text("subcaption_", k);
    const auto column = table.find_column(name);
    if (!column) {
      throw DataError(text(table.name(), " has no column '", name, "', but --num-subcaptions is ",
                           number, "; the table has ", k - 1,
                           " subcaption(s): give --num-subcaptions ", k - 1,
                           ", or add the column. Its columns are: ", table.column_list()));
    }
    columns.push_back(*column);
  }
  return columns;
}

class MakeRowReader : public RowReader {
 public:
  MakeRowReader(const TableReader& table, int64_t num_subcaptions,
                const std::string& caption_column)
      : num_subcaptions_(num_subcaptions) {
    captions_ = {caption_column.empty() ? column_of(table, "truncated_caption", "caption")
                                        : table.column(caption_column),
                 table.column("ontology_caption"), table.column("visual_concept_caption")};
    const std::vector<size_t> subcaptions = subcaption_columns(table, num_subcaptions);
    captions_.insert(captions_.end(), subcaptions.begin(), subcaptions.end());
    knowledge_masks_ = table.column("knowledge_masks");
    if (num_subcaptions > 0) sub_caption_mask_ = table.column("sub_caption_mask");
  }

  void read(const CsvRow& row, const std::string& where, CaptionedSample& sample) override {
    for (const size_t column : captions_) {
      const std::string& cell = row.fields[column];
      sample.captions.push_back(is_missing(cell) ? "" : cell);
    }
    const std::string& knowledge = row.fields[knowledge_masks_];
    sample.mask = parse_mask(knowledge, where + ", column knowledge_masks");
    if (std::ssize(sample.mask) != kFirstSubcaption) {
      throw DataError(text(where, ", column knowledge_masks: ", sample.mask.size(),
                           " instead of 3 entries in '", knowledge,
                           "'; write caption, ontology, visual concept"));
    }
    if (num_subcaptions_ > 0) {
      const std::string& cell = row.fields[sub_caption_mask_];
      const auto mask = parse_mask(cell, where + ", column sub_caption_mask");
      if (std::ssize(mask) < num_subcaptions_) {
        throw DataError(text(where, ", column sub_caption_mask: ", mask.size(), " instead of ",
                             num_subcaptions_, " entries in '", cell,
                             "'; write one per subcaption, or lower --num-subcaptions"));
      }
      sample.mask.insert(sample.mask.end(), mask.begin(), mask.begin() + num_subcaptions_);
    }
    settle_mask(sample, row.line);
  }

  std::vector<std::string> warnings() const override {
    std::vector<std::string> warnings;
    exchanged_.report(
        "knowledge_masks fit the captions only in the order caption, visual concept, ontology; "
        "MAKE's order is caption, ontology, visual concept",
        warnings);
    overruled_.report("a mask calls a missing caption valid; it is taken as missing", warnings);
    return warnings;
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

  int64_t num_subcaptions_;
  std::vector<size_t> captions_;  // N
  size_t knowledge_masks_ = 0;
  size_t sub_caption_mask_ = 0;
  RowCount exchanged_;
  RowCount overruled_;
};

}  // namespace

std::unique_ptr<RowReader> make_make_row_reader(const TableReader& table, int64_t num_subcaptions,
                                                const std::string& caption_column) {
  return std::make_unique<MakeRowReader>(table, num_subcaptions, caption_column);
}

}  // namespace dermatome
