"""The data of the loader's benchmark: images, tables, and the shards and archives of both sides."""

import csv
import subprocess
import sys
from pathlib import Path

import batches as data
import numpy
from PIL import Image

HEIGHT, WIDTH = 410, 520  # size of the originals, typical of Derm1M


def draw_image(generator):
    """An image that is as hard to code as a photograph: structure of every size, and sensor noise."""
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
    """Writes a table in MAKE's form, which uses the captions in turn."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, {**captions[0], "filename": ""}.keys())
        table.writeheader()
        for i, name in enumerate(names):
            table.writerow({**captions[i % len(captions)], "filename": name})


def make_images(folder, number):
    """Makes `number` originals in folder/originals, and folder/table.csv."""
    (folder / "originals").mkdir()
    generator = numpy.random.default_rng(1)
    names = [f"{i:05}.jpg" for i in range(number)]
    for name in names:
        draw_image(generator).save(folder / "originals" / name, quality=90)
    write_table(folder / "table.csv", names, read_captions())


def make_tiny_records(folder, number):
    """Makes `number` rows of a few tiny images with only their raw captions, so that a record costs
    little more than its place in order and index. Does nothing if the folder exists."""
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
    """Makes JPEG files of the originals with this short side, as `dermatome shard` stores them."""
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
    """Makes a data set of shards from the table's images."""
    output = folder / f"shards_{side}{''.join(options)}"
    if not output.exists():
        subprocess.run([dermatome, "shard", "--csv", folder / "table.csv", "--images",
                        folder / "originals", "--output", output, "--short-side", str(side),
                        *options], check=True, capture_output=True)
    return output


def make_archives(kind, folder, images, records):
    """Packs the table's images, from the folder `images`, by archives.py."""
    output = folder / f"{kind}_{images.name}"
    if not output.exists():
        subprocess.run([sys.executable, Path(__file__).with_name("archives.py"), kind,
                        folder / "table.csv", images, output, str(records)], check=True)
    return output
