// `dermatome duplicates DATA [--against SET…]`: pictures that a data set holds twice, or shares
// with evaluation sets.
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "launcher/commands/commands.h"
#include "sharding/format.h"
#include "sharding/image_folder.h"
#include "sharding/manifest.h"
#include "sharding/table.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/eval/benchmark_file.h"
#include "src/leakage/hashed_pictures.h"
#include "src/leakage/near_duplicates.h"
#include "src/text/table_cell.h"
#include "src/text/tokenizer.h"

namespace dermatome {
namespace {

struct Arguments {
  std::string data;
  std::vector<std::string> against;
  std::string output;
  int distance = kNearDistance;
  int num_threads = 0;
};

// The pictures of a benchmark's table: its labels do not matter here.
HashedPictures hash_benchmark(const std::string& path, int num_threads) {
  const BenchmarkOptions benchmark = load_benchmark(path);
  const SampleTable table = read_file_names(benchmark.csv, benchmark.image_column);
  return hash_files(table, benchmark.images, num_threads);
}

HashedPictures hash_set(const std::string& path, const Tokenizer& tokenizer, int num_threads) {
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
  Report(std::string data, int distance) : data_(std::move(data)), distance_(distance) {}

  void add(const std::string& set, const HashedPictures& mine, const HashedPictures& theirs,
           const std::vector<NearDuplicate>& pairs) {
    // Whoever reads the list may run in another folder.
    const std::string place =
        quote_cell(std::filesystem::absolute(set).lexically_normal().string());
    // That the set was compared, also where it shares nothing.
    list_ += "," + place + ",," + std::to_string(distance_) + "\n";
    std::set<size_t> first, second;
    for (const auto& [a, b, distance] : pairs) {
      list_ += quote_cell(mine.names[a]) + "," + place + "," + quote_cell(theirs.names[b]) + "," +
               std::to_string(distance) + "\n";
      first.insert(a);
      second.insert(b);
    }
    if (set == data_) {
      std::printf("%s: %zu pictures, %zu near-duplicate pair(s) within\n", data_.c_str(),
                  mine.names.size(), pairs.size());
    } else {
      std::printf("%s: %zu of %zu pictures have a near-duplicate in %s (%zu of its pictures)\n",
                  set.c_str(), second.size(), theirs.names.size(), data_.c_str(), first.size());
    }
  }

  const std::string& list() const { return list_; }

 private:
  std::string data_;
  int distance_;
  std::string list_ = "filename,other_set,other_filename,distance\n";
};

void warn_of_unreadable(const std::string& set, const HashedPictures& pictures) {
  if (pictures.unreadable.empty()) return;
  log_warning(set + ": " + std::to_string(pictures.unreadable.size()) +
              " picture(s) cannot be read and were not compared, the first: " +
              pictures.unreadable.front());
}

void run_duplicates(const Arguments& arguments) {
  const Tokenizer tokenizer;
  const HashedPictures mine = hash_set(arguments.data, tokenizer, arguments.num_threads);
  warn_of_unreadable(arguments.data, mine);
  Report report(arguments.data, arguments.distance);
  report.add(arguments.data, mine, mine,
             near_duplicates_within(mine.hashes, arguments.distance, arguments.num_threads));
  for (const std::string& set : arguments.against) {
    const HashedPictures theirs = hash_set(set, tokenizer, arguments.num_threads);
    warn_of_unreadable(set, theirs);
    report.add(set, mine, theirs,
               near_duplicates_between(mine.hashes, theirs.hashes, arguments.distance,
                                       arguments.num_threads));
  }
  if (!arguments.output.empty()) write_file_atomically(arguments.output, report.list());
}

}  // namespace

void add_duplicates(CLI::App& app) {
  auto* command = app.add_subcommand(
      "duplicates", "Find pictures that a data set holds twice, or shares with evaluation sets");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("data", arguments->data, "Data set of shards, or a folder of pictures")
      ->required();
  command->add_option("--against", arguments->against,
                      "Sets to compare with: shards, folders of pictures, benchmarks (YAML)");
  command->add_option(
      "--output", arguments->output,
      "CSV file to list the pairs in; a row without pictures says which set was compared, "
      "at which distance");
  command
      ->add_option("--distance", arguments->distance,
                   "Bits, of 256, in which the hashes of near-duplicates differ at most")
      ->check(CLI::Range(0, kHashBits))
      ->capture_default_str();
  command->add_option("--threads", arguments->num_threads, "Threads; 0: one an allowed core")
      ->check(CLI::Range(0, 4096))
      ->default_val(0);
  command->callback([arguments] { run_duplicates(*arguments); });
}

}  // namespace dermatome
