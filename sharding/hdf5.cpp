#include "sharding/hdf5.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "sharding/format.h"
#include "sharding/storage_retry.h"
#include "sharding/stored_file.h"
#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome::hdf5 {
namespace {

std::mutex& library_mutex() {
  static std::mutex mutex;
  return mutex;
}

std::unique_lock<std::mutex> lock_library() {
  std::unique_lock lock(library_mutex());
  // HDF5 would print its own error stack; ours become exceptions.
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  return lock;
}

Handle file_type(Element element) {
  switch (element) {
    case Element::kU8:
      return {H5Tcopy(H5T_STD_U8LE), H5Tclose};
    case Element::kU16:
      return {H5Tcopy(H5T_STD_U16LE), H5Tclose};
    case Element::kU64:
      return {H5Tcopy(H5T_STD_U64LE), H5Tclose};
    case Element::kI32:
      return {H5Tcopy(H5T_STD_I32LE), H5Tclose};
    case Element::kImageRow:
      break;
  }
  Handle row(H5Tcreate(H5T_COMPOUND, sizeof(shard_format::ImageRow)), H5Tclose);
  H5Tinsert(row.get(), "offset", offsetof(shard_format::ImageRow, offset), H5T_STD_U64LE);
  H5Tinsert(row.get(), "length", offsetof(shard_format::ImageRow, length), H5T_STD_U32LE);
  H5Tinsert(row.get(), "height", offsetof(shard_format::ImageRow, height), H5T_STD_U32LE);
  H5Tinsert(row.get(), "width", offsetof(shard_format::ImageRow, width), H5T_STD_U32LE);
  H5Tinsert(row.get(), "crc32c", offsetof(shard_format::ImageRow, crc32c), H5T_STD_U32LE);
  return row;
}

// Fixed-length UTF-8; HDF5 knows no empty strings, so those are one NUL.
Handle string_type(size_t length) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), std::max<size_t>(length, 1));
  H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

// Files are not locked: shards are never written to once they have their name, and file
// systems without locks would refuse to open them.
Handle file_access() {
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  require(H5Pset_file_locking(access.get(), /*use_file_locking=*/false,
                              /*ignore_when_disabled=*/true) >= 0,
          "HDF5's file locking cannot be turned off");
  return access;
}

}  // namespace

Handle::Handle(Handle&& other) noexcept
    : id_(std::exchange(other.id_, -1)), close_(std::exchange(other.close_, nullptr)) {}

Handle& Handle::operator=(Handle&& other) noexcept {
  if (this != &other) {
    reset();
    id_ = std::exchange(other.id_, -1);
    close_ = std::exchange(other.close_, nullptr);
  }
  return *this;
}

void Handle::reset() {
  if (id_ >= 0) close_(id_);
  id_ = -1;
}

FileWriter::FileWriter(const std::filesystem::path& path) : path_(path), lock_(lock_library()) {
  const Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  const Handle access = file_access();
  // The newest features of HDF5 1.10 checksum all of the file's own structures; a fixed range keeps
  // the bytes the same under later libraries.
  check(H5Pset_obj_track_times(creation.get(), false) >= 0 &&
            H5Pset_libver_bounds(access.get(), H5F_LIBVER_V110, H5F_LIBVER_V110) >= 0 &&
            H5Pset_alignment(access.get(), 1, sizeof(uint64_t)) >= 0,
        "set up");
  file_ = Handle(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), H5Fclose);
  check(file_.valid(), "create");
}

void FileWriter::check(bool good, const std::string& what) const {
  if (!good) throw DataError(text("HDF5 cannot ", what, " ", path_));
}

void FileWriter::attribute(const char* name, int64_t value) {
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle attribute(
      H5Acreate2(file_.get(), name, H5T_STD_I64LE, space.get(), H5P_DEFAULT, H5P_DEFAULT),
      H5Aclose);
  check(attribute.valid() && H5Awrite(attribute.get(), H5T_NATIVE_INT64, &value) >= 0,
        text("write attribute ", name, " of"));
}

