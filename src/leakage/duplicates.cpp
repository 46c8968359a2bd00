#include "src/leakage/duplicates.h"

#include <filesystem>
#include <set>

#include "sharding/format.h"
#include "sharding/image_folder.h"
#include "sharding/manifest.h"
#include "sharding/table.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/eval/benchmark_file.h"
#include "src/leakage/hashed_images.h"
#include "src/text/table_cell.h"
#include "src/text/tokenizer.h"

namespace dermatome {
namespace {

// The images of a benchmark's table: its labels do not matter here.
HashedImages hash_benchmark(const std::string& path, int num_threads) {
  const BenchmarkOptions benchmark = load_benchmark(path);
  const SampleTable table = read_file_names(benchmark.csv, benchmark.image_column);
  return hash_files(table, benchmark.images, num_threads);
}

HashedImages hash_set(const std::string& path, const Tokenizer& tokenizer, int num_threads) {
  if (path.ends_with(".yaml") && !path.ends_with(shard_format::kManifestName)) {
    return hash_benchmark(path, num_threads);
  }
  if (!std::filesystem::is_directory(path) || std::filesystem::exists(manifest_path(path))) {
    return hash_dataset(path, tokenizer.hash(), num_threads);
  }
  return hash_files(read_image_folder(path, /*num_subcaptions=*/0), path, num_threads);
}

class Report {
 public:
  Report(const DuplicateSearch& search, const PrintLine& print)
      : data_(search.data), distance_(search.distance), print_(print) {}

  void add(const std::string& set, const HashedImages& mine, const HashedImages& theirs,
           const std::vector<NearDuplicate>& pairs) {
    // The list may be read by a process in another folder.
    const std::string place =
        quote_cell(std::filesystem::absolute(set).lexically_normal().string());
    // This row says that the set was compared, even if it shares nothing.
    list_ += text(",", place, ",,", distance_, "\n");
    std::set<size_t> first, second;
    for (const auto& [a, b, distance] : pairs) {
      list_ += text(quote_cell(mine.names[a]), ",", place, ",", quote_cell(theirs.names[b]), ",",
                    distance, "\n");
      first.insert(a);
      second.insert(b);
    }
    if (set == data_) {
      print_(text(data_, ": ", mine.names.size(), " images, ", pairs.size(),
                  " near-duplicate pair(s) within"));
    } else {
      print_(text(set, ": ", second.size(), " of ", theirs.names.size(),
                  " images have a near-duplicate in ", data_, " (", first.size(),
                  " of its images)"));
    }
  }

  const std::string& list() const { return list_; }

 private:
  std::string data_;
  int distance_;
  const PrintLine& print_;
  std::string list_ = "filename,other_set,other_filename,distance\n";
};

void warn_of_unreadable(const std::string& set, const HashedImages& images) {
  if (images.unreadable.empty()) return;
  log_warning(text(
      set, ": ", images.unreadable.size(),
      " image(s) cannot be read and were not compared, the first: ", images.unreadable.front()));
}

}  // namespace

void find_duplicates(const DuplicateSearch& search, const PrintLine& print) {
  const Tokenizer tokenizer;
  const HashedImages mine = hash_set(search.data, tokenizer, search.num_threads);
  warn_of_unreadable(search.data, mine);
  Report report(search, print);
  report.add(search.data, mine, mine,
             near_duplicates_within(mine.hashes, search.distance, search.num_threads));
  for (const std::string& set : search.against) {
    const HashedImages theirs = hash_set(set, tokenizer, search.num_threads);
    warn_of_unreadable(set, theirs);
    report.add(
        set, mine, theirs,
        near_duplicates_between(mine.hashes, theirs.hashes, search.distance, search.num_threads));
  }
  if (!search.output.empty()) write_file_atomically(search.output, report.list());
}

}  // namespace dermatome
