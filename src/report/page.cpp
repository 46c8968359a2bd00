#include "src/report/page.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "src/core/base64.h"
#include "src/core/error.h"
#include "src/core/json_text.h"
#include "src/core/text.h"
#include "src/image/codec.h"

#define DERMATOME_EMBED(symbol, file)                                            \
  __asm__(".pushsection .rodata\n" #symbol                                       \
          "_begin:\n"                                                            \
          ".incbin \"" DERMATOME_PAGE "/" file "\"\n" #symbol                    \
          "_end:\n"                                                              \
          ".byte 0\n"                                                            \
          ".popsection\n");                                                      \
  extern "C" {                                                                   \
  extern const char symbol##_begin[] __attribute__((visibility("hidden")));      \
  extern const char symbol##_end[] __attribute__((visibility("hidden")));        \
  }                                                                              \
  static std::string_view symbol() {                                             \
    return {symbol##_begin, static_cast<size_t>(symbol##_end - symbol##_begin)}; \
  }

DERMATOME_EMBED(dermatome_frame_html, "frame.html")
DERMATOME_EMBED(dermatome_page_html, "page.html")
DERMATOME_EMBED(dermatome_page_style, "style.css")
DERMATOME_EMBED(dermatome_page_elements, "elements.js")
DERMATOME_EMBED(dermatome_page_charts, "charts.js")
DERMATOME_EMBED(dermatome_page_scores, "scores.js")
DERMATOME_EMBED(dermatome_page_images, "images.js")
DERMATOME_EMBED(dermatome_page_main, "main.js")
DERMATOME_EMBED(dermatome_compare_html, "compare.html")
DERMATOME_EMBED(dermatome_compare_script, "compare.js")
DERMATOME_EMBED(dermatome_sheet_html, "sheet.html")
DERMATOME_EMBED(dermatome_sheet_style, "sheet.css")
DERMATOME_EMBED(dermatome_sheet_script, "sheet.js")

#undef DERMATOME_EMBED

namespace dermatome {
namespace {

constexpr int kQuality = 95;  // from this quality on colors keep their full resolution

// The parts of a page, without the frame that all pages share and without its data.
struct Template {
  std::string_view kind;  // in the window's title
  std::string_view body;
  std::string style, script;
};

Template report_template() {
  return {"report", dermatome_page_html(), text(dermatome_page_style()),
          text(dermatome_page_elements(), dermatome_page_charts(), dermatome_page_scores(),
               dermatome_page_images(), dermatome_page_main())};
}

Template comparison_template() {
  return {"comparison", dermatome_compare_html(), text(dermatome_page_style()),
          text(dermatome_page_elements(), dermatome_page_charts(), dermatome_page_scores(),
               dermatome_compare_script())};
}

Template sheet_template() {
  return {"sheet", dermatome_sheet_html(), text(dermatome_page_style(), dermatome_sheet_style()),
          text(dermatome_page_elements(), dermatome_sheet_script())};
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
  std::string page(dermatome_frame_html());
  // From the last to the first, so that no mark is looked for in a text that was put in.
  const std::pair<std::string_view, std::string> parts[] = {{"@SCRIPT@", source.script},
                                                            {"@DATA@", harmless(data)},
                                                            {"@BODY@", std::string(source.body)},
                                                            {"@STYLE@", source.style},
                                                            {"@KIND@", std::string(source.kind)}};
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

std::string render_comparison(const nlohmann::json& data) {
  return fill(comparison_template(), data);
}

std::string render_sheet(const nlohmann::json& data) { return fill(sheet_template(), data); }

std::string image_uri(const Image& image, const std::string& name) {
  return "data:image/jpeg;base64," + base64(encode_jpeg(image, kQuality, name));
}

}  // namespace dermatome
