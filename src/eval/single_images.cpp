#include "src/eval/single_images.h"

#include <ATen/ATen.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/eval/benchmark_file.h"
#include "src/eval/encode.h"
#include "src/eval/text_cache.h"
#include "src/model/clip.h"
#include "src/weights/text_model_files.h"

namespace dermatome {

using Json = nlohmann::ordered_json;

BenchmarkOptions load_ranked_benchmark(const std::string& path, const BenchmarkKind* only) {
  const BenchmarkOptions benchmark = load_benchmark(path);
  if (only != nullptr && benchmark.kind != only) {
    throw ConfigError(
        text(path, ": kind is not ", only->name(), ", which is the kind that this command ranks"));
  }
  if (!benchmark.kind->ranking(benchmark)) {
    throw ConfigError(text(path, ": kind ", benchmark.kind->name(),
                           " cannot rank single images; name a benchmark of another kind"));
  }
  return benchmark;
}

SingleImages rank_images(const Clip& model, const std::vector<std::string>& images,
                         const BenchmarkOptions& benchmark, const SingleImageOptions& how) {
  const std::optional<ImageRanking> ranking = benchmark.kind->ranking(benchmark);
  require(ranking.has_value(), "a kind of benchmark that ranks single images");
  const at::Tensor texts =
      cached_text_features(model, *model_tokenizer(model.config()), ranking->prompts, how.cache);
  const at::Tensor features =
      encode_image_files(model, images, how.batch_size, how.precision).cpu();
  SingleImages found = {images, ranking->list, ranking->note, ranking->rank(features, texts)};
  for (auto& classes : found.ranked) {
    if (how.top > 0 && std::ssize(classes) > how.top) {
      classes.resize(static_cast<size_t>(how.top));
    }
  }
  return found;
}

std::string as_text(const SingleImages& found) {
  std::string lines;
  for (size_t i = 0; i < found.images.size(); ++i) {
    const auto& classes = found.ranked[i];
    const bool has_presence = !classes.empty() && classes.front().presence.has_value();
    lines += text(found.images[i], "\n  rank  ", has_presence ? "presence  " : "", " cosine\n");
    for (size_t k = 0; k < classes.size(); ++k) {
      const RankedClass& entry = classes[k];
      lines += format("  %4zu  ", k + 1);
      if (entry.presence) lines += format("%8.4f  ", *entry.presence);
      lines += format("%7.4f  ", entry.cosine) + entry.label +
               (entry.name == entry.label ? "" : " (" + entry.name + ")") + "\n";
    }
  }
  return lines + found.note + "\n";
}

std::vector<Json> as_json(const SingleImages& found, const std::string& benchmark,
                          const std::string& checkpoint) {
  std::vector<Json> lines;
  for (size_t i = 0; i < found.images.size(); ++i) {
    Json list = Json::array();
    for (const RankedClass& entry : found.ranked[i]) {
      Json item = {{"rank", list.size() + 1}, {"label", entry.label}, {"name", entry.name}};
      if (entry.presence) item["presence"] = *entry.presence;
      item["cosine"] = entry.cosine;
      list.push_back(std::move(item));
    }
    lines.push_back({{"image", found.images[i]},
                     {"benchmark", benchmark},
                     {"checkpoint", checkpoint},
                     {found.list, list},
                     {"note", found.note}});
  }
  return lines;
}

}  // namespace dermatome
