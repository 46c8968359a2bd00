#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/image/formats.h"
#include "src/image/orientation.h"

namespace dermatome {
namespace {

// Strips and tiles of more bytes are refused. They may be much larger than the image.
constexpr uint64_t kMaxBlockBytes = uint64_t{1} << 30;

struct TiffSource {
  std::span<const std::byte> data;
  size_t position = 0;
};

tmsize_t read_tiff(thandle_t handle, void* target, tmsize_t count) {
  auto& source = *static_cast<TiffSource*>(handle);
  const size_t begin = std::min(source.position, source.data.size());
  const size_t size = std::min(static_cast<size_t>(count), source.data.size() - begin);
  if (size > 0) std::memcpy(target, source.data.data() + begin, size);
  source.position = begin + size;
  return static_cast<tmsize_t>(size);
}

tmsize_t refuse_to_write(thandle_t, void*, tmsize_t) { return 0; }

toff_t seek_tiff(thandle_t handle, toff_t offset, int whence) {
  auto& source = *static_cast<TiffSource*>(handle);
  const size_t base = whence == SEEK_SET   ? 0
                      : whence == SEEK_CUR ? source.position
                                           : source.data.size();
  source.position = base + offset;
  return source.position;
}

int close_nothing(thandle_t) { return 0; }

toff_t tiff_bytes(thandle_t handle) { return static_cast<TiffSource*>(handle)->data.size(); }

// libtiff has one handler for all threads: each thread keeps its first message here.
thread_local std::string tiff_message;

void keep_tiff_message(const char* /*module*/, const char* form, va_list arguments) {
  if (!tiff_message.empty()) return;
  std::array<char, 200> line{};
  std::vsnprintf(line.data(), line.size(), form, arguments);
  tiff_message = line.data();
}

struct TiffCloser {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using Tiff = std::unique_ptr<TIFF, TiffCloser>;

[[noreturn]] void fail_tiff() {
  throw DataError("damaged TIFF: " +
                  (tiff_message.empty() ? std::string("no reason given") : tiff_message));
}

Tiff open_tiff(TiffSource& source) {
  [[maybe_unused]] static const bool kQuiet = [] {
    TIFFSetErrorHandler(keep_tiff_message);
    TIFFSetWarningHandler(nullptr);
    return true;
  }();
  tiff_message.clear();
  Tiff tiff(TIFFClientOpen("image", "rm", &source, read_tiff, refuse_to_write, seek_tiff,
                           close_nothing, tiff_bytes, nullptr, nullptr));
  if (tiff == nullptr) fail_tiff();
  return tiff;
}

// How the file stores its samples.
struct TiffLayout {
  uint32_t width = 0;
  uint32_t height = 0;
  uint16_t bits = 1;         // per sample
  uint16_t num_samples = 1;  // per pixel
  uint16_t photometric = 0;
  uint16_t compression = 0;
  uint16_t extra = EXTRASAMPLE_UNSPECIFIED;  // what the first sample behind the colors is
  size_t num_extra = 0;
  bool is_separate = false;  // each sample in blocks of its own

  size_t num_colors() const {
    return photometric == PHOTOMETRIC_SEPARATED                                 ? 4
           : photometric == PHOTOMETRIC_RGB || photometric == PHOTOMETRIC_YCBCR ? 3
                                                                                : 1;
  }
  bool is_gray() const {
    return photometric == PHOTOMETRIC_MINISWHITE || photometric == PHOTOMETRIC_MINISBLACK;
  }
};

uint16_t short_tag(TIFF* tiff, uint32_t tag) {
  uint16_t value = 0;
  if (TIFFGetFieldDefaulted(tiff, tag, &value) != 1) return 0;
  return value;
}

TiffLayout read_layout(TIFF* tiff) {
  TiffLayout layout;
  if (TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout.width) != 1 ||
      TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout.height) != 1) {
    throw DataError("damaged TIFF: no size");
  }
  layout.bits = short_tag(tiff, TIFFTAG_BITSPERSAMPLE);
  layout.num_samples = short_tag(tiff, TIFFTAG_SAMPLESPERPIXEL);
  layout.photometric = short_tag(tiff, TIFFTAG_PHOTOMETRIC);
  layout.compression = short_tag(tiff, TIFFTAG_COMPRESSION);
  layout.is_separate = short_tag(tiff, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE;
  uint16_t num_extra = 0;
  const uint16_t* extra = nullptr;
  if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &num_extra, &extra) == 1 && num_extra > 0) {
    layout.extra = extra[0];
  } else if (layout.photometric == PHOTOMETRIC_RGB && layout.num_samples == 4) {
    num_extra = 1;  // some programs do not say what the fourth sample is
    layout.extra = EXTRASAMPLE_UNASSALPHA;
  }
  layout.num_extra = num_extra;
  return layout;
}

