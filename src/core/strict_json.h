// Reads JSON documents whose keys are all known. Refuses a key that is there twice, is missing or
// that nobody asked for, and a value of another type. Every message names the file, the key, its
// value and what is expected of it. (src/config/field_reader reads YAML and also knows
// lines and columns and which values are set.)
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <string_view>

namespace dermatome {

// Throws DataError beginning with `file` for text that is not JSON or has a key twice in an object.
nlohmann::json parse_json(std::string_view content, const std::string& file);

// One object of a document. It hands out its values by key and remembers which were asked for. A
// null counts as missing. All functions but has() throw DataError.
class JsonObject {
 public:
  // `value`, which must be an object and outlive this. `file` begins the messages, unless it is
  // empty. `name`: where the object is in the document, empty for the document itself.
  JsonObject(std::string file, std::string name, const nlohmann::json& value);

  bool has(const std::string& key) const;
  // Whether the key is there, also with null.
  bool contains(const std::string& key) const;
  // The value; null if it is missing.
  const nlohmann::json& find(const std::string& key);
  JsonObject object(const std::string& key);
  // `T`: bool, int, int64_t, uint32_t, uint64_t, double, std::string, or a std::vector of
  // std::string, uint64_t or double.
  template <typename T>
  T get(const std::string& key);
  // Leaves `out` as it is if the value is missing.
  template <typename T>
  void read(const std::string& key, T& out);
  // Accepts `keys`, which have no influence.
  void ignore(const std::set<std::string>& keys) { known_.insert(keys.begin(), keys.end()); }

  // Refuses keys that nobody asked for. `hint` ends the message.
  void finish(const std::string& hint = "") const;

  // FILE: KEY (VALUE) PROBLEM
  [[noreturn]] void fail(const std::string& key, const std::string& problem) const;

 private:
  std::string qualified(const std::string& key) const;

  std::string where_;  // with ": " unless it is empty
  std::string name_;
  const nlohmann::json& value_;
  std::set<std::string> known_;
};

}  // namespace dermatome
