// Reads any bytes as a shard. They must be read or refused with a DataError. In this build the
// reader accepts every checksum (sharding/checksum.h), so that the code behind the checks is
// reached.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "sharding/shard_reader.h"
#include "src/core/error.h"

namespace dermatome {
namespace {

void read_all(const std::string& path) {
  const ShardReader shard(path);
  for (int64_t row = 0; row < shard.num_samples(); ++row) {
    shard.caption_ids(row);
    shard.mask(row);
    shard.label(row);
    shard.ontology(row);
    shard.source(row);
    try {
      shard.decode(row);
    } catch (const DataError&) {
    }
  }
  for (int32_t caption = 0; caption < shard.caption_table_size(); ++caption) {
    shard.tokens(caption);
    shard.caption_text(caption);
  }
  shard.caption_texts();
}

}  // namespace
}  // namespace dermatome

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dermatome;
  const int file = memfd_create("shard", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) return 0;
  try {
    read_all("/proc/self/fd/" + std::to_string(file));
  } catch (const DataError&) {
  }
  close(file);
  return 0;
}
