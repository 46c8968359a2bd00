#include "src/leakage/duplicates.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "sharding/format.h"
#include "sharding/image_folder.h"
#include "sharding/manifest.h"
#include "sharding/table.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/eval/benchmark_file.h"
#include "src/leakage/duplicate_groups.h"
#include "src/leakage/hashed_images.h"
#include "src/text/table_cell.h"

namespace dermatome {
namespace {

// A set that is open, but whose images are not hashed yet.
using OpenSet = std::function<HashedImages()>;

OpenSet open_files(SampleTable table, const std::filesystem::path& root, int num_threads) {
  return [table = std::move(table), root, num_threads] {
    return hash_files(table, root, num_threads);
  };
}

OpenSet open_set(const std::string& path, int num_threads) {
  if (path.ends_with(".yaml") && !path.ends_with(shard_format::kManifestName)) {
    // The benchmark's labels do not matter here.
    const BenchmarkOptions benchmark = load_benchmark(path);
    return open_files(read_file_names(benchmark.csv, benchmark.image_column), benchmark.images,
                      num_threads);
  }
  if (!std::filesystem::is_directory(path) || std::filesystem::exists(manifest_path(path))) {
    return [dataset = std::make_shared<const ShardedDataset>(path), num_threads] {
      return hash_dataset(dataset, num_threads);
    };
  }
  return open_files(read_image_folder(path, /*num_subcaptions=*/0), path, num_threads);
}

// What is found, for the list, for the person and for the sheet.
class Findings {
 public:
  Findings(const DuplicateSearch& search, const PrintLine& print)
      : data_(search.data), distance_(search.distance), print_(print) {}

  void add_within(const HashedImages& images, const std::vector<DuplicateGroup>& groups);
  void add_between(const std::string& set, const HashedImages& mine, const HashedImages& theirs,
                   const std::vector<NearDuplicate>& pairs);

  const std::string& list() const { return list_; }
  std::vector<FoundGroup> take_groups() { return std::move(groups_); }

 private:
  // Adds the row that says that `set` was compared, and returns the cell that names it.
  std::string begin(const std::string& set) {
    // The list may be read by a process in another folder.
    std::string place = quote_cell(std::filesystem::absolute(set).lexically_normal().string());
    list_ += text(",", place, ",,", distance_, "\n");
    return place;
  }
  static ShownImage show(const HashedImages& images, size_t place, std::string note) {
    return {images.names[place], std::move(note),
            [read = images.read, place] { return read(place); }};
  }

  std::string data_;
  int distance_;
  const PrintLine& print_;
  std::string list_ = "filename,other_set,other_filename,distance\n";
  std::vector<FoundGroup> groups_;
};

void Findings::add_within(const HashedImages& images, const std::vector<DuplicateGroup>& groups) {
  const std::string set = begin(data_);
  size_t copies = 0;
  for (const DuplicateGroup& group : groups) {
    const std::string& first = images.names[group.first];
    FoundGroup found{text(group.copies.size() + 1, " times: ", first), {}};
    found.images.push_back(show(images, group.first, "the first one"));
    for (const auto& [image, distance] : group.copies) {
      // A table may name a file in several rows: leaving it out by its name would leave all out.
      if (images.names[image] != first) {
        list_ += text(quote_cell(images.names[image]), ",", set, ",", quote_cell(first), ",",
                      distance, "\n");
      }
      found.images.push_back(show(images, image, text(distance, " bits away")));
    }
    copies += group.copies.size();
    groups_.push_back(std::move(found));
  }
  std::string line = text(data_, ": ", images.names.size(), " images, ", copies,
                          " of them near-duplicates of an earlier one");
  if (copies > 0) {
    line += text(", in ", groups.size(), " group(s); the largest has ",
                 groups.front().copies.size() + 1, " images, the first is ",
                 images.names[groups.front().first]);
  }
  print_(line);
}

void Findings::add_between(const std::string& set, const HashedImages& mine,
                           const HashedImages& theirs, const std::vector<NearDuplicate>& pairs) {
  const std::string place = begin(set);
  std::set<size_t> shared;                // of mine
  std::map<size_t, FoundGroup> by_image;  // of theirs
  for (const auto& [a, b, distance] : pairs) {
    list_ += text(quote_cell(mine.names[a]), ",", place, ",", quote_cell(theirs.names[b]), ",",
                  distance, "\n");
    shared.insert(a);
    FoundGroup& found = by_image[b];
    if (found.images.empty()) {
      found.title = text(theirs.names[b], " of ", set);
      found.images.push_back(show(theirs, b, "in " + set));
    }
    found.images.push_back(show(mine, a, text("in ", data_, ", ", distance, " bits away")));
  }
  print_(text(set, ": ", by_image.size(), " of ", theirs.names.size(),
              " images have a near-duplicate in ", data_, " (", shared.size(), " of its images)"));
  for (auto& [b, found] : by_image) groups_.push_back(std::move(found));
}

// Throws DataError if no image can be read, because then nothing is compared.
void warn_of_unreadable(const std::string& set, const HashedImages& images) {
  if (images.unreadable.empty()) return;
  if (images.names.empty()) {
    throw DataError(text(set,
                         ": none of its images can be read; correct the folder of the images, "
                         "if it is wrong. The first: ",
                         images.unreadable.front()));
  }
  log_warning(text(
      set, ": ", images.unreadable.size(),
      " image(s) cannot be read and were not compared, the first: ", images.unreadable.front()));
}

}  // namespace

std::vector<FoundGroup> find_duplicates(const DuplicateSearch& search, const PrintLine& print) {
  const OpenSet data = open_set(search.data, search.num_threads);
  std::vector<OpenSet> others;
  for (const std::string& set : search.against) {
    others.push_back(open_set(set, search.num_threads));
  }
  const HashedImages mine = data();
  warn_of_unreadable(search.data, mine);
  Findings findings(search, print);
  findings.add_within(mine,
                      group_near_duplicates(mine.hashes, search.distance, search.num_threads));
  for (size_t i = 0; i < others.size(); ++i) {
    const HashedImages theirs = others[i]();
    warn_of_unreadable(search.against[i], theirs);
    findings.add_between(
        search.against[i], mine, theirs,
        near_duplicates_between(mine.hashes, theirs.hashes, search.distance, search.num_threads));
  }
  if (!search.output.empty()) write_file_atomically(search.output, findings.list());
  return findings.take_groups();
}

}  // namespace dermatome
