#include "src/leakage/hashed_images.h"

#include <span>
#include <utility>

#include "sharding/image_record.h"
#include "sharding/parallel.h"
#include "sharding/stored_file.h"
#include "src/core/progress.h"

namespace dermatome {
namespace {

Image read_upright(const std::filesystem::path& path) {
  const std::string content = read_stored_file(path);
  const auto file = std::as_bytes(std::span(content));
  return upright_image(file, path.string());
}

}  // namespace

HashedImages hash_dataset(const std::shared_ptr<const ShardedDataset>& dataset, int num_threads) {
  HashedImages result;
  result.names.resize(dataset->size());
  result.hashes.resize(dataset->size());
  Progress progress("images hashed", dataset->size());
  parallel_for(dataset->size(), num_threads, [&](int64_t i) {
    const auto [shard, row] = dataset->locate(i);
    result.names[i] = shard->source(row);
    thread_local Image image;
    shard->decode(row, image);
    result.hashes[i] = hash_image(image);
    progress.add(1);
  });
  result.read = [dataset](size_t place) {
    const auto [shard, row] = dataset->locate(static_cast<int64_t>(place));
    return shard->decode(row);
  };
  return result;
}

HashedImages hash_files(const SampleTable& table, const std::filesystem::path& image_root,
                        int num_threads) {
  const auto& samples = table.samples;
  std::vector<ImageHash> hashes(samples.size());
  std::vector<std::string> errors(samples.size());
  Progress progress("images hashed", std::ssize(samples));
  parallel_for(std::ssize(samples), num_threads, [&](int64_t i) {
    const std::filesystem::path path = image_path(image_root, samples[i].image_path);
    errors[i] = image_problem([&] { hashes[i] = hash_image(read_upright(path)); });
    progress.add(1);
  });
  HashedImages result;
  for (size_t i = 0; i < samples.size(); ++i) {
    if (!errors[i].empty()) {
      result.unreadable.push_back(std::move(errors[i]));
      continue;
    }
    result.names.push_back(samples[i].image_path);
    result.hashes.push_back(hashes[i]);
  }
  result.read = [image_root, names = result.names](size_t place) {
    return read_upright(image_path(image_root, names[place]));
  };
  return result;
}

}  // namespace dermatome
