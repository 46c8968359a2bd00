#include "src/image/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>

#include "src/core/error.h"
#include "src/core/file.h"

namespace dermatome {
namespace {

using testing::HasSubstr;

// The formulas of make_pictures.py.
constexpr int kWidth = 7;
constexpr int kHeight = 5;
int value(int x, int y, int channel) { return (37 * x + 91 * y + 53 * channel) % 256; }

using Pixel = std::array<int, 3>;

Image picture(const std::function<Pixel(int, int)>& pixel) {
  Image image{kHeight, kWidth, {}};
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      for (const int level : pixel(x, y)) image.pixels.push_back(static_cast<uint8_t>(level));
    }
  }
  return image;
}

Pixel color(int x, int y) { return {value(x, y, 0), value(x, y, 1), value(x, y, 2)}; }
Pixel grey(int x, int y) { return {value(x, y, 0), value(x, y, 0), value(x, y, 0)}; }

std::string data(const std::string& name) {
  return std::string(DERMATOME_SOURCE_DIR "/tests/image/data/") + name;
}

std::string golden(const std::string& name) {
  return std::string(DERMATOME_SOURCE_DIR "/tests/golden/") + name;
}

void expect_same(const Image& image, const Image& expected) {
  EXPECT_EQ(image.height, expected.height);
  EXPECT_EQ(image.width, expected.width);
  EXPECT_EQ(image.pixels, expected.pixels);
}

auto throws_naming(const std::string& what) {
  return testing::ThrowsMessage<DataError>(HasSubstr(what));
}

TEST(Codec, DecodesEveryKindOfPngToRgb) {
  constexpr std::array<Pixel, 4> kPalette{
      {{10, 20, 30}, {200, 100, 50}, {0, 255, 0}, {90, 0, 180}}};
  expect_same(load_image(data("rgb.png")), picture(color));
  expect_same(load_image(data("grey.png")), picture(grey));
  expect_same(load_image(data("grey_alpha.png")), picture(grey));
  expect_same(load_image(data("palette.png")),
              picture([&](int x, int y) { return kPalette[(x + y) % 4]; }));
  expect_same(load_image(data("one_bit.png")), picture([](int x, int y) {
                const int level = (x + y) % 2 * 255;
                return Pixel{level, level, level};
              }));
}

TEST(Codec, DropsAlphaWithoutCompositing) {
  expect_same(load_image(data("alpha.png")), picture(color));
  expect_same(load_image(data("alpha.webp")), picture(color));
}

TEST(Codec, DecodesLosslessWebp) { expect_same(load_image(data("rgb.webp")), picture(color)); }

TEST(Codec, RepeatsTheGreyOfAJpeg) {
  const Image image = load_image(data("grey.jpg"));
  EXPECT_EQ(image.pixels, std::vector<uint8_t>(kWidth * kHeight * 3, 128));
}

TEST(Codec, RefusesWhatItWouldGetWrong) {
  EXPECT_THAT([] { load_image(data("sixteen_bit.png")); }, throws_naming("16 bits"));
  EXPECT_THAT([] { load_image(data("cmyk.jpg")); }, throws_naming("CMYK"));
  EXPECT_THAT([] { load_image(data("animated.webp")); }, throws_naming("animated"));
  EXPECT_THAT([] { load_image(data("huge.png")); }, throws_naming("100000 x 100000"));
  EXPECT_THAT([] { load_image(golden("README.md")); }, throws_naming("README.md"));
  EXPECT_THAT([] { decode_image({}, "nothing"); }, throws_naming("nothing"));
}

TEST(Codec, RefusesEveryTruncation) {
  for (const std::string& path : {golden("image_b.jpg"), golden("image_a.png"), data("rgb.webp")}) {
    const std::string whole = read_file(path);
    for (const double share : {0.01, 0.3, 0.7, 0.98}) {
      const auto size = static_cast<size_t>(static_cast<double>(whole.size()) * share);
      const auto part = std::as_bytes(std::span(whole)).first(size);
      EXPECT_THAT([&] { decode_image(part, "part"); }, throws_naming("part"))
          << path << " cut to " << size << " bytes";
    }
  }
}

TEST(Codec, NothingOfAJpegIsLeftForTheNext) {
  const std::string whole = read_file(golden("image_b.jpg"));
  const Image expected = load_image(golden("image_b.jpg"));
  for (size_t size = 4; size < 700; size += 7) {
    const auto part = std::as_bytes(std::span(whole)).first(size);
    EXPECT_THROW(decode_image(part, "part"), DataError) << size;
    EXPECT_EQ(load_image(golden("image_b.jpg")).pixels, expected.pixels) << "after " << size;
  }
  // A picture that has no quantisation tables cannot borrow those of the one before.
  std::string stripped = whole;
  for (size_t at; (at = stripped.find("\xFF\xDB")) != std::string::npos;) {
    const auto high = static_cast<unsigned char>(stripped[at + 2]);
    const auto low = static_cast<unsigned char>(stripped[at + 3]);
    stripped.erase(at, 2 + (size_t{high} << 8 | low));
  }
  ASSERT_LT(stripped.size(), whole.size());
  EXPECT_THAT([&] { decode_image(std::as_bytes(std::span(stripped)), "stripped"); },
              throws_naming("stripped"));
}

