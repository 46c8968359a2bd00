#include "sharding/derm1m_table.h"

#include <optional>
#include <string_view>

#include "src/core/caption_rows.h"
#include "src/text/table_cell.h"
#include "src/text/unicode.h"

namespace dermatome {
namespace {

// Whether a cell says in words that there is nothing, as in tools/captions.py (its `stated`): in
// upper or lower case, with or without a final full stop.
bool says_nothing(std::string_view cell) {
  const std::string text = encode_utf8(lower(collapse_spaces(decode_utf8(cell))));
  return text == "no definitive diagnosis" || text == "no visual concepts";
}

// `before` + the cell + "."; empty when the cell is missing or says nothing.
std::string sentence(const char* before, std::string_view cell) {
  std::string_view text = trim(cell);
  if (is_missing(text)) return "";
  text = text.substr(0, text.find_last_not_of('.') + 1);
  if (text.empty() || says_nothing(text)) return "";
  return before + std::string(text) + ".";
}

class Derm1mRowReader : public RowReader {
 public:
  Derm1mRowReader(const TableReader& table, int64_t num_subcaptions,
                  const std::string& caption_column)
      : num_captions_(kFirstSubcaption + num_subcaptions),
        caption_(caption_column.empty() ? column_of(table, "caption", "truncated_caption")
                                        : table.column(caption_column)),
        truncated_(caption_column.empty() ? table.find_column("truncated_caption") : std::nullopt),
        ontology_(column_of(table, "hierarchical_disease_label", "ontology_final")),
        concepts_(column_of(table, "skin_concept", "skin_concept_standarized")) {}

  void read(const CsvRow& row, const std::string& /*where*/, CaptionedSample& sample) override {
    const std::string& whole = row.fields[caption_];
    const std::string& raw =
        truncated_ && !is_missing(row.fields[*truncated_]) ? row.fields[*truncated_] : whole;
    sample.captions = {is_missing(raw) ? "" : raw,
                       sentence("This is a skin photo diagnosed as ", row.fields[ontology_]),
                       sentence("This skin photo shows ", row.fields[concepts_])};
    if (!is_missing(whole)) add_pieces(whole, sample.captions);
    sample.captions.resize(num_captions_);
    for (const std::string& caption : sample.captions) sample.mask.push_back(!caption.empty());
  }

 private:
  void add_pieces(std::string_view text, std::vector<std::string>& captions) const {
    while (!text.empty() && captions.size() < num_captions_) {
      const size_t stop = text.find('.');
      const std::string_view piece = trim(text.substr(0, stop));
      if (!piece.empty()) captions.emplace_back(piece);
      text = stop == std::string_view::npos ? std::string_view{} : text.substr(stop + 1);
    }
  }

  size_t num_captions_;  // N
  size_t caption_;
  std::optional<size_t> truncated_;
  size_t ontology_;
  size_t concepts_;
};

}  // namespace

std::unique_ptr<RowReader> make_derm1m_row_reader(const TableReader& table, int64_t num_subcaptions,
                                                  const std::string& caption_column) {
  return std::make_unique<Derm1mRowReader>(table, num_subcaptions, caption_column);
}

}  // namespace dermatome
