#include <turbojpeg.h>

#include <memory>
#include <string>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/image/codec.h"
#include "src/image/formats.h"

namespace dermatome {
namespace {

struct HandleCloser {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Handle = std::unique_ptr<void, HandleCloser>;

// From this quality up the chroma planes are kept at full resolution.
constexpr int kFullChromaQuality = 95;

}  // namespace

void formats::decode_jpeg(std::span<const std::byte> encoded, FileImage& image) {
  // One decompressor per image: it keeps tables, and after damage its state, which would change how
  // the next image is decoded.
  const Handle handle(tjInitDecompress());
  require(handle != nullptr, "tjInitDecompress failed");
  const auto* data = reinterpret_cast<const unsigned char*>(encoded.data());
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colorspace = 0;
  if (tjDecompressHeader3(handle.get(), data, encoded.size(), &width, &height, &subsampling,
                          &colorspace) != 0) {
    throw DataError(std::string("bad JPEG header: ") + tjGetErrorStr2(handle.get()));
  }
  const bool is_cmyk = colorspace == TJCS_CMYK || colorspace == TJCS_YCCK;
  image.colors = is_cmyk ? FileImage::Colors::kCmyk : FileImage::Colors::kRgb;
  set_size(image, height, width);
  // Every scan of a progressive image costs a pass over all of it: a small file with thousands
  // of scans would take hours. The limit is 500; encoders write about ten.
  if (tjDecompress2(handle.get(), data, encoded.size(), image.samples.data(), width, 0, height,
                    is_cmyk ? TJPF_CMYK : TJPF_RGB, TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS) != 0) {
    // The library's warnings end here too: it fills what it could not decode with made-up pixels.
    throw DataError(std::string("damaged JPEG: ") + tjGetErrorStr2(handle.get()));
  }
  // Adobe's programs store inks inverted, and Pillow takes every file for one of theirs.
  if (is_cmyk) {
    for (uint8_t& ink : image.samples) ink = static_cast<uint8_t>(255 - ink);
  }
}

std::vector<std::byte> encode_jpeg(const Image& image, int quality, const std::string& name) {
  require(quality >= 1 && quality <= 100, text("JPEG quality ", quality, " is not in 1..100"));
  const Handle handle(tjInitCompress());
  require(handle != nullptr, "tjInitCompress failed");
  const int subsampling = quality >= kFullChromaQuality ? TJSAMP_444 : TJSAMP_420;
  std::vector<std::byte> encoded(tjBufSize(image.width, image.height, subsampling));
  auto* data = reinterpret_cast<unsigned char*>(encoded.data());
  unsigned long size = encoded.size();
  if (tjCompress2(handle.get(), image.pixels.data(), image.width, 0, image.height, TJPF_RGB, &data,
                  &size, subsampling, quality, TJFLAG_ACCURATEDCT | TJFLAG_NOREALLOC) != 0) {
    throw DataError(text(name, ": cannot be encoded as JPEG with ", image.width, " x ",
                         image.height, " pixels: ", tjGetErrorStr2(handle.get())));
  }
  encoded.resize(size);
  return encoded;
}

}  // namespace dermatome
