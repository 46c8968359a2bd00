#include <png.h>

#include <csetjmp>
#include <cstring>
#include <vector>

#include "src/core/error.h"
#include "src/image/formats.h"

namespace dermatome {
namespace {

// What libpng's callbacks share. libpng is C: an error leaves it by longjmp to the frame that
// called it, so frames in between hold nothing with a destructor, and errors are thrown once we are
// back.
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

// Asks for 8-bit RGB rows: palettes looked up, 1-4 bits widened, grey repeated, alpha left out.
// Ancillary gamma and colour profiles are not applied, as in Pillow.
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

}  // namespace

void formats::decode_png(std::span<const std::byte> encoded, const std::string& name,
                         Image& image) {
  Source source{.left = encoded};
  const Reader reader(&source);
  const auto check = [&](bool good) {
    if (!good) throw DataError(name + ": damaged PNG: " + source.message);
  };
  check(read_header(reader));
  if (png_get_bit_depth(reader.png, reader.info) == 16) {
    throw DataError(name + ": a PNG with 16 bits a channel; convert it to 8 bits first");
  }
  set_size(image, png_get_image_height(reader.png, reader.info),
           png_get_image_width(reader.png, reader.info), name);
  check(request_rgb(reader));
  const size_t row_bytes = png_get_rowbytes(reader.png, reader.info);
  require(row_bytes == static_cast<size_t>(image.width) * 3, "PNG rows are not RGB");
  std::vector<png_bytep> rows(image.height);
  for (int y = 0; y < image.height; ++y) rows[y] = image.pixels.data() + y * row_bytes;
  check(read_rows(reader, rows.data()));
}

}  // namespace dermatome
