"""What the loader's benchmark is measured on: images, tables, and what both sides keep them in."""

import csv
import subprocess
import sys
from pathlib import Path

import batches as data
import numpy
from PIL import Image

HEIGHT, WIDTH = 410, 520  # of the originals, a typical size of Derm1M's


def draw_image(generator):
    """As hard to code as a photograph: structure of every size, and noise of the sensor."""
    pixels = numpy.zeros((HEIGHT, WIDTH, 3))
    for cells, contrast in ((4, 60), (16, 40), (64, 25), (256, 12)):
        coarse = generator.normal(size=(cells * HEIGHT // WIDTH + 2, cells + 2, 3)).astype("float32")
        layer = numpy.stack([numpy.asarray(Image.fromarray(coarse[..., channel]).resize(
            (WIDTH, HEIGHT), Image.Resampling.BICUBIC)) for channel in range(3)], -1)
        pixels += contrast * (0.3 * layer + 0.7 * layer[..., :1])
    pixels += numpy.array([190, 140, 120]) + generator.normal(size=pixels.shape) * 4
    return Image.fromarray(pixels.clip(0, 255).astype("uint8"))


def read_captions():
    with open(data.CAPTIONS, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_table(path, names, captions):
    """A table in MAKE's form, the captions in turn."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, {**captions[0], "filename": ""}.keys())
        table.writeheader()
        for i, name in enumerate(names):
            table.writerow({**captions[i % len(captions)], "filename": name})


def make_images(folder, number):
    """`number` originals in folder/originals, with folder/table.csv."""
    (folder / "originals").mkdir()
    generator = numpy.random.default_rng(1)
    names = [f"{i:05}.jpg" for i in range(number)]
    for name in names:
        draw_image(generator).save(folder / "originals" / name, quality=90)
    write_table(folder / "table.csv", names, read_captions())


def make_tiny_records(folder, number):
    """So many rows of a few tiny images, with their raw captions alone, so that a record's place
    in order and index is what it costs. Made at most once for a number."""
    images, table = folder / "originals", folder / "table.csv"
    if folder.exists():
        return
    images.mkdir(parents=True)
    generator = numpy.random.default_rng(1)
    names = [f"{i}.jpg" for i in range(64)]
    for name in names:
        pixels = generator.integers(0, 256, (4, 4, 3), dtype="uint8")
        Image.fromarray(pixels).resize((16, 16)).save(images / name, quality=90)
    captions = [{key: "" for key in row} | {
        "truncated_caption": row["truncated_caption"], "sub_caption_mask": str([0] * 8),
        "knowledge_masks": str([0] * 3)} for row in read_captions()]
    write_table(table, (names[i % len(names)] for i in range(number)), captions)


def shrink(folder, side):
    """The originals as JPEG files of that short side, as `dermatome shard` stores them."""
    target = folder / f"files_{side}"
    if target.exists():
        return target
    target.mkdir()
    for path in sorted((folder / "originals").iterdir()):
        with Image.open(path) as image:
            scale = side / min(image.size)
            size = [int(extent * scale) for extent in image.size]
            image.resize(size, Image.Resampling.BICUBIC).save(target / path.name, quality=90)
    return target


def make_shards(dermatome, folder, side, *options):
    """The table's images as a data set."""
    output = folder / f"shards_{side}{''.join(options)}"
    if not output.exists():
        subprocess.run([dermatome, "shard", "--csv", folder / "table.csv", "--images",
                        folder / "originals", "--output", output, "--short-side", str(side),
                        *options], check=True, capture_output=True)
    return output


def make_archives(kind, folder, images, records):
    """The table's images, from the folder `images`, as archives.py packs them."""
    output = folder / f"{kind}_{images.name}"
    if not output.exists():
        subprocess.run([sys.executable, Path(__file__).with_name("archives.py"), kind,
                        folder / "table.csv", images, output, str(records)], check=True)
    return output
