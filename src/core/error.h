// The project's errors. Every failure a user can meet is one of five kinds, and its message says
// what was wrong, with the values, where (file, key, shard and row, rank), and what to do about it.
//
// Below launcher/ nothing exits or aborts: errors are thrown, and launcher/exit_codes.cpp turns the
// kind into the process's exit code.
#pragma once

#include <concepts>
#include <stdexcept>
#include <string>

namespace dermatome {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The command line, a configuration file or a combination of settings is wrong. Retrying cannot
// help.
class ConfigError : public Error {
 public:
  using Error::Error;
};

// A file is missing, truncated or corrupt, or its content contradicts itself.
class DataError : public Error {
 public:
  using Error::Error;
};

// Storage was waited for and did not come back. This says nothing about the file, which may be
// whole: a restart may help. Not a DataError, so that nobody takes the file for damaged.
class StorageLost : public Error {
 public:
  using Error::Error;
};

// A collective failed or timed out: a peer died, hangs, or cannot be reached. A restart may help.
class CommunicationError : public Error {
 public:
  using Error::Error;
};

// The program broke a rule of its own: a defect of Dermatome.
class InternalError : public Error {
 public:
  using Error::Error;
};

// Throws InternalError naming `what` unless `condition` holds. For the programmer's promises, never
// for user input.
inline void require(bool condition, const std::string& what) {
  if (!condition) throw InternalError("internal error: " + what);
}

// The same where a promise is checked for every sample: no text is made while it holds.
inline void require(bool condition, const char* what) {
  if (!condition) require(false, std::string(what));
}

// The same; what() makes the text, and is called only if the promise is broken.
template <typename What>
requires std::invocable<const What&>
void require(bool condition, const What& what) {
  if (!condition) require(false, std::string(what()));
}

}  // namespace dermatome
