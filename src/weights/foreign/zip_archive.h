// Reads zip archives (zip64 too) whose members are stored uncompressed, as PyTorch writes them.
//
// Everything the archive says about itself is checked against its size before it is used. Members'
// checksums are not checked: PyTorch can leave them out, and does not read them either.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "src/weights/input_file.h"

namespace dermatome {

class ZipArchive {
 public:
  struct Member {
    uint64_t header = 0;  // where its local header begins in the file
    uint64_t data = 0;    // where its bytes begin
    uint64_t bytes = 0;   // in the archive
    bool is_stored = false;
  };

  // Reads the directory. Throws DataError naming the file when it is not a zip archive, is cut off,
  // or has members that overlap, leave the file or share a name.
  explicit ZipArchive(const std::filesystem::path& path);

  const std::map<std::string, Member>& members() const { return members_; }

  // The member `name`. Throws DataError when it does not exist or is compressed.
  const Member& at(const std::string& name) const;

  // Copies `member`'s bytes to `out`. Throws DataError.
  void read(const Member& member, void* out) { file_.read(member.data, out, member.bytes); }

  // Throws DataError naming the file.
  [[noreturn]] void fail(const std::string& what) const { file_.fail(what); }

 private:
  std::string read_text(uint64_t offset, uint64_t bytes);
  std::string read_directory();
  void read_members(const std::string& directory);
  void place_members();

  InputFile file_;
  uint64_t directory_begin_ = 0;
  uint64_t num_members_ = 0;
  std::map<std::string, Member> members_;
};

}  // namespace dermatome
