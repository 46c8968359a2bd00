"""`tools/bench.sh loader`: batches from shards beside the published pipeline on picture files."""

import csv
import subprocess
import sys
from pathlib import Path

import batches as data
import numpy
from harness import Spread, Worker, spread, take_turns
from PIL import Image

RECIPE = Path(__file__).resolve().parents[2] / "configs/make_vit_b16.yaml"
HEIGHT, WIDTH = 410, 520  # of the originals, a typical size of Derm1M's


def draw_picture(generator):
    """As hard to code as a photograph: structure of every size, and noise of the sensor."""
    pixels = numpy.zeros((HEIGHT, WIDTH, 3))
    for cells, contrast in ((4, 60), (16, 40), (64, 25), (256, 12)):
        coarse = generator.normal(size=(cells * HEIGHT // WIDTH + 2, cells + 2, 3)).astype("float32")
        layer = numpy.stack([numpy.asarray(Image.fromarray(coarse[..., channel]).resize(
            (WIDTH, HEIGHT), Image.Resampling.BICUBIC)) for channel in range(3)], -1)
        pixels += contrast * (0.3 * layer + 0.7 * layer[..., :1])
    pixels += numpy.array([190, 140, 120]) + generator.normal(size=pixels.shape) * 4
    return Image.fromarray(pixels.clip(0, 255).astype("uint8"))


def make_pictures(folder, number):
    """`number` originals with a table in MAKE's form, captions of captions.csv in turn."""
    (folder / "originals").mkdir()
    generator = numpy.random.default_rng(1)
    with open(data.CAPTIONS, newline="", encoding="utf-8") as file:
        captions = list(csv.DictReader(file))
    names = [f"{i:05}.jpg" for i in range(number)]
    for name in names:
        draw_picture(generator).save(folder / "originals" / name, quality=90)
    with open(folder / "table.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, {**captions[0], "filename": ""}.keys())
        table.writeheader()
        for i, name in enumerate(names):
            table.writerow({**captions[i % len(captions)], "filename": name})


def shrink(folder, side):
    """The originals as JPEG files of that short side, as `dermatome shard` stores them."""
    target = folder / f"files_{side}"
    target.mkdir()
    for path in sorted((folder / "originals").iterdir()):
        with Image.open(path) as picture:
            scale = side / min(picture.size)
            size = [int(extent * scale) for extent in picture.size]
            picture.resize(size, Image.Resampling.BICUBIC).save(target / path.name, quality=90)
    return target


def make_shards(arguments, folder, side, *options):
    output = folder / f"shards_{side}{''.join(options)}"
    subprocess.run([arguments.dermatome, "shard", "--csv", folder / "table.csv", "--images",
                    folder / "originals", "--output", output, "--short-side", str(side), *options],
                   check=True, capture_output=True)
    return output


def bench_loader(arguments, report, folder):
    make_pictures(folder, arguments.images)
    common = ["--batch", arguments.loader_batch, "--threads", arguments.threads, "--image-size",
              "224"]
    report.condition(images=arguments.images, originals=f"{WIDTH}x{HEIGHT} JPEG",
                     threads=arguments.threads, batch=arguments.loader_batch,
                     recipe="MAKE's: crop 0.4-1 bicubic, jitter, grey")

    def ours(*options):
        return Worker([arguments.worker, "loader", "--data", make_shards(arguments, folder, *options),
                       "--config", RECIPE, *common])

    def theirs(pictures):
        return Worker([sys.executable, Path(__file__).with_name("naive_loader.py"), "--table",
                       folder / "table.csv", "--folder", pictures, *common])

    def rate(answers):
        return Spread([answer["images"] / answer["cpu"] for answer in answers])

    for side in arguments.sides:
        with ours(side) as jpeg, ours(side, "--raw") as raw, (
                theirs(folder / "originals")) as originals, theirs(shrink(folder, side)) as files:
            take_turns(1, *((worker, "epoch") for worker in (jpeg, raw, originals, files)))
            turns = take_turns(arguments.rounds, (jpeg, "epoch"), (raw, "epoch"),
                               (originals, "epoch"), (files, "epoch"), (jpeg, "alone"),
                               (raw, "alone"), (jpeg, "checksums"))
        names = ("jpeg", "raw", "originals", "files", "jpeg_alone", "raw_alone", "checksums")
        rates = dict(zip(names, map(rate, turns)))
        first = spread(turns[0], "first_batch")
        over = {name: rates[f"{name}_alone"].median / rates[name].median - 1
                for name in ("jpeg", "raw")}
        checksum = rates["jpeg"].median / rates["checksums"].median
        report.row(
            f"short side {side}: images a CPU s: JPEG shards {rates['jpeg']:.0f}, raw shards "
            f"{rates['raw']:.0f}; DataLoader on the originals {rates['originals']:.0f}, on JPEG files "
            f"of that size {rates['files']:.0f}; alone, decode and augment: JPEG "
            f"{rates['jpeg_alone']:.0f}, raw {rates['raw_alone']:.0f}; the loader adds "
            f"{100 * over['jpeg']:.0f} %, {100 * over['raw']:.0f} %; checksums "
            f"{100 * checksum:.1f} % of JPEG's time; first batch after {first:.3f} s",
            side=side, **rates, over_alone=over, checksum_share=checksum, first_batch=first)
        if side == arguments.sides[0]:
            report.result |= {
                "jpeg_ratio": rates["jpeg"].median / rates["originals"].median,
                "raw_ratio": rates["raw"].median / rates["originals"].median,
                "jpeg_vs_same_files": rates["jpeg"].median / rates["files"].median,
                "jpeg_per_cpu_s": rates["jpeg"].median}
