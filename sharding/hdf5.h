// The little of HDF5 that shards need: scalar attributes, contiguous data sets to write, and where
// in the file a data set's bytes lie. Only the shard writer and reader include this.
//
// All calls are serialized here, so that an HDF5 library built without thread safety works too;
// after a ContiguousFile has told where the bytes are, readers need HDF5 no more.
#pragma once

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace dermatome::hdf5 {

// Owns an HDF5 identifier.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle() = default;
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&& other) noexcept;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { reset(); }
  hid_t get() const { return id_; }
  bool valid() const { return id_ >= 0; }
  void reset();

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

enum class Element { kU8, kU16, kU64, kI32, kImageRow };

// Creates a file whose bytes depend on its content alone: no times, a fixed set of format features,
// 8-byte alignment. Throws DataError naming the file for every failed call.
class FileWriter {
 public:
  explicit FileWriter(const std::filesystem::path& path);

  void attribute(const char* name, int64_t value);
  void attribute(const char* name, std::string_view value);
  void group(const char* name);
  // Allocates data set `name`.
  void create(const char* name, Element element, const std::vector<hsize_t>& shape);
  // Writes `count` elements of a one-dimensional data set, from element `first` on.
  void write_part(const char* name, hsize_t first, const void* data, hsize_t count);
  void write_all(const char* name, const void* data);
  // Flushes and closes; nothing may follow. Does not sync.
  void close();

 private:
  void check(bool good, const std::string& what) const;

  std::filesystem::path path_;
  std::unique_lock<std::mutex> lock_;
  Handle file_;
};

// Where a data set's bytes lie.
struct Section {
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

// An existing file, to look things up in. Throws DataError naming file and item, StorageFailure
// when the file system failed in a way that may pass.
class ContiguousFile {
 public:
  explicit ContiguousFile(const std::filesystem::path& path);

  int64_t integer(const char* name) const;
  bool has(const char* name) const;
  std::string text(const char* name) const;
  // Data set `name`, which must have `rank` dimensions of `element`, be contiguous and
  // uncompressed.
  Section section(const char* name, Element element, int rank) const;

 private:
  void check(bool good, const std::string& what) const;
  // Attribute `name`, which must have one value.
  Handle open_attribute(const char* name) const;

  std::filesystem::path path_;
  std::unique_lock<std::mutex> lock_;
  Handle file_;
};

}  // namespace dermatome::hdf5
