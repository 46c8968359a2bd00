#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/image/codec.h"
#include "src/image/formats.h"

namespace dermatome {
namespace {

// What libpng's callbacks share. libpng is C: an error leaves it by longjmp to the frame that
// called it, so frames in between hold nothing with a destructor, and errors are thrown after it
// has returned.
struct Source {
  std::span<const std::byte> left;
  char message[128] = "";
};

void fail(png_structp png, png_const_charp message) {
  auto* source = static_cast<Source*>(png_get_error_ptr(png));
  std::strncpy(source->message, message, sizeof source->message - 1);
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep target, size_t count) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (source->left.size() < count) png_error(png, "the file ends too early");
  std::memcpy(target, source->left.data(), count);
  source->left = source->left.subspan(count);
}

struct Reader {
  explicit Reader(Source* source)
      : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, source, fail, ignore_warning)),
        info(png_create_info_struct(png)) {
    require(png != nullptr && info != nullptr, "png_create_read_struct failed");
    png_set_read_fn(png, source, read_bytes);
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  png_structp png;
  png_infop info;
};

// False when libpng reports an error.
bool read_header(const Reader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  png_read_info(reader.png, reader.info);
  return true;
}

// What the header says of an image's colors.
struct PngColors {
  bool is_palette = false;
  bool is_one_bit = false;
  bool has_alpha = false;  // an alpha channel
  bool has_key = false;    // transparent palette entries, or one transparent color
  bool is_wide_gray = false;
};

PngColors colors_of(const Reader& reader) {
  const int type = png_get_color_type(reader.png, reader.info);
  const int depth = png_get_bit_depth(reader.png, reader.info);
  return {.is_palette = type == PNG_COLOR_TYPE_PALETTE,
          .is_one_bit = type == PNG_COLOR_TYPE_GRAY && depth == 1,
          .has_alpha = (type & PNG_COLOR_MASK_ALPHA) != 0,
          .has_key = png_get_valid(reader.png, reader.info, PNG_INFO_tRNS) != 0,
          .is_wide_gray = type == PNG_COLOR_TYPE_GRAY && depth == 16};
}

// Asks for rows of 8-bit RGB or RGBA: palettes looked up, 1-4 bits widened, gray repeated, the
// lower byte of 16 bits left out. Gray of 16 bits stays as it is. Ancillary gamma and color
// profiles are not applied, as in Pillow.
bool request_rows(const Reader& reader, const PngColors& colors) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  if (!colors.is_wide_gray) {
    if (colors.is_palette) png_set_palette_to_rgb(reader.png);
    const int type = png_get_color_type(reader.png, reader.info);
    if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(reader.png);
    if (colors.has_key) png_set_tRNS_to_alpha(reader.png);
    if ((type & PNG_COLOR_MASK_COLOR) == 0) png_set_gray_to_rgb(reader.png);
    png_set_strip_16(reader.png);
  }
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  return true;
}

bool read_rows(const Reader& reader, png_bytepp rows) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  png_read_image(reader.png, rows);
  png_read_end(reader.png, nullptr);
  return true;
}

void append_bytes(png_structp png, png_bytep data, size_t count) {
  auto* target = static_cast<std::vector<std::byte>*>(png_get_io_ptr(png));
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  target->insert(target->end(), bytes, bytes + count);
}

void flush_nothing(png_structp) {}

struct Writer {
  Writer(Source* source, std::vector<std::byte>* target)
      : png(png_create_write_struct(PNG_LIBPNG_VER_STRING, source, fail, ignore_warning)),
        info(png_create_info_struct(png)) {
    require(png != nullptr && info != nullptr, "png_create_write_struct failed");
    png_set_write_fn(png, target, append_bytes, flush_nothing);
  }
  ~Writer() { png_destroy_write_struct(&png, &info); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  png_structp png;
  png_infop info;
};

bool write_image(const Writer& writer, const Image& image, png_bytepp rows) {
  if (setjmp(png_jmpbuf(writer.png)) != 0) return false;
  png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(image.width),
               static_cast<png_uint_32>(image.height), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writer.png, writer.info);
  png_write_image(writer.png, rows);
  png_write_end(writer.png, nullptr);
  return true;
}

}  // namespace

std::vector<std::byte> encode_png(const Image& image, const std::string& name) {
  Source source;
  std::vector<std::byte> encoded;
  const Writer writer(&source, &encoded);
  std::vector<png_bytep> rows(image.height);
  for (int y = 0; y < image.height; ++y) {
    rows[y] = const_cast<png_bytep>(image.pixels.data()) + static_cast<size_t>(y) * image.width * 3;
  }
  if (!write_image(writer, image, rows.data())) {
    throw DataError(text(name, ": cannot be encoded as PNG: ", source.message));
  }
  return encoded;
}

void formats::decode_png(std::span<const std::byte> encoded, FileImage& image) {
  Source source{.left = encoded};
  const Reader reader(&source);
  const auto check = [&](bool good) {
    if (!good) throw DataError(std::string("damaged PNG: ") + source.message);
  };
  check(read_header(reader));
  const PngColors colors = colors_of(reader);
  if (!colors.is_wide_gray && (colors.has_alpha || colors.has_key)) {
    image.colors = FileImage::Colors::kRgba;
  }
  if (colors.has_alpha) image.resizing = FileImage::Resizing::kPremultiplied;
  if (colors.is_palette || colors.is_one_bit) image.resizing = FileImage::Resizing::kNearest;
  set_size(image, png_get_image_height(reader.png, reader.info),
           png_get_image_width(reader.png, reader.info));
  check(request_rows(reader, colors));
  const size_t row_bytes = png_get_rowbytes(reader.png, reader.info);
  const auto width = static_cast<size_t>(image.width);
  require(row_bytes == width * (colors.is_wide_gray ? 2 : image.channels()),
          "PNG rows are not as requested");
  std::vector<uint8_t> wide(colors.is_wide_gray ? row_bytes * image.height : 0);
  uint8_t* const first = colors.is_wide_gray ? wide.data() : image.samples.data();
  std::vector<png_bytep> rows(image.height);
  for (int y = 0; y < image.height; ++y) rows[y] = first + y * row_bytes;
  check(read_rows(reader, rows.data()));
  for (size_t i = 0; i < wide.size(); i += 2) {
    const uint8_t gray = clip_gray(static_cast<uint32_t>(wide[i]) << 8 | wide[i + 1], image);
    std::fill_n(image.samples.begin() + static_cast<std::ptrdiff_t>(i / 2 * 3), 3, gray);
  }
}

}  // namespace dermatome
