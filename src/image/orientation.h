// Which way up a camera says an image is: EXIF's tag Orientation (CIPA DC-008, 0x0112).
#pragma once

#include <cstddef>
#include <span>

#include "src/image/file_image.h"
#include "src/image/image.h"

namespace dermatome {

// 1 to 8 as EXIF defines them; 1 (upright as stored) also when the file says nothing or something
// malformed. Looks into JPEG's APP1 segment, PNG's eXIf and WebP's EXIF chunk, never into XMP. A
// TIFF is turned by its decoder.
int exif_orientation(std::span<const std::byte> encoded);

// The image turned and mirrored so that it is upright; `orientation` 1 to 8. As Pillow's
// ImageOps.exif_transpose.
Image turn_upright(Image image, int orientation);
FileImage turn_upright(FileImage image, int orientation);

}  // namespace dermatome
