#include "src/weights/foreign/zip_archive.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "src/core/quoted.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// The records of the format (APPNOTE.TXT of its inventor): signatures and fixed sizes.
constexpr std::string_view kLocalSignature("PK\x03\x04", 4);
constexpr std::string_view kEntrySignature("PK\x01\x02", 4);
constexpr std::string_view kEndSignature("PK\x05\x06", 4);
constexpr std::string_view kEnd64Signature("PK\x06\x06", 4);
constexpr std::string_view kLocator64Signature("PK\x06\x07", 4);
constexpr uint64_t kLocalBytes = 30;
constexpr uint64_t kEntryBytes = 46;
constexpr uint64_t kEndBytes = 22;
constexpr uint64_t kEnd64Bytes = 56;
constexpr uint64_t kLocator64Bytes = 20;
constexpr uint64_t kMaxCommentBytes = 0xFFFF;
constexpr uint64_t kIn64 = 0xFFFFFFFF;   // in a field of 32 bits: the value is in the zip64 record
constexpr uint64_t kCountIn64 = 0xFFFF;  // the same in a field of 16 bits
constexpr uint64_t kExtra64 = 1;         // tag of an entry's zip64 record
constexpr uint64_t kEncrypted = 1;       // flag
constexpr uint64_t kStored = 0;          // method
constexpr uint64_t kMaxDirectoryBytes = 1 << 24;  // a thousand tensors need 100 kB

// The little-endian number of `bytes` bytes at `offset`, which the caller knows to be inside.
uint64_t number(std::string_view text, uint64_t offset, int bytes) {
  uint64_t value = 0;
  for (int i = bytes - 1; i >= 0; --i) {
    value = value << 8 | static_cast<uint8_t>(text[offset + static_cast<uint64_t>(i)]);
  }
  return value;
}

// Sets the `fields` that are kIn64 from an entry's zip64 record. False: the record is missing.
bool fill_from_extra64(std::string_view extra, const std::vector<uint64_t*>& fields) {
  while (extra.size() >= 4) {
    const uint64_t tag = number(extra, 0, 2);
    const uint64_t bytes = number(extra, 2, 2);
    extra.remove_prefix(4);
    if (bytes > extra.size()) return false;
    if (tag == kExtra64) {
      std::string_view record = extra.substr(0, bytes);
      for (uint64_t* field : fields) {
        if (*field != kIn64) continue;
        if (record.size() < 8) return false;
        *field = number(record, 0, 8);
        record.remove_prefix(8);
      }
      return true;
    }
    extra.remove_prefix(bytes);
  }
  return std::none_of(fields.begin(), fields.end(),
                      [](const uint64_t* field) { return *field == kIn64; });
}

}  // namespace

ZipArchive::ZipArchive(const std::filesystem::path& path) : file_(path) {
  read_members(read_directory());
  place_members();
}

const ZipArchive::Member& ZipArchive::at(const std::string& name) const {
  const auto found = members_.find(name);
  if (found == members_.end()) fail("holds no " + quoted(name));
  if (!found->second.is_stored) {
    fail(text("has ", quoted(name),
              " compressed, which PyTorch never does; unpack it and save the tensors again with "
              "torch.save"));
  }
  return found->second;
}

std::string ZipArchive::read_text(uint64_t offset, uint64_t bytes) {
  std::string text(bytes, '\0');
  file_.read(offset, text.data(), bytes);
  return text;
}

