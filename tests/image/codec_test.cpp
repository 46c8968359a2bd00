#include "src/image/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "src/core/error.h"
#include "src/core/file.h"

namespace dermatome {
namespace {

using testing::HasSubstr;

// The same formulas as in make_images.py.
constexpr int kWidth = 7;
constexpr int kHeight = 5;
int value(int x, int y, int channel) { return (37 * x + 91 * y + 53 * channel) % 256; }

using Pixel = std::array<int, 3>;

Image drawn(const std::function<Pixel(int, int)>& pixel) {
  Image image{kHeight, kWidth, {}};
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      for (const int level : pixel(x, y)) image.pixels.push_back(static_cast<uint8_t>(level));
    }
  }
  return image;
}

Pixel color(int x, int y) { return {value(x, y, 0), value(x, y, 1), value(x, y, 2)}; }
Pixel gray(int x, int y) { return {value(x, y, 0), value(x, y, 0), value(x, y, 0)}; }
Pixel ramp(int x, int y) {
  const int level = 20 + 30 * x + 8 * y;
  return {level, level, level};
}

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
  expect_same(load_image(data("rgb.png")), drawn(color));
  expect_same(load_image(data("gray.png")), drawn(gray));
  expect_same(load_image(data("gray_alpha.png")), drawn(gray));
  for (const char* name : {"palette.png", "palette_alpha.png"}) {
    expect_same(load_image(data(name)), drawn([&](int x, int y) { return kPalette[(x + y) % 4]; }));
  }
  expect_same(load_image(data("interlaced.png")), drawn(color));
  expect_same(load_image(data("one_bit.png")), drawn([](int x, int y) {
                const int level = (x + y) % 2 * 255;
                return Pixel{level, level, level};
              }));
}

TEST(Codec, DropsAlphaWithoutCompositing) {
  expect_same(load_image(data("alpha.png")), drawn(color));
  expect_same(load_image(data("alpha.webp")), drawn(color));
}

TEST(Codec, DecodesLosslessWebp) { expect_same(load_image(data("rgb.webp")), drawn(color)); }

TEST(Codec, DecodesLossyWebpAsPillowDoes) {
  for (const std::string name : {"lossy", "lossy_alpha"}) {
    expect_same(load_image(data(name + ".webp")), load_image(data(name + "_decoded.png")));
  }
}

TEST(Codec, RepeatsTheGrayOfAJpeg) {
  const Image image = load_image(data("gray.jpg"));
  const Image expected = drawn(ramp);
  EXPECT_EQ(image.height, expected.height);
  EXPECT_EQ(image.width, expected.width);
  ASSERT_EQ(image.pixels.size(), expected.pixels.size());
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    EXPECT_NEAR(image.pixels[i], expected.pixels[i], 2) << i;
    EXPECT_EQ(image.pixels[i], image.pixels[i / 3 * 3]) << i;
  }
}

TEST(Codec, RefusesWhatItWouldGetWrong) {
  EXPECT_THAT([] { load_image(data("float.tif")); },
              throws_naming("a TIFF with 1 samples of 32 bits, photometric 1, sample format 3"));
  EXPECT_THAT([] { load_image(data("animated.webp")); }, throws_naming("animated"));
  EXPECT_THAT([] { load_image(data("huge.png")); }, throws_naming("100000 x 100000"));
  EXPECT_THAT([] { load_image(golden("README.md")); }, throws_naming("README.md"));
  EXPECT_THAT([] { decode_image({}, "nothing"); }, throws_naming("nothing"));
}

TEST(Codec, ConvertsCmykAsPillowDoes) {
  expect_same(load_image(data("cmyk.jpg")), load_image(data("cmyk_decoded.png")));
}

TEST(Codec, ClipsGrayOfSixteenBitsAndSaysSo) {
  const std::string file = read_file(data("gray_16.png"));
  const FileImage image = decode_file_image(std::as_bytes(std::span(file)), "gray");
  EXPECT_EQ(image.samples, (std::vector<uint8_t>{7, 7, 7, 255, 255, 255, 255, 255, 255}));
  EXPECT_TRUE(image.clipped);
}

TEST(Codec, DecodesTiffBmpAndGif) {
  expect_same(load_image(data("rgb.tif")), drawn(color));
  expect_same(load_image(data("rgb.bmp")), drawn(color));
  expect_same(load_image(data("palette.gif")), load_image(data("palette.png")));
}

// Only some kinds of BMP; Pillow may read more.
TEST(Codec, RefusesABmpOfASeldomKind) {
  const std::string whole = read_file(data("rgb.bmp"));
  for (const auto& [place, number, problem] :
       {std::tuple(28, 16, "a BMP with 16 bits per pixel and compression 0; save it with 24"),
        {30, 1, "a BMP with 24 bits per pixel and compression 1; save it with 24"},
        {14, 64, "a BMP with a header of 64 bytes"}}) {
    std::string file = whole;
    file[place] = static_cast<char>(number);
    EXPECT_THAT([&] { decode_image(std::as_bytes(std::span(file)), "scan"); },
                throws_naming(problem));
  }
}

