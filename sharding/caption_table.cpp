#include "sharding/caption_table.h"

#include <algorithm>
#include <string>
#include <utility>

#include "src/core/caption_rows.h"
#include "src/text/table_cell.h"

namespace dermatome {
namespace {

class CaptionRowReader : public RowReader {
 public:
  CaptionRowReader(std::optional<size_t> caption, std::vector<CaptionTemplate> templates,
                   int64_t num_subcaptions)
      : caption_(caption),
        templates_(std::move(templates)),
        num_captions_(kFirstSubcaption + num_subcaptions) {}

  void read(const CsvRow& row, const std::string& where, CaptionedSample& sample) override {
    sample.captions.resize(num_captions_);
    sample.mask.resize(num_captions_, 0);
    ++num_rows_;
    if (caption_ && !is_missing(row.fields[*caption_])) {
      set(sample, kRawCaption, row.fields[*caption_]);
      ++num_own_;
    } else if (!fill(row, sample) && num_without_++ == 0) {
      first_without_ = where;
    }
  }

  std::vector<std::string> warnings() const override {
    std::vector<std::string> warnings;
    if (num_without_ > 0 && num_without_ < num_rows_) {
      warnings.push_back(text(num_without_, " row(s) have no caption, the first: ", first_without_,
                              templates_.empty() ? "" : "; no template finds all its cells there"));
    }
    if (!templates_.empty() && num_own_ == num_rows_) {
      warnings.push_back(
          "no row needs --template, because all have captions; with --table labels all captions "
          "come from templates");
    }
    return warnings;
  }

 private:
  static void set(CaptionedSample& sample, size_t k, std::string caption) {
    sample.captions[k] = std::move(caption);
    sample.mask[k] = 1;
  }

  // Whether there is a template for the row.
  bool fill(const CsvRow& row, CaptionedSample& sample) const {
    std::vector<std::string> texts;
    for (const CaptionTemplate& one : templates_) {
      if (auto filled = one.fill(row)) texts.push_back(std::move(*filled));
    }
    if (texts.empty()) return false;
    const auto turn = (num_rows_ - 1) % std::ssize(texts);
    set(sample, kRawCaption, std::move(texts[turn]));
    texts.erase(texts.begin() + turn);
    const size_t room = num_captions_ - kFirstSubcaption;
    for (size_t i = 0; i < std::min(texts.size(), room); ++i) {
      set(sample, kFirstSubcaption + i, std::move(texts[i]));
    }
    return true;
  }

  std::optional<size_t> caption_;
  std::vector<CaptionTemplate> templates_;
  size_t num_captions_;  // N
  int64_t num_rows_ = 0;
  int64_t num_own_ = 0;      // rows with a caption of their own
  int64_t num_without_ = 0;  // rows that have none and get none
  std::string first_without_;
};

}  // namespace

std::unique_ptr<RowReader> make_caption_row_reader(std::optional<size_t> caption,
                                                   std::vector<CaptionTemplate> templates,
                                                   int64_t num_subcaptions) {
  return std::make_unique<CaptionRowReader>(caption, std::move(templates), num_subcaptions);
}

}  // namespace dermatome