// Finds the directory from the record at the file's end.
std::string ZipArchive::read_directory() {
  const uint64_t tail_bytes = std::min(file_.size(), kEndBytes + kMaxCommentBytes);
  const uint64_t tail_begin = file_.size() - tail_bytes;
  const std::string tail = read_text(tail_begin, tail_bytes);
  const size_t end = tail.rfind(kEndSignature);
  if (end == std::string::npos || tail_bytes - end < kEndBytes ||
      number(tail, end + 20, 2) != tail_bytes - end - kEndBytes) {
    fail("is cut off or damaged: it begins as a zip archive, but has no directory at its end");
  }
  uint64_t limit = tail_begin + end;  // the directory ends before this
  num_members_ = number(tail, end + 10, 2);
  uint64_t bytes = number(tail, end + 12, 4);
  directory_begin_ = number(tail, end + 16, 4);
  if (num_members_ == kCountIn64 || bytes == kIn64 || directory_begin_ == kIn64) {
    if (limit < kLocator64Bytes + kEnd64Bytes) fail("has no zip64 directory where it claims one");
    const std::string locator = read_text(limit - kLocator64Bytes, kLocator64Bytes);
    const uint64_t end64 = number(locator, 8, 8);
    if (!locator.starts_with(kLocator64Signature) ||
        end64 > limit - kLocator64Bytes - kEnd64Bytes) {
      fail("has no zip64 directory where it claims one");
    }
    const std::string record = read_text(end64, kEnd64Bytes);
    if (!record.starts_with(kEnd64Signature)) fail("has no zip64 directory where it claims one");
    limit = end64;
    num_members_ = number(record, 32, 8);
    bytes = number(record, 40, 8);
    directory_begin_ = number(record, 48, 8);
  }
  if (directory_begin_ > limit || bytes > limit - directory_begin_ || bytes > kMaxDirectoryBytes) {
    fail(text("claims a directory of ", bytes, " bytes at byte ", directory_begin_,
              ", which cannot be"));
  }
  return read_text(directory_begin_, bytes);
}

void ZipArchive::read_members(const std::string& directory) {
  std::string_view rest = directory;
  for (uint64_t i = 0; i < num_members_; ++i) {
    if (rest.size() < kEntryBytes || !rest.starts_with(kEntrySignature)) {
      fail(text("has a damaged directory: entry ", i, " of ", num_members_));
    }
    const uint64_t name_bytes = number(rest, 28, 2);
    const uint64_t extra_bytes = number(rest, 30, 2);
    const uint64_t entry_bytes = kEntryBytes + name_bytes + extra_bytes + number(rest, 32, 2);
    if (entry_bytes > rest.size()) fail("has a directory that is cut off");
    const std::string name(rest.substr(kEntryBytes, name_bytes));
    uint64_t unpacked = number(rest, 24, 4);
    Member member{.header = number(rest, 42, 4),
                  .data = 0,
                  .bytes = number(rest, 20, 4),
                  .is_stored = number(rest, 10, 2) == kStored};
    // The zip64 record holds them in this order.
    if (!fill_from_extra64(rest.substr(kEntryBytes + name_bytes, extra_bytes),
                           {&unpacked, &member.bytes, &member.header})) {
      fail(quoted(name) + " lacks its zip64 sizes");
    }
    if (number(rest, 8, 2) & kEncrypted) fail(quoted(name) + " is encrypted");
    if (member.is_stored && member.bytes != unpacked) {
      fail(quoted(name) + " is stored as it is, but has two sizes");
    }
    if (!members_.emplace(name, member).second) fail(text("holds ", quoted(name), " twice"));
    rest.remove_prefix(entry_bytes);
  }
}

// Finds where the members' bytes begin; no two members may overlap.
void ZipArchive::place_members() {
  std::vector<std::pair<const std::string, Member>*> by_place;
  by_place.reserve(members_.size());
  for (auto& entry : members_) by_place.push_back(&entry);
  std::sort(by_place.begin(), by_place.end(),
            [](const auto* a, const auto* b) { return a->second.header < b->second.header; });
  uint64_t end = 0;
  for (auto* entry : by_place) {
    const std::string name = quoted(entry->first);
    Member& member = entry->second;
    if (member.header < end) fail(name + " overlaps the member before it");
    if (member.header > directory_begin_ || directory_begin_ - member.header < kLocalBytes) {
      fail(name + " lies outside the file");
    }
    const std::string header = read_text(member.header, kLocalBytes);
    if (!header.starts_with(kLocalSignature)) fail(name + " is not where the directory says");
    member.data = member.header + kLocalBytes + number(header, 26, 2) + number(header, 28, 2);
    if (member.data > directory_begin_ || member.bytes > directory_begin_ - member.data) {
      fail(text(name, " of ", member.bytes, " bytes does not fit into the file"));
    }
    end = member.data + member.bytes;
  }
}

}  // namespace dermatome
