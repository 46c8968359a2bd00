"""Data and configuration for tests that train through the binary, and functions to watch the runs."""

import csv
import os
import pathlib
import random
import subprocess
import time

import h5py
import numpy
from PIL import Image

SOURCE = pathlib.Path(__file__).resolve().parents[2]
MODEL = SOURCE / "tests/train/tiny_model.json"
COLORS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}
SUBCAPTIONS = [f"subcaption_{i}" for i in range(1, 9)]
COLUMNS = ["filename", "caption", "truncated_caption", "ontology_caption", "visual_concept_caption",
           *SUBCAPTIONS, "sub_caption_mask", "knowledge_masks"]


def write_table(path, columns, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)


def make_table(folder, number):
    """Makes `number` noisy images of three colors in folder/images; returns rows with MAKE's columns."""
    (folder / "images").mkdir(parents=True)
    draw = random.Random(1)
    noise = numpy.random.default_rng(1)
    rows = []
    for i in range(number):
        color = draw.choice(list(COLORS))
        pixels = numpy.array(COLORS[color]) + noise.integers(-40, 40, (20, 24, 3))
        Image.fromarray(pixels.clip(0, 255).astype("uint8")).save(folder / f"images/{i}.png")
        subcaptions = [f"a {color} patch", f"number {i}"][:draw.randint(0, 2)]
        caption = ". ".join(subcaptions) or f"sample {i}"
        concept = draw.random() < 0.5
        rows.append({
            "filename": f"{i}.png", "caption": caption, "truncated_caption": caption,
            "ontology_caption": f"diagnosed as {color}",
            "visual_concept_caption": f"shows {color}" if concept else "",
            **dict(zip(SUBCAPTIONS, subcaptions)),
            "sub_caption_mask": str([int(j < len(subcaptions)) for j in range(8)]),
            "knowledge_masks": str([1, 1, int(concept)])})
    return rows


def make_data(folder, binary, number, *shard_options):
    """Makes images, train.csv, shards and colors.yaml, a benchmark of the same images."""
    rows = make_table(folder, number)
    write_table(folder / "train.csv", COLUMNS, rows)
    write_table(folder / "colors.csv", ["filename", "label"],
                [{"filename": row["filename"], "label": row["ontology_caption"].split()[-1]} for row in rows])
    (folder / "colors.yaml").write_text("""
name: colors
role: validation
data: {csv: colors.csv, images: images}
classes: [{label: red, names: [red]}, {label: green, names: [green]}, {label: blue, names: [blue]}]
templates: ["diagnosed as {}", "shows {}"]
metrics: [top1]
""")
    subprocess.run([binary, "shard", "--csv", folder / "train.csv", "--images", folder / "images",
                    "--output", folder / "shards", *shard_options], check=True, stderr=subprocess.DEVNULL)
    return rows


def damage_images(shards, rows=slice(None)):
    """Flips a bit of the first byte of each shard's images in these rows, in place."""
    for shard in shards:
        with h5py.File(shard, "r") as file:
            start = file["images/bytes"].id.get_offset()
            offsets = [int(row["offset"]) for row in file["images/index"][rows]]
        with open(shard, "r+b") as file:
            for offset in offsets:
                file.seek(start + offset)
                byte = file.read(1)[0]
                file.seek(start + offset)
                file.write(bytes([byte ^ 1]))


def write_configuration(folder, steps, checkpoint_steps, timeout, validation):
    """Writes folder/config.yaml: two or more ranks train on the shards of make_data(), into folder/runs.
    `timeout` is in seconds; `validation` is the section of that name, in YAML."""
    (folder / "config.yaml").write_text(f"""
output: {folder}/runs
batch_size: 12
model: {{architecture: {MODEL}}}
data: {{train: {folder}/shards, workers: 1, prefetch: 2}}
optimizer: {{lr: 1.0e-3, clip_norm: 1.0}}
schedule: {{max_steps: {steps}, warmup: {min(5, steps)}}}
checkpoint: {{every_epochs: 0, every_steps: {checkpoint_steps}}}
validation: {validation}
runtime: {{device: cpu, threads: 1, log_every: 1, timeout_s: {timeout}}}
""")


def reach(run, step, describe=lambda: "", seconds=40):
    """Waits until the run in this folder has logged the step; a failure message ends with `describe()`."""
    deadline = time.time() + seconds
    path = run / "results.jsonl"
    while not path.exists() or path.read_text().count('"train"') < step:
        assert time.time() < deadline, f"{run} has no step {step} within {seconds} s\n{describe()}"
        time.sleep(0.01)


def ranks_of(binary, *arguments):
    """Process ids, by rank, of the running ranks (not their launcher) that have these arguments."""
    wanted = {os.fsencode(argument) for argument in arguments}
    found = {}
    for process in pathlib.Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            variables = dict(pair.split(b"=", 1) for pair in (process / "environ").read_bytes().split(b"\0")
                             if b"=" in pair)
        except OSError:
            continue
        if words[0] == os.fsencode(binary) and wanted <= set(words) and b"launch" not in words:
            rank = variables.get(b"OMPI_COMM_WORLD_RANK", variables.get(b"RANK",
                                 variables.get(b"SLURM_PROCID", b"0")))
            found[int(rank)] = int(process.name)
    return found
