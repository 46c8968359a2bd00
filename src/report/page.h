// The page a report is: one HTML file that needs nothing else.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace dermatome {

// The page (src/report/page/) with `data` in it, which its script draws. Nothing in `data` can
// become markup, and the page forbids itself every request. Bytes that are not UTF-8 become U+FFFD.
std::string render_page(const nlohmann::json& data);

}  // namespace dermatome
