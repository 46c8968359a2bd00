// preprocess_images OUT SIZE FILE…: reads image files as benchmarks do, for image_files_test.py.
//
// OUT has for every FILE that can be read its RGB pixels, uint8 [height, width, 3] at FILE, and
// what a model of SIZE pixels gets, uint8 [3, SIZE, SIZE] at FILE.RESIZE_MODE.INTERPOLATION. The
// others are named on standard error.
#include <ATen/Functions.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <span>
#include <string>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/image/codec.h"
#include "src/model/preprocess.h"
#include "src/weights/safetensors.h"

namespace dermatome {
namespace {

at::Tensor to_tensor(const Image& image) {
  at::Tensor pixels = at::empty({image.height, image.width, 3}, at::TensorOptions(at::kByte));
  std::copy(image.pixels.begin(), image.pixels.end(), pixels.mutable_data_ptr<uint8_t>());
  return pixels;
}

void add_image(NamedTensors& tensors, const std::string& path, int size) {
  const std::string content = read_file(path);
  const auto bytes = std::as_bytes(std::span(content));
  tensors.emplace_back(path, to_tensor(decode_image(bytes, path)));
  for (const std::string mode : {"shortest", "squash"}) {
    for (const std::string interpolation : {"bicubic", "bilinear"}) {
      ClipConfig config;
      config.vision.image_size = size;
      config.preprocess.resize_mode = mode;
      config.preprocess.interpolation = interpolation;
      tensors.emplace_back(path + "." + mode + "." + interpolation,
                           preprocess_image(decode_file_image(bytes, path), config));
    }
  }
}

void preprocess_images(const char* out, int size, std::span<char*> paths) {
  NamedTensors tensors;
  for (const char* path : paths) {
    try {
      add_image(tensors, path, size);
    } catch (const DataError& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
  }
  write_safetensors(out, tensors);
}

}  // namespace
}  // namespace dermatome

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: preprocess_images OUT SIZE FILE...\n");
    return 2;
  }
  try {
    dermatome::preprocess_images(argv[1], std::stoi(argv[2]),
                                 std::span(argv, static_cast<size_t>(argc)).subspan(3));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
