// Small tables with real image files, in a directory that exists as long as its object.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "sharding/sample_table.h"
#include "sharding/shard_writer.h"
#include "src/image/image.h"
#include "src/text/clip_tokenizer.h"
#include "tests/support/error_of.h"

namespace dermatome {

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  // Writes the file `name` and returns its path.
  std::filesystem::path write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

// One tokenizer for all tests, because unpacking its vocabulary takes a moment.
const ClipTokenizer& tokenizer();

// An image of height x width whose pixels depend on `seed`.
Image noise(int height, int width, int seed);

// A table of `num_samples` rows with two subcaptions, so N = 5. Row i has image "i.jpg", which is
// written into `directory`, and one of three labels. Every fifth row has no raw caption.
SampleTable make_table(const TemporaryDirectory& directory, int num_samples);

// A header that fits make_table's rows.
ShardHeader make_header();

// The rows of `table` as write_shard takes them, images stored by `policy`.
std::vector<ShardSample> make_samples(const SampleTable& table, const TemporaryDirectory& directory,
                                      const ImagePolicy& policy);

// Replaces the first occurrence of `from` in a file by `to`, of equal length. Fails the test if
// `from` does not occur.
void patch_file(const std::filesystem::path& path, const std::string& from, const std::string& to);

}  // namespace dermatome
