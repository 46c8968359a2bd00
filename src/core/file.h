// Small file helpers with errors that name the path and the system's reason.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <set>
#include <string>
#include <string_view>

namespace dermatome {

// The whole content of `path`. Throws DataError.
std::string read_file(const std::filesystem::path& path);

// Replaces the file or directory `path` by what `write` makes under a temporary name beside it,
// which nothing has before. The new one is synced and renamed, so that a reader, also after a
// crash, sees the old one or the new one, never a part. (An old directory is removed before the
// renaming: a crash at that moment leaves neither.) After a failure the temporary one is removed.
// Throws DataError, and what `write` throws.
using WriteFunction = std::function<void(const std::filesystem::path& temporary)>;
void replace_atomically(const std::filesystem::path& path, const WriteFunction& write);

// The same for a directory `path` that does not exist or is empty. What somebody else puts there
// meanwhile stays, and DataError is thrown.
void create_directory_atomically(const std::filesystem::path& path, const WriteFunction& write);

// The same for a file of this content.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

// The same for a file that `write` writes to a stream. The stream's errors are checked at the end.
using WriteStream = std::function<void(std::ostream& stream)>;
void write_stream_atomically(const std::filesystem::path& path, const WriteStream& write);

// Removes what replace_atomically() left in `directory` when its process was killed. For a
// directory that no other process and no user writes to.
void remove_leftovers(const std::filesystem::path& directory);

// The same, but removes only files that were to get one of `names`: for a directory in which users
// may keep other files.
void remove_leftovers(const std::filesystem::path& directory, const std::set<std::string>& names);

// Creates `path` and the folders above it where they are missing. Throws DataError.
void make_directories(const std::filesystem::path& path);

// Forces a file's content, or a directory's entries, to the disk. Throws DataError.
void sync_path(const std::filesystem::path& path);

}  // namespace dermatome
