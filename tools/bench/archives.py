#!/usr/bin/env python3
"""Opponents of the loader that read archives: webdataset (tar files) and mosaicml-streaming (MDS).

    archives.py webdataset|streaming TABLE IMAGES OUTPUT RECORDS

packs the table's images with their captions into OUTPUT, about RECORDS per file.
"""

import csv
import importlib
import io
import json
import os
import sys
from pathlib import Path


def import_package(name):
    """Imports a package from the folder that bench.sh names. This folder is separate, because other
    packages would import some of its contents."""
    if (folder := os.environ["DERMATOME_BENCH_PACKAGES"]) not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)


def read_table(table):
    """(rows, names of the captions' columns) of a table in MAKE's form."""
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return rows, [name for name in rows[0] if "caption" in name and "mask" not in name]


def samples_of(table, images):
    rows, captions = read_table(table)
    for row in rows:
        yield (images / row["filename"]).read_bytes(), [row[name] for name in captions]


class WebDataset:
    """Reads as webdataset's documentation does: whole shards are shuffled, and samples in a buffer."""

    @staticmethod
    def pack(samples, output, records):
        webdataset = import_package("webdataset")
        samples = list(samples)
        # Workers share out archives, not samples, so each worker needs some archives.
        count = max(1, min(records, len(samples) // 4))
        with webdataset.ShardWriter(f"{output}/%06d.tar", maxcount=count, verbose=0) as writer:
            for number, (image, captions) in enumerate(samples):
                writer.write({"__key__": f"{number:08}", "jpg": image,
                              "json": json.dumps(captions).encode()})

    @staticmethod
    def open(folder, prepare, _batch):
        webdataset = import_package("webdataset")
        archives = sorted(str(path) for path in folder.glob("*.tar"))
        return webdataset.WebDataset(archives, shardshuffle=100).shuffle(1000).map(
            lambda sample: prepare(io.BytesIO(sample["jpg"]), json.loads(sample["json"])))


class Streaming:
    """Reads from a folder of this machine, with streaming's own shuffle."""

    @staticmethod
    def pack(samples, output, records):
        streaming = import_package("streaming")
        samples = list(samples)
        size = sum(len(image) + len(json.dumps(captions)) for image, captions in samples)
        with streaming.MDSWriter(out=str(output), columns={"image": "bytes", "captions": "json"},
                                 size_limit=max(1, size * records // len(samples))) as writer:
            for image, captions in samples:
                writer.write({"image": image, "captions": captions})

    @staticmethod
    def open(folder, prepare, batch):
        streaming = import_package("streaming")

        class Prepared(streaming.StreamingDataset):
            def __getitem__(self, number):
                sample = super().__getitem__(number)
                return prepare(io.BytesIO(sample["image"]), sample["captions"])

        return Prepared(local=str(folder), shuffle=True, batch_size=batch)


ARCHIVES = {"webdataset": WebDataset, "streaming": Streaming}


def main():
    kind, table, images, output, records = sys.argv[1:]
    Path(output).mkdir()
    ARCHIVES[kind].pack(samples_of(table, Path(images)), output, int(records))


if __name__ == "__main__":
    main()
