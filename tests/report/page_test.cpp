#include "src/report/page.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>

namespace dermatome {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// The data in `page`, as its script reads them.
json data_of(const std::string& page) {
  const std::string begin = "id=\"data\">";
  const size_t first = page.find(begin) + begin.size();
  return json::parse(page.substr(first, page.find("</script>", first) - first));
}

class Page : public testing::TestWithParam<std::string (*)(const json&)> {};

INSTANTIATE_TEST_SUITE_P(Every, Page, testing::Values(render_page, render_sheet));

TEST_P(Page, HoldsAnyDataUnchanged) {
  const json data = {
      {"text", "</script><script>alert(1)</script><!-- @SCRIPT@ @STYLE@ @DATA@ &amp; \u2028"}};
  const std::string page = GetParam()(data);
  EXPECT_EQ(data_of(page), data);
  EXPECT_THAT(page, Not(HasSubstr("alert(1)</script>")));
  EXPECT_THAT(page, Not(HasSubstr("<!--")));
}

TEST_P(Page, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(data_of(GetParam()({{"name",
                                 "a\xff"
                                 "b"}}))["name"],
            "a\uFFFDb");
}

TEST_P(Page, ForbidsItselfAllRequests) {
  const std::string page = GetParam()(json::object());
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, Not(HasSubstr("@STYLE@")));
  EXPECT_THAT(page, Not(HasSubstr("@SCRIPT@")));
}

}  // namespace
}  // namespace dermatome
