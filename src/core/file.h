// Small file helpers with errors that name the path and the system's reason.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace dermatome {

// The whole content of `path`. Throws DataError.
std::string read_file(const std::filesystem::path& path);

// Replaces `path` by `content` so that a reader, also after a crash, sees the old file or the new
// one, never a part: written beside it, synced, renamed. Throws DataError.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

// Creates `path` and the folders above it where they are missing. Throws DataError.
void make_directories(const std::filesystem::path& path);

// Forces a file's content, or a directory's entries, to the disk. Throws DataError.
void sync_path(const std::filesystem::path& path);

// Renames a complete, synced file or directory to its final name and syncs the parent. Throws
// DataError.
void commit_rename(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace dermatome
