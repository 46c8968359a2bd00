#include "src/image/text_drawing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "src/core/error.h"

namespace dermatome {
namespace {

Image paper(int height, int width) {
  Image image = black_image(height, width);
  std::fill(image.pixels.begin(), image.pixels.end(), kWhite.red);
  return image;
}

Image drawn(const std::string& text, int left = 4, int top = 4, int width = 300) {
  Image image = paper(32, width);
  TextPainter(FontStyle::kRegular, 16).draw(text, left, top, {0, 0, 0}, image);
  return image;
}

// First and last column that is not white; {width, -1} for an empty page.
std::pair<int, int> ink_columns(const Image& image) {
  std::pair<int, int> columns = {image.width, -1};
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    if (image.pixels[i] == kWhite.red) continue;
    const auto column = static_cast<int>(i / 3 % image.width);
    columns = {std::min(columns.first, column), std::max(columns.second, column)};
  }
  return columns;
}

TEST(TextPainter, InkLiesWhereTheTextIs) {
  const TextPainter painter(FontStyle::kRegular, 16);
  const auto [first, last] = ink_columns(drawn("naevus"));
  EXPECT_GE(first, 3);
  EXPECT_LE(first, 7);
  EXPECT_NEAR(last, 4 + painter.width("naevus"), 3);
  EXPECT_EQ(ink_columns(drawn(" \n\t")).second, -1);
  EXPECT_GT(painter.line_height(), 16);
  EXPECT_GT(TextPainter(FontStyle::kBold, 16).width("naevus"), painter.width("naevus"));
}

TEST(TextPainter, LettersLieInTheLinesBox) {
  for (int size = 8; size < 40; ++size) {
    const TextPainter painter(FontStyle::kRegular, size);
    Image page = paper(3 * painter.line_height(), 400);
    painter.draw("ÅÜljgpqy_|", 4, painter.line_height(), {0, 0, 0}, page);
    const auto row = page.pixels.begin() + int64_t{painter.line_height()} * page.width * 3;
    const auto end = row + int64_t{painter.line_height()} * page.width * 3;
    const auto is_white = [](uint8_t value) { return value == kWhite.red; };
    EXPECT_TRUE(std::all_of(page.pixels.begin(), row, is_white)) << size;
    EXPECT_FALSE(std::all_of(row, end, is_white)) << size;
    EXPECT_TRUE(std::all_of(end, page.pixels.end(), is_white)) << size;
  }
}

TEST(TextPainter, EqualTextGivesEqualPixels) {
  EXPECT_EQ(drawn("naevus").pixels, drawn("naevus").pixels);
  EXPECT_NE(drawn("naevus").pixels, drawn("nevus").pixels);
}

TEST(TextPainter, DrawsInItsColour) {
  Image image = paper(32, 100);
  TextPainter(FontStyle::kBold, 24).draw("I", 4, 0, {200, 0, 0}, image);
  std::vector<uint8_t> darkest = {255, 255, 255};
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    darkest[i % 3] = std::min(darkest[i % 3], image.pixels[i]);
  }
  EXPECT_EQ(darkest, (std::vector<uint8_t>{200, 0, 0}));
}

TEST(TextPainter, LeavesOutWhatIsOutside) {
  for (const int left : {-1000, -20, 280, 5000}) {
    for (const int top : {-1000, -8, 28, 5000}) EXPECT_EQ(drawn("naevus", left, top).height, 32);
  }
  EXPECT_EQ(ink_columns(drawn("naevus", 5000)).second, -1);
}

TEST(TextPainter, TakesAnyBytes) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const std::string& text :
       {all, std::string("\xff\xfe"), std::string("\xe2\x82"), std::string("\xf4\x90\x80\x80"),
        std::string("\xfd\xbf\xbf\xbf\xbf\xbf"), std::string("\xed\xa0\x80"),
        std::string("皮膚 الجلد кожа 😀 a\u0301")}) {
    EXPECT_GE(ink_columns(drawn(text, 4, 4, 6000)).second, 0);
    EXPECT_FALSE(TextPainter(FontStyle::kRegular, 16).wrap(text, 40, 3).empty());
  }
  EXPECT_EQ(drawn("\xff").pixels, drawn("\uFFFD").pixels);
}

TEST(TextPainter, WrapsAtBlanks) {
  const TextPainter painter(FontStyle::kRegular, 16);
  const std::string text = " a sharply  demarcated plaque\nof the left elbow ";
  std::string joined;
  for (const std::string& line : painter.wrap(text, 120, 100)) {
    EXPECT_LE(painter.width(line), 120) << line;
    joined += line + " ";
  }
  std::erase_if(joined, [](char letter) { return letter == ' ' || letter == '\n'; });
  EXPECT_EQ(joined, "asharplydemarcatedplaqueoftheleftelbow");
  EXPECT_EQ(painter.wrap("plaque", 120, 1), std::vector<std::string>{"plaque"});
  EXPECT_TRUE(painter.wrap(" \n ", 120, 1).empty());
}

TEST(TextPainter, BreaksWordsThatAreTooWide) {
  const TextPainter painter(FontStyle::kRegular, 16);
  const std::string word(50, 'm');
  const auto lines = painter.wrap(word, 100, 100);
  std::string joined;
  for (const std::string& line : lines) {
    EXPECT_LE(painter.width(line), 100);
    joined += line;
  }
  EXPECT_EQ(joined, word);
  EXPECT_EQ(painter.wrap("mm", 1, 9), (std::vector<std::string>{"m", "m"}));
}

TEST(TextPainter, ElidesWhatDoesNotFit) {
  const TextPainter painter(FontStyle::kRegular, 16);
  std::string text;
  for (int i = 0; i < 100; ++i) text += "plaque ";
  const auto lines = painter.wrap(text, 200, 3);
  ASSERT_EQ(lines.size(), 3);
  EXPECT_TRUE(lines.back().ends_with("…")) << lines.back();
  for (const std::string& line : lines) EXPECT_LE(painter.width(line), 200);
}

// A machine whose fontconfig finds nothing in the one folder it looks into.
class NoFonts : public testing::Test {
 protected:
  void SetUp() override {
    const std::string folder = testing::TempDir() + "no_fonts";
    const std::string file = folder + ".conf";
    std::ofstream(file) << "<fontconfig><dir>" << folder << "</dir></fontconfig>";
    setenv("FONTCONFIG_FILE", file.c_str(), 1);
  }
  void TearDown() override { unsetenv("FONTCONFIG_FILE"); }
};

TEST_F(NoFonts, AreAnErrorThatSaysWhatToInstall) {
  try {
    TextPainter(FontStyle::kRegular, 16);
    FAIL() << "drew without a font";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("fonts-dejavu-core"), std::string::npos);
  }
}

}  // namespace
}  // namespace dermatome