TEST(Codec, NamesTheFormatOfAnImageThatIsNotRead) {
  using namespace std::string_literals;
  const std::vector<std::pair<std::string, std::string>> files = {
      {"\0\0\0\x1c"s + "ftypheic", "HEIC or AVIF"},
      {"\0\0\0\x0c"s + "jP  \r\n\x87\n", "JPEG 2000"},
      {std::string(128, '\0') + "DICM", "DICOM"},
  };
  for (const auto& file : files) {
    EXPECT_THAT(
        [&] { decode_image(std::as_bytes(std::span(file.first)), "scan"); },
        throws_naming("scan: a " + file.second + " image; convert it to JPEG, PNG or WebP"));
  }
  const std::string neither_order = "MM*\0"s;
  EXPECT_THAT([&] { decode_image(std::as_bytes(std::span(neither_order)), "scan"); },
              throws_naming("scan: neither JPEG"));
}

TEST(Codec, RefusesEveryTruncation) {
  for (const std::string& path :
       {golden("image_b.jpg"), data("progressive.jpg"), golden("image_a.png"),
        data("interlaced.png"), data("rgb.webp"), data("lossy.webp"), data("lossy_alpha.webp"),
        data("rgb.tif"), data("rgb.bmp"), data("palette.gif")}) {
    const std::string whole = read_file(path);
    for (const double share : {0.01, 0.3, 0.7, 0.98}) {
      const auto size = static_cast<size_t>(static_cast<double>(whole.size()) * share);
      const auto part = std::as_bytes(std::span(whole)).first(size);
      EXPECT_THAT([&] { decode_image(part, "part"); }, throws_naming("part"))
          << path << " cut to " << size << " bytes";
    }
  }
}

TEST(Codec, ADamagedJpegDoesNotChangeTheNextOne) {
  const std::string whole = read_file(golden("image_b.jpg"));
  const Image expected = load_image(golden("image_b.jpg"));
  for (size_t size = 4; size < 700; size += 7) {
    const auto part = std::as_bytes(std::span(whole)).first(size);
    EXPECT_THROW(decode_image(part, "part"), DataError) << size;
    EXPECT_EQ(load_image(golden("image_b.jpg")).pixels, expected.pixels) << "after " << size;
  }
  // An image without quantization tables must not get the tables of the image before.
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
  // Damages the entropy-coded data, which still decodes to some image.
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

// The headers alone claim more than 178 million pixels. Nothing of that size may be allocated.
TEST(Codec, RefusesDecompressionBombs) {
  std::string jpeg = read_file(golden("image_b.jpg"));
  const size_t frame = jpeg.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\xFD\xE8\xFD\xE8");  // height, width
  std::string lossless = read_file(data("rgb.webp"));
  ASSERT_EQ(lossless.substr(12, 4), "VP8L");
  for (size_t i = 21; i < 24; ++i) lossless[i] = '\xFF';  // 14 bits each of width - 1, height - 1
  lossless[24] = static_cast<char>(lossless[24] | 0x0F);
  std::string lossy = read_file(data("lossy.webp"));
  ASSERT_EQ(lossy.substr(12, 4), "VP8 ");
  lossy.replace(26, 4, "\xFF\x3F\xFF\x3F");  // width, height
  std::string alpha = read_file(data("lossy_alpha.webp"));
  ASSERT_EQ(alpha.substr(12, 4), "VP8X");
  const size_t frame_of_alpha = alpha.find("\x9D\x01\x2A");
  ASSERT_NE(frame_of_alpha, std::string::npos);
  alpha.replace(24, 6, "\xFE\x3F\0\xFE\x3F\0", 6);  // 24 bits each of width - 1, height - 1
  alpha.replace(frame_of_alpha + 3, 4, "\xFF\x3F\xFF\x3F");
  std::string bmp = read_file(data("rgb.bmp"));
  bmp.replace(18, 8, "\xE8\xFD\0\0\xE8\xFD\0\0", 8);  // width, height
  std::string gif = read_file(data("palette.gif"));
  gif.replace(6, 4, "\xE8\xFD\xE8\xFD");
  // Width and height, the place of a strip and its length, each one number of 4 bytes.
  const std::string tiff(
      "II*\0\x08\0\0\0\x04\0"
      "\0\x01\x04\0\x01\0\0\0\xE8\xFD\0\0"
      "\x01\x01\x04\0\x01\0\0\0\xE8\xFD\0\0"
      "\x11\x01\x04\0\x01\0\0\0\x08\0\0\0"
      "\x17\x01\x04\0\x01\0\0\0\x08\0\0\0"
      "\0\0\0\0",
      62);
  for (const auto& [file, size] : {std::pair(jpeg, "65000 x 65000"),
                                   {lossless, "16384 x 16384"},
                                   {lossy, "16383 x 16383"},
                                   {alpha, "16383 x 16383"},
                                   {bmp, "65000 x 65000"},
                                   {gif, "65000 x 65000"},
                                   {tiff, "65000 x 65000"}}) {
    EXPECT_THAT(
        [&file = file] { decode_image(std::as_bytes(std::span(file)), "bomb"); },
        testing::ThrowsMessage<DataError>(testing::AllOf(HasSubstr("bomb"), HasSubstr(size))));
  }
}

// The same coefficients, in ten scans instead of one.
TEST(Codec, DecodesProgressiveJpeg) {
  expect_same(load_image(data("progressive.jpg")), load_image(data("baseline.jpg")));
}

// Scans of a few bytes each would keep the decoder of a large image busy for hours.
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

TEST(Codec, JpegIsDeterministicAndCloseToTheImage) {
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

TEST(Codec, NamesAnImageThatIsTooLargeForJpeg) {
  EXPECT_THAT([] { encode_jpeg(black_image(1, 65'501), 90, "wide.png"); },
              throws_naming("wide.png: cannot be encoded as JPEG with 65501 x 1 pixels"));
}

}  // namespace
}  // namespace dermatome
