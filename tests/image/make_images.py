"""Writes the small images of tests/image/data (Pillow); codec_test.cpp computes the same pixels."""
import os
import struct
import sys
import zlib

from PIL import Image

WIDTH, HEIGHT = 7, 5


def fill(mode, pixel, width=WIDTH, height=HEIGHT):
    image = Image.new(mode, (width, height))
    for y in range(height):
        for x in range(width):
            image.putpixel((x, y), pixel(x, y))
    return image


def value(x, y, c):
    return (37 * x + 91 * y + 53 * c) % 256


def ramp(x, y):
    return 20 + 30 * x + 8 * y


def interlaced_rows(image):
    """The rows of Adam7's seven passes; each pass has pixels that the passes before left out."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b""
    for left, top, across, down in passes:
        for y in range(top, image.height, down):
            pixels = [bytes(image.getpixel((x, y))) for x in range(left, image.width, across)]
            rows += b"\0" + b"".join(pixels) if pixels else b""
    return rows


def png(width, height, bit_depth, color_type, rows=b"", interlaced=0):
    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, bit_depth, color_type, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


def main(folder):
    def at(name):
        return os.path.join(folder, name)

    rgb = fill("RGB", lambda x, y: tuple(value(x, y, c) for c in range(3)))
    gray = fill("L", lambda x, y: value(x, y, 0))
    alpha = fill("RGBA", lambda x, y: tuple(value(x, y, c) for c in range(4)))
    palette = fill("P", lambda x, y: (x + y) % 4)
    palette.putpalette([10, 20, 30, 200, 100, 50, 0, 255, 0, 90, 0, 180])
    rgb.save(at("rgb.png"))
    gray.save(at("gray.png"))
    alpha.save(at("alpha.png"))
    palette.save(at("palette.png"))
    palette.save(at("palette_alpha.png"), transparency=b"\0\x80\xff\x40")
    fill("LA", lambda x, y: (value(x, y, 0), value(x, y, 1))).save(at("gray_alpha.png"))
    fill("1", lambda x, y: 255 * ((x + y) % 2)).save(at("one_bit.png"))
    rgb.save(at("rgb.webp"), lossless=True)
    rgb.save(at("animated.webp"), lossless=True, save_all=True, append_images=[gray.convert("RGB")])
    alpha.save(at("alpha.webp"), lossless=True, exact=True)
    # Larger than a block of 16 pixels, and not a multiple of it.
    soft = fill("RGBA", lambda x, y: (6 * x, 10 * y, 255 - 3 * x - 4 * y, 7 * x), 37, 23)
    for name, image in [("lossy", soft.convert("RGB")), ("lossy_alpha", soft)]:
        image.save(at(name + ".webp"), quality=80, exact=True)
        with Image.open(at(name + ".webp")) as decoded:
            decoded.convert("RGB").save(at(name + "_decoded.png"))
    fill("CMYK", lambda x, y: tuple(value(x, y, c) for c in range(4))).save(at("cmyk.jpg"))
    with Image.open(at("cmyk.jpg")) as decoded:
        decoded.convert("RGB").save(at("cmyk_decoded.png"))
    rgb.save(at("rgb.tif"), compression="tiff_lzw")
    fill("F", lambda x, y: 0.5 * x + y).save(at("float.tif"))
    rgb.save(at("rgb.bmp"))
    palette.save(at("palette.gif"), transparency=2)
    fill("L", ramp).save(at("gray.jpg"), quality=95)
    rgb.save(at("baseline.jpg"), quality=90)
    rgb.save(at("progressive.jpg"), quality=90, progressive=True)
    tall = fill("RGB", lambda x, y: tuple(value(x, y, c) for c in range(3)), 6, 40)
    tall.save(at("tall.png"))
    tall.resize((9, 12), Image.Resampling.BICUBIC).save(at("tall_bicubic.png"))
    tall.resize((9, 12), Image.Resampling.BILINEAR).save(at("tall_bilinear.png"))
    with open(at("interlaced.png"), "wb") as file:
        file.write(png(WIDTH, HEIGHT, 8, 2, interlaced_rows(rgb), interlaced=1))
    with open(at("gray_16.png"), "wb") as file:
        file.write(png(3, 1, 16, 0, struct.pack(">BHHH", 0, 7, 255, 256)))
    with open(at("huge.png"), "wb") as file:
        file.write(png(100_000, 100_000, 8, 2))


if __name__ == "__main__":
    main(sys.argv[1])
