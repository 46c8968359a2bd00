// JSON values as text that is always valid UTF-8.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace dermatome {

// `value` on one line. Bytes that are not UTF-8, as in some names of files, become replacement
// characters.
std::string json_line(const nlohmann::json& value);
std::string json_line(const nlohmann::ordered_json& value);
// `value` indented over several lines, for people.
std::string json_page(const nlohmann::json& value);
// The numbers of an object with four digits, for people: "auroc: 0.8125 top1: 0.3333".
std::string four_digits(const nlohmann::json& numbers);

}  // namespace dermatome