// Throws DataError for what Pillow does not read either, or seldom occurs.
void check_tiff_kind(TIFF* tiff, const TiffLayout& layout) {
  const uint16_t format = short_tag(tiff, TIFFTAG_SAMPLEFORMAT);
  const bool is_jpeg = layout.compression == COMPRESSION_JPEG && !layout.is_separate;
  const bool is_whole = format == SAMPLEFORMAT_UINT || format == SAMPLEFORMAT_VOID || format == 0;
  const uint16_t bits = layout.bits;
  bool is_known = false;
  switch (layout.photometric) {
    case PHOTOMETRIC_MINISBLACK:
      is_known = bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16;
      break;
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_PALETTE:
      is_known = bits == 1 || bits == 2 || bits == 4 || bits == 8;
      break;
    case PHOTOMETRIC_RGB:
    case PHOTOMETRIC_SEPARATED:
      is_known = bits == 8 || bits == 16;
      break;
    case PHOTOMETRIC_YCBCR:
      is_known = bits == 8 && is_jpeg;
      break;
    default:
      break;
  }
  const bool has_alpha = layout.num_extra > 0 && layout.extra != EXTRASAMPLE_UNSPECIFIED;
  // Alpha that is multiplied already is known of RGB only, and palettes have none.
  const bool is_alpha_known = !has_alpha || layout.photometric == PHOTOMETRIC_RGB ||
                              (layout.photometric == PHOTOMETRIC_MINISBLACK && bits == 8 &&
                               layout.extra == EXTRASAMPLE_UNASSALPHA);
  constexpr size_t kMostSamples = 6;
  if (is_whole && is_known && is_alpha_known && layout.num_samples <= kMostSamples &&
      layout.num_samples == layout.num_colors() + layout.num_extra) {
    return;
  }
  throw DataError(text("a TIFF with ", layout.num_samples, " samples of ", bits,
                       " bits, photometric ", layout.photometric, ", sample format ", format,
                       " and compression ", layout.compression,
                       "; convert it to RGB of 8 bits, or to PNG"));
}

// Value `index` of a row.
uint32_t tiff_value(const uint8_t* row, size_t index, unsigned bits) {
  if (bits == 8) return row[index];
  if (bits == 16) {
    uint16_t value = 0;  // libtiff has brought it into the machine's order
    std::memcpy(&value, row + 2 * index, sizeof value);
    return value;
  }
  const size_t first = index * bits;
  return row[first / 8] >> (8 - bits - first % 8) & ((1U << bits) - 1);
}

// Puts samples where they belong in an image.
class TiffSink {
 public:
  TiffSink(TIFF* tiff, const TiffLayout& layout, FileImage& image)
      : layout_(layout), image_(image), channels_(image.channels()) {
    if (layout.photometric != PHOTOMETRIC_PALETTE) return;
    std::array<uint16_t*, 3> maps{};
    if (TIFFGetField(tiff, TIFFTAG_COLORMAP, &maps[0], &maps[1], &maps[2]) != 1) {
      throw DataError("damaged TIFF: a palette image without its palette");
    }
    for (size_t i = 0; i < size_t{1} << layout.bits; ++i) {
      for (size_t c = 0; c < 3; ++c) palette_[i][c] = static_cast<uint8_t>(maps[c][i] >> 8);
    }
  }

  // Sample `sample` of pixel `pixel`.
  void put(size_t pixel, size_t sample, uint32_t value) {
    uint8_t* target = image_.samples.data() + pixel * channels_;
    if (layout_.num_colors() > 1) {
      if (sample < channels_) target[sample] = high_byte(value);
    } else if (sample == 0 && layout_.photometric == PHOTOMETRIC_PALETTE) {
      std::copy_n(palette_[value].begin(), 3, target);
    } else if (sample == 0) {
      std::fill_n(target, 3, level(value));
    } else if (sample == 1 && channels_ == 4) {
      target[3] = high_byte(value);
    }
  }

 private:
  uint8_t high_byte(uint32_t value) const {
    return static_cast<uint8_t>(layout_.bits == 16 ? value >> 8 : value);
  }
  uint8_t level(uint32_t value) {
    if (layout_.bits == 16) return formats::clip_gray(value, image_);
    const uint32_t gray = value * 255 / ((1U << layout_.bits) - 1);
    return static_cast<uint8_t>(layout_.photometric == PHOTOMETRIC_MINISWHITE ? 255 - gray : gray);
  }

  const TiffLayout& layout_;
  FileImage& image_;
  size_t channels_;
  std::array<std::array<uint8_t, 3>, 256> palette_{};
};

