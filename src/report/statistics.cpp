#include "src/report/statistics.h"

#include <algorithm>
#include <functional>
#include <ostream>
#include <span>
#include <string_view>
#include <utility>

#include "sharding/format.h"
#include "src/core/caption_rows.h"
#include "src/core/error.h"
#include "src/core/log.h"

namespace dermatome {
namespace {

constexpr size_t kClassesShown = 20;
// The shorter side that the published recipe crops from; smaller images are enlarged.
constexpr int kModelSide = 224;

// Equal captions have equal tokens. Two different ones share a hash with a chance of 2^-64.
uint64_t hash_tokens(std::span<const uint16_t> tokens) {
  return std::hash<std::string_view>{}(
      {reinterpret_cast<const char*>(tokens.data()), tokens.size_bytes()});
}

template <typename T>
T median(std::vector<T> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

double percent(size_t part, size_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void DataStatistics::add(const ShardReader& shard) {
  const ShardHeader& header = shard.header();
  if (aspects_.empty()) {
    for (const std::string& name : header.aspects) aspects_.push_back({name, {}, {}});
  }
  require(aspects_.size() == header.aspects.size(), "shards with other aspects");
  std::vector<uint64_t> hashes;  // of the shard's distinct captions
  for (int32_t i = 0; i < shard.caption_table_size(); ++i) {
    hashes.push_back(hash_tokens(shard.tokens(i)));
  }
  transparent_known_ = transparent_known_ && header.num_transparent >= 0;
  transparent_ += header.num_transparent;
  for (int64_t row = 0; row < shard.num_samples(); ++row) {
    const auto [height, width] = shard.image_size(row);
    heights_.push_back(height);
    widths_.push_back(width);
    const int64_t label = shard.label(row);
    ++sources_[std::hash<std::string>{}(shard.source(row))];
    ++classes_[label < 0 ? "" : header.label_names[static_cast<size_t>(label)]];
    const auto captions = shard.caption_ids(row);
    for (size_t k = 0; k < aspects_.size(); ++k) {
      if (captions[k] < 0 || shard.mask(row)[k] == 0) continue;
      const uint64_t hash = hashes[static_cast<size_t>(captions[k])];
      aspects_[k].lengths.push_back(static_cast<uint16_t>(shard.tokens(captions[k]).size()));
      const int64_t samples = ++aspects_[k].samples[hash];
      if (k != kRawCaption || samples <= most_shared_.samples) continue;
      if (most_shared_.text.empty() || most_shared_.hash != hash) {
        most_shared_.text = shard.caption_text(captions[k]);
      }
      most_shared_.hash = hash;
      most_shared_.samples = samples;
    }
  }
}

void DataStatistics::write(std::ostream& out) const {
  write_captions(out);
  write_classes(out);
  write_sizes(out);
  write_repeated(out);
}

void DataStatistics::write_captions(std::ostream& out) const {
  out << "captions (tokens include start and end of text)\n";
  out << format("  %-16s %10s %7s %10s %14s %11s %8s\n", "aspect", "samples", "share", "distinct",
                "median tokens", "most tokens", "cut off");
  for (const auto& [name, lengths, samples] : aspects_) {
    if (lengths.empty()) {
      out << format("  %-16s %10d\n", name.c_str(), 0);
      continue;
    }
    const auto cut = std::ranges::count_if(
        lengths, [](uint16_t length) { return length >= shard_format::kStoredContext; });
    out << format("  %-16s %10zu %5.1f %% %10zu %14d %11d %8td\n", name.c_str(), lengths.size(),
                  percent(lengths.size(), widths_.size()), samples.size(),
                  static_cast<int>(median(lengths)), static_cast<int>(std::ranges::max(lengths)),
                  cut);
  }
  if (most_shared_.samples > 1) {
    out << "  most frequent raw caption: " << most_shared_.samples << " samples have \""
        << most_shared_.text << "\"\n";
  }
}

void DataStatistics::write_classes(std::ostream& out) const {
  std::vector<std::pair<std::string, int64_t>> classes;
  int64_t unlabeled = 0;
  for (const auto& [label, samples] : classes_) {
    if (label.empty()) {
      unlabeled += samples;
    } else {
      classes.emplace_back(label, samples);
    }
  }
  std::ranges::stable_sort(classes, std::greater{}, [](const auto& entry) { return entry.second; });
  out << "classes: " << classes.size() << ", samples without one: " << unlabeled << '\n';
  const size_t shown = std::min(classes.size(), kClassesShown);
  for (size_t i = 0; i < shown; ++i) {
    out << format("  %10lld  %s\n", static_cast<long long>(classes[i].second),
                  classes[i].first.c_str());
  }
  if (shown < classes.size()) out << "  and " << classes.size() - shown << " smaller ones\n";
}

void DataStatistics::write_sizes(std::ostream& out) const {
  if (widths_.empty()) return;
  const auto line = [&](const char* name, const std::vector<int>& sides) {
    out << format("  %-6s %d to %d, median %d\n", name, std::ranges::min(sides),
                  std::ranges::max(sides), median(sides));
  };
  out << "stored images, in pixels\n";
  line("width", widths_);
  line("height", heights_);
  size_t small = 0;
  for (size_t i = 0; i < widths_.size(); ++i) {
    if (std::min(widths_[i], heights_[i]) < kModelSide) ++small;
  }
  out << format("  shorter side below %d: %zu (%.1f %%)\n", kModelSide, small,
                percent(small, widths_.size()));
  out << "  transparent before they were stored: ";
  if (transparent_known_) {
    out << transparent_ << '\n';
  } else {
    out << "not known; an older version made these shards and did not count them. Make the data "
           "set "
           "again to see the number\n";
  }
}

void DataStatistics::write_repeated(std::ostream& out) const {
  const auto repeated =
      std::ranges::count_if(sources_, [](const auto& entry) { return entry.second > 1; });
  out << "  in more than one sample: " << repeated << '\n';
}

}  // namespace dermatome
