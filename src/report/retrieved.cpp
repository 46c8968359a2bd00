#include "src/report/retrieved.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace dermatome {
namespace {

using nlohmann::json;

// The distinct raw captions of all records.
struct RawCaptions {
  std::vector<std::string> texts;
  std::vector<int64_t> rows;       // [texts]: a row of the encoded texts
  std::vector<int64_t> of_record;  // [records]: place in `texts`, -1 without a raw caption
};

RawCaptions raw_captions(const std::vector<Example>& records, const EncodedExamples& encoded) {
  RawCaptions captions;
  std::map<std::string, int64_t> places;
  for (size_t i = 0; i < records.size(); ++i) {
    captions.of_record.push_back(-1);
    if (!records[i].has_raw_caption()) continue;
    const std::string& text = records[i].captions.front().text;
    const auto [entry, added] =
        places.try_emplace(text, static_cast<int64_t>(captions.texts.size()));
    if (added) {
      captions.texts.push_back(text);
      captions.rows.push_back(encoded.first_text[i]);
    }
    captions.of_record.back() = entry->second;
  }
  return captions;
}

// The best candidates, and the rank of the best own one; `cosines` [candidates].
template <typename IsOwn, typename Describe>
json search(const at::Tensor& cosines, const IsOwn& is_own, const Describe& describe) {
  const at::Tensor order = cosines.argsort(/*stable=*/true, /*dim=*/0, /*descending=*/true);
  json hits = json::array();
  std::vector<std::pair<size_t, double>> similar;  // places of foreign hits, and their cosines
  double own = -2;
  for (int64_t i = 0; i < order.size(0); ++i) {
    const auto candidate = order[i].item<int64_t>();
    const auto cosine = cosines[candidate].item<double>();
    if (is_own(candidate)) own = std::max(own, cosine);
    if (i >= kHitsShown) continue;
    json hit = describe(candidate);
    hit["cosine"] = std::round(cosine * 1e4) / 1e4;
    hit["own"] = is_own(candidate);
    hit["tied"] = false;
    if (!is_own(candidate)) similar.emplace_back(hits.size(), cosine);
    hits.push_back(hit);
  }
  for (const auto& [place, cosine] : similar) hits[place]["tied"] = cosine == own;
  int64_t rank = 0;  // pessimistic where cosines are equal
  int64_t tied = 0;
  for (int64_t i = 0; i < cosines.size(0); ++i) {
    const auto cosine = cosines[i].item<double>();
    if (is_own(i) || cosine < own) continue;
    ++rank;
    if (cosine == own) ++tied;
  }
  return {{"rank", rank + 1}, {"tied", tied}, {"hits", hits}};
}

}  // namespace

json retrieve(const std::vector<Example>& records, const EncodedExamples& encoded,
              const std::vector<size_t>& queries) {
  const RawCaptions captions = raw_captions(records, encoded);
  const at::Tensor texts = encoded.text.index_select(0, at::tensor(captions.rows, at::kLong));
  const at::Tensor cosines = encoded.image.matmul(texts.t());  // [records, texts]
  json by_caption = json::array();
  json by_image = json::array();
  for (const size_t i : queries) {
    const int64_t own = captions.of_record[i];
    if (own < 0) continue;
    json found = search(
        cosines.select(1, own), [&](int64_t other) { return captions.of_record[other] == own; },
        [&](int64_t other) {
          return json{{"row", records[other].row}};
        });
    found["row"] = records[i].row;
    found["text"] = captions.texts[own];
    by_caption.push_back(found);
    found = search(
        cosines[static_cast<int64_t>(i)], [&](int64_t text) { return text == own; },
        [&](int64_t text) {
          return json{{"text", captions.texts[text]}};
        });
    found["row"] = records[i].row;
    by_image.push_back(found);
  }
  return {{"images", records.size()},
          {"captions", captions.texts.size()},
          {"by_caption", by_caption},
          {"by_image", by_image}};
}

}  // namespace dermatome