// The strips or tiles of a file.
struct TiffBlocks {
  TiffBlocks(TIFF* file, const TiffLayout& layout)
      : tiff(file), is_tiled(TIFFIsTiled(file) != 0), width(layout.width), height(layout.height) {
    if (is_tiled) {
      TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width);
      TIFFGetField(tiff, TIFFTAG_TILELENGTH, &height);
    } else {
      uint32_t rows = 0;
      TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
      height = std::min(height, rows);
    }
    num_samples = layout.is_separate ? 1 : layout.num_samples;
    row_bytes = is_tiled ? TIFFTileRowSize64(tiff) : TIFFScanlineSize64(tiff);
    bytes = is_tiled ? TIFFTileSize64(tiff) : TIFFStripSize64(tiff);
    const uint64_t needed = (uint64_t{width} * num_samples * layout.bits + 7) / 8;
    if (width == 0 || height == 0 || row_bytes < needed || bytes < row_bytes * height ||
        bytes > kMaxBlockBytes) {
      throw DataError(text("a TIFF in parts of ", width, " x ", height, " pixels and ", bytes,
                           " bytes; at most ", kMaxBlockBytes, " bytes are read"));
    }
    memory = std::make_unique_for_overwrite<uint8_t[]>(bytes);
  }

  // Reads the block whose first pixel is that, of which `rows` rows are needed.
  const uint8_t* read(uint32_t left, uint32_t top, uint16_t plane, uint32_t rows) {
    const auto size = static_cast<tmsize_t>(bytes);
    const tmsize_t found =
        is_tiled
            ? TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, left, top, 0, plane), memory.get(),
                                  size)
            : TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, top, plane), memory.get(), size);
    if (found < 0 || static_cast<uint64_t>(found) < row_bytes * rows) fail_tiff();
    return memory.get();
  }

  TIFF* tiff;
  bool is_tiled;
  uint32_t width;  // of a block
  uint32_t height;
  size_t num_samples = 1;  // per pixel of a block
  uint64_t row_bytes = 0;
  uint64_t bytes = 0;
  std::unique_ptr<uint8_t[]> memory;
};

void read_blocks(TIFF* tiff, const TiffLayout& layout, TiffSink& sink) {
  TiffBlocks blocks(tiff, layout);
  const int num_planes = layout.is_separate ? layout.num_samples : 1;
  for (int plane = 0; plane < num_planes; ++plane) {
    for (uint32_t top = 0; top < layout.height; top += blocks.height) {
      const uint32_t rows = std::min(blocks.height, layout.height - top);
      for (uint32_t left = 0; left < layout.width; left += blocks.width) {
        const uint32_t columns = std::min(blocks.width, layout.width - left);
        const uint8_t* row = blocks.read(left, top, static_cast<uint16_t>(plane), rows);
        for (uint32_t y = 0; y < rows; ++y, row += blocks.row_bytes) {
          const size_t first = static_cast<size_t>(top + y) * layout.width + left;
          for (size_t i = 0; i < columns * blocks.num_samples; ++i) {
            sink.put(first + i / blocks.num_samples,
                     static_cast<size_t>(plane) + i % blocks.num_samples,
                     tiff_value(row, i, layout.bits));
          }
        }
      }
    }
  }
}

// Divides the colors by an alpha that they were multiplied with.
void undo_associated_alpha(FileImage& image) {
  for (size_t i = 0; i < image.samples.size(); i += 4) {
    const int alpha = image.samples[i + 3];
    for (size_t c = 0; c < 3; ++c) {
      uint8_t& value = image.samples[i + c];
      value = static_cast<uint8_t>(alpha == 0 ? 0 : std::min(value * 255 / alpha, 255));
    }
  }
}

}  // namespace

void formats::decode_tiff(std::span<const std::byte> encoded, FileImage& image) {
  TiffSource source{.data = encoded};
  const Tiff tiff = open_tiff(source);
  const TiffLayout layout = read_layout(tiff.get());
  check_tiff_kind(tiff.get(), layout);
  if (layout.photometric == PHOTOMETRIC_YCBCR) {
    TIFFSetField(tiff.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
  const bool has_alpha = layout.num_extra > 0 && layout.extra != EXTRASAMPLE_UNSPECIFIED;
  if (layout.photometric == PHOTOMETRIC_SEPARATED) {
    image.colors = FileImage::Colors::kCmyk;
  } else if (has_alpha) {
    image.colors = FileImage::Colors::kRgba;
    image.resizing = FileImage::Resizing::kPremultiplied;
  }
  if (layout.photometric == PHOTOMETRIC_PALETTE || (layout.is_gray() && layout.bits == 1)) {
    image.resizing = FileImage::Resizing::kNearest;
  }
  set_size(image, layout.height, layout.width);
  TiffSink sink(tiff.get(), layout, image);
  read_blocks(tiff.get(), layout, sink);
  if (has_alpha && layout.extra == EXTRASAMPLE_ASSOCALPHA) undo_associated_alpha(image);
  const uint16_t orientation = short_tag(tiff.get(), TIFFTAG_ORIENTATION);
  if (orientation >= 1 && orientation <= 8) image = turn_upright(std::move(image), orientation);
}

}  // namespace dermatome
