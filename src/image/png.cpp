#include <png.h>

#include <csetjmp>
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

// Asks for 8-bit RGB rows: palettes looked up, 1-4 bits widened, gray repeated, alpha left out.
// Ancillary gamma and color profiles are not applied, as in Pillow.
bool request_rgb(const Reader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  const int type = png_get_color_type(reader.png, reader.info);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(reader.png);
  if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(reader.png);
  if ((type & PNG_COLOR_MASK_COLOR) == 0) png_set_gray_to_rgb(reader.png);
  png_set_strip_alpha(reader.png);
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

void formats::decode_png(std::span<const std::byte> encoded, Image& image) {
  Source source{.left = encoded};
  const Reader reader(&source);
  const auto check = [&](bool good) {
    if (!good) throw DataError(std::string("damaged PNG: ") + source.message);
  };
  check(read_header(reader));
  if (png_get_bit_depth(reader.png, reader.info) == 16) {
    throw DataError("a PNG with 16 bits per channel; convert it to 8 bits first");
  }
  set_size(image, png_get_image_height(reader.png, reader.info),
           png_get_image_width(reader.png, reader.info));
  check(request_rgb(reader));
  const size_t row_bytes = png_get_rowbytes(reader.png, reader.info);
  require(row_bytes == static_cast<size_t>(image.width) * 3, "PNG rows are not RGB");
  std::vector<png_bytep> rows(image.height);
  for (int y = 0; y < image.height; ++y) rows[y] = image.pixels.data() + y * row_bytes;
  check(read_rows(reader, rows.data()));
}

}  // namespace dermatome
