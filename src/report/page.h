// Pages (src/report/page/): each is one HTML file that needs nothing else. Nothing in its data can
// become markup, and it forbids itself every request. Bytes that are not UTF-8 become U+FFFD.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace dermatome {

struct Image;

// A run's report with `data` (report.h) in it, which its script draws.
std::string render_page(const nlohmann::json& data);

// A comparison of runs with `data` (comparison.h) in it, which its script draws.
std::string render_comparison(const nlohmann::json& data);

// A sheet of records or of groups with `data` (sheet.h, duplicate_sheet.cpp) in it, which its
// script draws.
std::string render_sheet(const nlohmann::json& data);

// The image as a JPEG in a data URI; equal pixels give equal text. Throws DataError naming `name`.
std::string image_uri(const Image& image, const std::string& name);

}  // namespace dermatome
