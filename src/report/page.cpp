#include "src/report/page.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "src/core/base64.h"
#include "src/core/error.h"
#include "src/core/json_text.h"
#include "src/image/codec.h"

#define DERMATOME_EMBED(symbol, file)                                       \
  __asm__(".pushsection .rodata\n" #symbol                                  \
          "_begin:\n"                                                       \
          ".incbin \"" DERMATOME_PAGE "/" file "\"\n" #symbol               \
          "_end:\n"                                                         \
          ".byte 0\n"                                                       \
          ".popsection\n");                                                 \
  extern "C" {                                                              \
  extern const char symbol##_begin[] __attribute__((visibility("hidden"))); \
  extern const char symbol##_end[] __attribute__((visibility("hidden")));   \
  }

DERMATOME_EMBED(dermatome_page_html, "page.html")
DERMATOME_EMBED(dermatome_page_style, "style.css")
DERMATOME_EMBED(dermatome_page_elements, "elements.js")
DERMATOME_EMBED(dermatome_page_charts, "charts.js")
DERMATOME_EMBED(dermatome_page_scores, "scores.js")
DERMATOME_EMBED(dermatome_page_images, "images.js")
DERMATOME_EMBED(dermatome_page_main, "main.js")
DERMATOME_EMBED(dermatome_sheet_html, "sheet.html")
DERMATOME_EMBED(dermatome_sheet_style, "sheet.css")
DERMATOME_EMBED(dermatome_sheet_script, "sheet.js")

#undef DERMATOME_EMBED

namespace dermatome {
namespace {

constexpr int kQuality = 95;  // from here on colors keep their full resolution

// What a page is made of, beside its data.
struct Template {
  std::string_view html;
  std::string style = {}, script = {};
};

std::string_view text(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

Template report_template() {
  Template page{.html = text(dermatome_page_html_begin, dermatome_page_html_end)};
  page.style += text(dermatome_page_style_begin, dermatome_page_style_end);
  page.script += text(dermatome_page_elements_begin, dermatome_page_elements_end);
  page.script += text(dermatome_page_charts_begin, dermatome_page_charts_end);
  page.script += text(dermatome_page_scores_begin, dermatome_page_scores_end);
  page.script += text(dermatome_page_images_begin, dermatome_page_images_end);
  page.script += text(dermatome_page_main_begin, dermatome_page_main_end);
  return page;
}

Template sheet_template() {
  Template page{.html = text(dermatome_sheet_html_begin, dermatome_sheet_html_end)};
  page.style += text(dermatome_page_style_begin, dermatome_page_style_end);
  page.style += text(dermatome_sheet_style_begin, dermatome_sheet_style_end);
  page.script += text(dermatome_page_elements_begin, dermatome_page_elements_end);
  page.script += text(dermatome_sheet_script_begin, dermatome_sheet_script_end);
  return page;
}

// JSON inside <script>: without `<` no end tag and no comment can begin.
std::string harmless(const nlohmann::json& data) {
  const std::string plain = json_line(data);
  std::string escaped;
  escaped.reserve(plain.size());
  for (const char c : plain) {
    if (c == '<') {
      escaped += "\\u003c";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string fill(const Template& source, const nlohmann::json& data) {
  std::string page(source.html);
  // From the last to the first, so that nothing is looked for in what was put in.
  const std::pair<std::string_view, std::string> parts[] = {
      {"@SCRIPT@", source.script}, {"@DATA@", harmless(data)}, {"@STYLE@", source.style}};
  size_t end = page.size();
  for (const auto& [mark, content] : parts) {
    const size_t place = page.rfind(mark, end);
    require(place != std::string::npos, "the page's template lacks " + std::string(mark));
    page.replace(place, mark.size(), content);
    end = place;
  }
  return page;
}

}  // namespace

std::string render_page(const nlohmann::json& data) { return fill(report_template(), data); }

std::string render_sheet(const nlohmann::json& data) { return fill(sheet_template(), data); }

std::string image_uri(const Image& image, const std::string& name) {
  return "data:image/jpeg;base64," + base64(encode_jpeg(image, kQuality, name));
}

}  // namespace dermatome