void FileWriter::attribute(const char* name, std::string_view value) {
  const Handle type = string_type(value.size());
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle attribute(
      H5Acreate2(file_.get(), name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const std::string padded = value.empty() ? std::string(1, '\0') : std::string(value);
  check(attribute.valid() && H5Awrite(attribute.get(), type.get(), padded.data()) >= 0,
        text("write attribute ", name, " of"));
}

void FileWriter::group(const char* name) {
  const Handle creation(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  check(H5Pset_obj_track_times(creation.get(), false) >= 0, "set up a group of");
  const Handle group(H5Gcreate2(file_.get(), name, H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                     H5Gclose);
  check(group.valid(), text("create ", name, " in"));
}

void FileWriter::create(const char* name, Element element, const std::vector<hsize_t>& shape) {
  const Handle type = file_type(element);
  const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
                     H5Sclose);
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  check(H5Pset_layout(creation.get(), H5D_CONTIGUOUS) >= 0 &&
            H5Pset_alloc_time(creation.get(), H5D_ALLOC_TIME_EARLY) >= 0 &&
            H5Pset_fill_time(creation.get(), H5D_FILL_TIME_NEVER) >= 0 &&
            H5Pset_obj_track_times(creation.get(), false) >= 0,
        text("set up ", name, " in"));
  const Handle dataset(H5Dcreate2(file_.get(), name, type.get(), space.get(), H5P_DEFAULT,
                                  creation.get(), H5P_DEFAULT),
                       H5Dclose);
  check(dataset.valid(), text("create ", name, " in"));
}

void FileWriter::write_part(const char* name, hsize_t first, const void* data, hsize_t count) {
  if (count == 0) return;
  const Handle dataset(H5Dopen2(file_.get(), name, H5P_DEFAULT), H5Dclose);
  const Handle type(H5Dget_type(dataset.get()), H5Tclose);
  const Handle space(H5Dget_space(dataset.get()), H5Sclose);
  const Handle memory(H5Screate_simple(1, &count, nullptr), H5Sclose);
  check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, &first, nullptr, &count, nullptr) >= 0 &&
            H5Dwrite(dataset.get(), type.get(), memory.get(), space.get(), H5P_DEFAULT, data) >= 0,
        text("write ", name, " of"));
}

void FileWriter::write_all(const char* name, const void* data) {
  const Handle dataset(H5Dopen2(file_.get(), name, H5P_DEFAULT), H5Dclose);
  const Handle type(H5Dget_type(dataset.get()), H5Tclose);
  check(H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0,
        text("write ", name, " of"));
}

void FileWriter::close() {
  check(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL) >= 0, "flush");
  file_.reset();
}

ContiguousFile::ContiguousFile(const std::filesystem::path& path)
    : path_(path), lock_(lock_library()) {
  const Handle access = file_access();
  errno = 0;
  file_ = Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  check(file_.valid(), "cannot be opened: it is missing, truncated, damaged or no HDF5 file");
}

// HDF5 does not say why a call failed, but leaves the reason of a failed read in errno, which every
// function here clears first.
void ContiguousFile::check(bool good, const std::string& what) const {
  if (good) return;
  if (const int error = errno; may_pass(error)) {
    throw StorageFailure(dermatome::text("cannot read shard ", path_, ": ", std::strerror(error)));
  }
  throw DataError(dermatome::text("shard ", path_, ": ", what, kShardRemedy));
}

// Reading an attribute writes all of its values, however many the caller has room for.
Handle ContiguousFile::open_attribute(const char* name) const {
  errno = 0;
  Handle attribute(H5Aopen(file_.get(), name, H5P_DEFAULT), H5Aclose);
  check(attribute.valid(), dermatome::text("attribute ", name, " is missing"));
  const Handle space(H5Aget_space(attribute.get()), H5Sclose);
  check(H5Sget_simple_extent_npoints(space.get()) == 1,
        dermatome::text("attribute ", name, " is not a single value"));
  return attribute;
}

bool ContiguousFile::has(const char* name) const { return H5Aexists(file_.get(), name) > 0; }

int64_t ContiguousFile::integer(const char* name) const {
  const Handle attribute = open_attribute(name);
  int64_t value = 0;
  check(H5Aread(attribute.get(), H5T_NATIVE_INT64, &value) >= 0,
        dermatome::text("attribute ", name, " is no integer"));
  return value;
}

std::string ContiguousFile::text(const char* name) const {
  const Handle attribute = open_attribute(name);
  const Handle type(H5Aget_type(attribute.get()), H5Tclose);
  check(H5Tget_class(type.get()) == H5T_STRING && H5Tis_variable_str(type.get()) == 0,
        dermatome::text("attribute ", name, " is no fixed-length string"));
  std::string value(H5Tget_size(type.get()), '\0');
  check(H5Aread(attribute.get(), type.get(), value.data()) >= 0,
        dermatome::text("attribute ", name, " cannot be read"));
  value.resize(value.find_last_not_of('\0') + 1);
  return value;
}

Section ContiguousFile::section(const char* name, Element element, int rank) const {
  errno = 0;
  const std::string what = std::string("data set ") + name;
  const Handle dataset(H5Dopen2(file_.get(), name, H5P_DEFAULT), H5Dclose);
  check(dataset.valid(), what + " is missing");
  const Handle type(H5Dget_type(dataset.get()), H5Tclose);
  check(H5Tequal(type.get(), file_type(element).get()) > 0, what + " has another element type");
  const Handle space(H5Dget_space(dataset.get()), H5Sclose);
  check(H5Sget_simple_extent_ndims(space.get()) == rank,
        dermatome::text(what, " does not have ", rank, " dimension(s)"));
  std::vector<hsize_t> shape(rank);
  H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr);
  Section section;
  section.bytes = H5Tget_size(type.get());
  for (const hsize_t extent : shape) section.bytes *= extent;
  if (section.bytes == 0) return section;
  const Handle creation(H5Dget_create_plist(dataset.get()), H5Pclose);
  const haddr_t offset = H5Dget_offset(dataset.get());
  check(H5Pget_layout(creation.get()) == H5D_CONTIGUOUS && offset != HADDR_UNDEF,
        what + " is not stored contiguously");
  section.offset = offset;
  return section;
}

}  // namespace dermatome::hdf5
