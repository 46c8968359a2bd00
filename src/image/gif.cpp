#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/image/formats.h"

namespace dermatome {
namespace {

int read_gif_bytes(GifFileType* gif, GifByteType* target, int count) {
  auto& left = *static_cast<std::span<const std::byte>*>(gif->UserData);
  const size_t size = std::min(static_cast<size_t>(std::max(count, 0)), left.size());
  if (size > 0) std::memcpy(target, left.data(), size);
  left = left.subspan(size);
  return static_cast<int>(size);
}

struct GifCloser {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using Gif = std::unique_ptr<GifFileType, GifCloser>;

[[noreturn]] void fail_gif(int error) {
  const char* reason = GifErrorString(error);
  throw DataError(text("damaged GIF: ", reason == nullptr ? "no reason given" : reason));
}

void check_gif(GifFileType& gif, int status) {
  if (status != GIF_OK) fail_gif(gif.Error);
}

// Reads up to the first image's description. Returns its transparent color, or -1.
int find_first_frame(GifFileType& gif) {
  int transparent = NO_TRANSPARENT_COLOR;
  for (GifRecordType type = UNDEFINED_RECORD_TYPE;;) {
    check_gif(gif, DGifGetRecordType(&gif, &type));
    if (type == TERMINATE_RECORD_TYPE) throw DataError("a GIF without an image");
    if (type == IMAGE_DESC_RECORD_TYPE) break;
    if (type != EXTENSION_RECORD_TYPE) continue;
    int code = 0;
    GifByteType* block = nullptr;
    check_gif(gif, DGifGetExtension(&gif, &code, &block));
    while (block != nullptr) {
      GraphicsControlBlock control;
      if (code == GRAPHICS_EXT_FUNC_CODE &&
          DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK &&
          control.TransparentColor != NO_TRANSPARENT_COLOR) {
        transparent = control.TransparentColor;
      }
      check_gif(gif, DGifGetExtensionNext(&gif, &block));
    }
  }
  check_gif(gif, DGifGetImageDesc(&gif));
  return transparent;
}

// Colors by index; gray where the file has none.
struct GifPalette {
  std::array<std::array<uint8_t, 4>, 256> colors;  // RGBA
  bool is_gray = true;                             // every index is its own level
};

GifPalette palette_of(const ColorMapObject* map, int transparent) {
  GifPalette palette;
  for (int i = 0; i < 256; ++i) {
    const auto level = static_cast<uint8_t>(i);
    auto& color = palette.colors[i];
    color = {level, level, level, 255};
    if (map == nullptr || i >= map->ColorCount) continue;
    const GifColorType& given = map->Colors[i];
    if (given.Red != level || given.Green != level || given.Blue != level) palette.is_gray = false;
    color = {given.Red, given.Green, given.Blue, 255};
  }
  if (transparent >= 0) palette.colors[transparent][3] = 0;
  return palette;
}

// The rows of a frame in the order in which the file has them.
std::vector<int> row_order(int height, bool interlaced) {
  std::vector<int> rows;
  const auto add = [&](int first, int step) {
    for (int row = first; row < height; row += step) rows.push_back(row);
  };
  if (!interlaced) {
    add(0, 1);
  } else {
    add(0, 8);
    add(4, 8);
    add(2, 4);
    add(1, 2);
  }
  return rows;
}

}  // namespace

void formats::decode_gif(std::span<const std::byte> encoded, FileImage& image) {
  std::span<const std::byte> left = encoded;
  int error = 0;
  const Gif gif(DGifOpen(&left, read_gif_bytes, &error));
  if (gif == nullptr) fail_gif(error);
  const int transparent = find_first_frame(*gif);
  const GifImageDesc& frame = gif->Image;
  if (frame.Width < 1 || frame.Height < 1) throw DataError("a GIF whose first frame is empty");
  const GifPalette palette =
      palette_of(frame.ColorMap != nullptr ? frame.ColorMap : gif->SColorMap, transparent);
  if (!palette.is_gray) image.resizing = FileImage::Resizing::kNearest;
  if (transparent >= 0) image.colors = FileImage::Colors::kRgba;
  // A frame may reach over the screen that the header describes.
  set_size(image, std::max(gif->SHeight, frame.Top + frame.Height),
           std::max(gif->SWidth, frame.Left + frame.Width));
  const size_t channels = image.channels();
  const auto paint = [&](size_t pixel, int index) {
    std::copy_n(palette.colors[index].begin(), channels, &image.samples[pixel * channels]);
  };
  const auto width = static_cast<size_t>(image.width);
  for (size_t x = 0; x < width; ++x) paint(x, std::max(transparent, 0));
  for (int y = 1; y < image.height; ++y) {
    std::memcpy(&image.samples[y * width * channels], image.samples.data(), width * channels);
  }
  std::vector<GifPixelType> line(frame.Width);
  for (const int row : row_order(frame.Height, frame.Interlace)) {
    check_gif(*gif, DGifGetLine(gif.get(), line.data(), frame.Width));
    const size_t first = (frame.Top + row) * width + frame.Left;
    for (size_t x = 0; x < line.size(); ++x) paint(first + x, line[x]);
  }
}

}  // namespace dermatome