TEST(Codec, RefusesAJpegWithMissingOrSurplusData) {
  const std::string whole = read_file(golden("image_b.jpg"));
  // In the middle of the entropy-coded data: the rest decodes to something, but not to the picture.
  for (const bool surplus : {false, true}) {
    std::string damaged = whole;
    if (surplus) {
      damaged.insert(whole.size() - 2, 400, 'x');
    } else {
      damaged.erase(whole.size() / 2, whole.size() / 4);
    }
    EXPECT_THAT([&] { decode_image(std::as_bytes(std::span(damaged)), "cut"); },
                throws_naming("cut: damaged JPEG"))
        << surplus;
  }
}

TEST(Codec, RefusesADamagedPng) {
  std::string bytes = read_file(golden("image_a.png"));
  bytes[bytes.size() / 2] ^= 1;
  EXPECT_THAT([&] { decode_image(std::as_bytes(std::span(bytes)), "flipped"); },
              throws_naming("flipped"));
}

// Their headers alone claim more than 178 million pixels; nothing of that size may be allocated.
TEST(Codec, RefusesDecompressionBombs) {
  std::string jpeg = read_file(golden("image_b.jpg"));
  const size_t frame = jpeg.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\xFD\xE8\xFD\xE8");  // height, width
  std::string webp = read_file(data("rgb.webp"));
  ASSERT_EQ(webp.substr(12, 4), "VP8L");
  for (size_t i = 21; i < 24; ++i) webp[i] = '\xFF';  // 14 bits each of width - 1 and height - 1
  webp[24] = static_cast<char>(webp[24] | 0x0F);
  for (const std::string& file : {jpeg, webp}) {
    const std::string size = file == jpeg ? "65000 x 65000" : "16384 x 16384";
    EXPECT_THAT(
        [&] { decode_image(std::as_bytes(std::span(file)), "bomb"); },
        testing::ThrowsMessage<DataError>(testing::AllOf(HasSubstr("bomb"), HasSubstr(size))));
  }
}

// The same coefficients, in ten scans instead of one.
TEST(Codec, DecodesProgressiveJpeg) {
  expect_same(load_image(data("progressive.jpg")), load_image(data("baseline.jpg")));
}

// Of a few bytes each, they would keep a large picture's decoder busy for hours.
TEST(Codec, RefusesAJpegOfThousandsOfScans) {
  const std::string whole = read_file(data("progressive.jpg"));
  const size_t last = whole.rfind("\xFF\xDA");
  ASSERT_NE(last, std::string::npos);
  const std::string scan = whole.substr(last, whole.size() - 2 - last);
  std::string bomb = whole.substr(0, last);
  for (int i = 0; i < 2000; ++i) bomb += scan;
  bomb += "\xFF\xD9";
  EXPECT_THAT([&] { decode_image(std::as_bytes(std::span(bomb)), "bomb"); },
              testing::ThrowsMessage<DataError>(
                  testing::AllOf(HasSubstr("bomb: damaged JPEG"), HasSubstr("scans"))));
}

TEST(Codec, JpegIsDeterministicAndCloseToThePicture) {
  const Image image = load_image(golden("image_b.jpg"));
  for (const int quality : {90, 95}) {
    const std::vector<std::byte> encoded = encode_jpeg(image, quality);
    EXPECT_EQ(encoded, encode_jpeg(image, quality));
    const Image again = decode_image(encoded, "encoded");
    ASSERT_EQ(again.pixels.size(), image.pixels.size());
    double difference = 0;
    for (size_t i = 0; i < image.pixels.size(); ++i) {
      difference += std::abs(again.pixels[i] - image.pixels[i]);
    }
    EXPECT_LT(difference / static_cast<double>(image.pixels.size()), 3.0) << quality;
  }
  EXPECT_LT(encode_jpeg(image, 60).size(), encode_jpeg(image, 90).size());
}

TEST(Codec, NamesAPictureThatIsTooLargeForJpeg) {
  EXPECT_THAT([] { encode_jpeg(black_image(1, 65'501), 90, "wide.png"); },
              throws_naming("wide.png: cannot be encoded as JPEG with 65501 x 1 pixels"));
}

}  // namespace
}  // namespace dermatome
