#!/usr/bin/env python3
"""Makes the data set `emoji` from two Debian packages: images, captions in MAKE's columns.

    tools/prepare_emoji.py [--output data/emoji] [--font FILE] [--names FILE]

Every fully-qualified emoji of Unicode (package unicode-data) has a published name, a group and a
subgroup, and a bitmap in Noto Color Emoji (package fonts-noto-color-emoji). Five modifiers give its
skin tone, which Unicode defines by the Fitzpatrick scale. So a small set of real images has all
the captions that MAKE learns from: the name, the hierarchy (ontology), the tone (visual concept) and
the parts.

Writes, below the output folder, which is replaced as a whole:
    images/*.png         each bitmap on white, in the size of the font's bitmap
    train.csv, test.csv  MAKE's columns, group, subgroup, tone; a fifth of the base names is held out
    test_tone.csv, test_group.csv, test_retrieval.csv   benchmarks on the held-out images
    dataset.json         counts, the digest of the set, the digests of its sources
"""

import argparse
import csv
import hashlib
import io
import json
import re
import shutil
import sys
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import Image

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
NAMES = "/usr/share/unicode/emoji/emoji-test.txt"
# The digest of the set made from Unicode 15.0 and Noto Color Emoji 2.042, the versions of Debian 12.
KNOWN_DIGEST = "a39aa581962057fce508ccd276564fd7504e6434d1bfb4a1875237caae0cbe01"

# Unicode's names of its modifiers U+1F3FB to U+1F3FF, and the Fitzpatrick types they stand for.
TONES = {
    "light skin tone": "type-1-2",
    "medium-light skin tone": "type-3",
    "medium skin tone": "type-4",
    "medium-dark skin tone": "type-5",
    "dark skin tone": "type-6",
}
NUM_SUBCAPTIONS = 8
HELD_OUT_SHARE = 0.2
VARIATION_SELECTOR = 0xFE0F
COLUMNS = [
    "filename", "caption", "truncated_caption", "ontology_caption", "visual_concept_caption",
    "sub_captions", *(f"subcaption_{i + 1}" for i in range(NUM_SUBCAPTIONS)),
    "sub_caption_mask", "knowledge_masks", "group", "subgroup", "tone",
]


def read_names(path):
    """Yields (code points, name, group, subgroup) of every fully-qualified emoji."""
    group = subgroup = None
    entry = re.compile(r"([0-9A-F ]+?)\s*; fully-qualified\s*# \S+ E[\d.]+ (.+)")
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith("# group: "):
            group = line.removeprefix("# group: ")
        elif line.startswith("# subgroup: "):
            subgroup = line.removeprefix("# subgroup: ")
        elif match := entry.match(line):
            yield [int(code, 16) for code in match[1].split()], match[2], group, subgroup


class EmojiFont:
    """The bitmaps of a font that keeps them in the table CBDT, by sequence of code points."""

    def __init__(self, path):
        font = TTFont(path)
        self.cmap = font.getBestCmap()
        self.bitmaps = font["CBDT"].strikeData[0]
        self.ligatures = {}
        for lookup in font["GSUB"].table.LookupList.Lookup:
            for subtable in lookup.SubTable:
                subtable = getattr(subtable, "ExtSubTable", subtable)
                if subtable.LookupType != 4:
                    continue
                for first, ligatures in subtable.ligatures.items():
                    for ligature in ligatures:
                        self.ligatures[(first, *ligature.Component)] = ligature.LigGlyph

    def image(self, codes):
        """The bitmap on white, or None. A font may or may not have entries with variation selectors."""
        for spelling in (codes, [code for code in codes if code != VARIATION_SELECTOR]):
            glyphs = tuple(self.cmap.get(code) for code in spelling)
            glyph = glyphs[0] if len(glyphs) == 1 else self.ligatures.get(glyphs)
            if glyph in self.bitmaps:
                bitmap = Image.open(io.BytesIO(self.bitmaps[glyph].imageData)).convert("RGBA")
                white = Image.new("RGBA", bitmap.size, "white")
                return Image.alpha_composite(white, bitmap).convert("RGB")
        return None


def make_row(codes, name, group, subgroup):
    """The columns of one image. A name reads "BASE: PART, PART": tones, hair, persons."""
    base, _, rest = name.partition(": ")
    parts = rest.split(", ") if rest else []
    tones = [part for part in parts if part in TONES]
    pieces = list(dict.fromkeys([base, *parts]))[:NUM_SUBCAPTIONS]
    padding = NUM_SUBCAPTIONS - len(pieces)
    row = {
        "filename": "images/" + "-".join(f"{code:x}" for code in codes) + ".png",
        "caption": name,
        "truncated_caption": name,
        "ontology_caption": f"This is an emoji classified as {group}, {subgroup}.",
        "visual_concept_caption": f"This emoji shows {', '.join(tones)}." if tones else "",
        "sub_captions": len(pieces),
        "sub_caption_mask": str([1] * len(pieces) + [0] * padding),
        "knowledge_masks": str([1, 1, 1 if tones else 0]),
        "group": group,
        "subgroup": subgroup,
        "tone": TONES[tones[0]] if len(tones) == 1 else "",
    }
    for i, piece in enumerate(pieces + [""] * padding):
        row[f"subcaption_{i + 1}"] = piece
    return row


def base_name(name):
    """The name without its tones."""
    base, _, rest = name.partition(": ")
    others = [part for part in rest.split(", ") if part and part not in TONES]
    return f"{base}: {', '.join(others)}" if others else base


def split(rows):
    """Adds the key "split": the fifth of the base names with the smallest hashes is held out."""
    bases = {base_name(row["caption"]) for row in rows}
    ranked = sorted(bases, key=lambda base: hashlib.sha256(base.encode()).digest())
    held_out = set(ranked[:round(len(ranked) * HELD_OUT_SHARE)])
    for row in rows:
        row["split"] = "test" if base_name(row["caption"]) in held_out else "train"


def data_digest(rows, images):
    """SHA-256 over file names, captions, split and every pixel, in the order of file names."""
    digest = hashlib.sha256()
    for row in sorted(rows, key=lambda row: row["filename"]):
        image = images[row["filename"]]
        fields = [str(row[column]) for column in [*COLUMNS, "split"]]
        digest.update("\x1f".join([*fields, f"{image.width}x{image.height}"]).encode())
        digest.update(image.tobytes())
    return digest.hexdigest()


def write_csv(path, columns, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_tables(folder, rows):
    """Writes all CSV files; returns the number of rows of each."""
    train = [row for row in rows if row["split"] == "train"]
    test = [row for row in rows if row["split"] == "test"]
    tables = {
        "train.csv": (COLUMNS, train),
        "test.csv": (COLUMNS, test),
        "test_tone.csv": (
            ["filename", "label"], [{**row, "label": row["tone"]} for row in test if row["tone"]]),
        "test_group.csv": (["filename", "label"], [{**row, "label": row["group"]} for row in test]),
        "test_retrieval.csv": (["filename", "caption"], test),
    }
    for name, (columns, selected) in tables.items():
        write_csv(folder / name, columns, selected)
    return {name: len(selected) for name, (_, selected) in tables.items()}


def build(folder, font_path, names_path, sources):
    """Writes the whole set into the empty folder `folder`."""
    font = EmojiFont(font_path)
    (folder / "images").mkdir()
    rows, images, missing = [], {}, []
    for codes, name, group, subgroup in read_names(names_path):
        image = font.image(codes)
        if image is None:
            missing.append(name)
            continue
        row = make_row(codes, name, group, subgroup)
        rows.append(row)
        images[row["filename"]] = image
        image.save(folder / row["filename"])
    if missing:
        sys.exit(f"error: {font_path} has no bitmap for {len(missing)} emoji of {names_path}, the "
                 f"first being '{missing[0]}'. Install font and names of one Debian release.")
    split(rows)
    summary = {
        "digest": data_digest(rows, images),
        "rows": write_tables(folder, rows),
        "sources": sources,
    }
    (folder / "dataset.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return summary


def prepare(output, font_path, names_path):
    """Makes the set unless it exists, and returns its summary. The set is built in another folder,
    which is then renamed."""
    sources = {
        role: hashlib.sha256(Path(path).read_bytes()).hexdigest()
        for role, path in [("font", font_path), ("names", names_path), ("script", __file__)]
    }
    try:
        summary = json.loads((output / "dataset.json").read_text(encoding="utf-8"))
        if summary["sources"] == sources:
            return summary
    except FileNotFoundError:
        if output.exists() and any(output.iterdir()):
            sys.exit(f"error: {output} holds something else; name a new folder with --output")
    aside = output.with_name(output.name + ".partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    summary = build(aside, font_path, names_path, sources)
    if output.exists():
        shutil.rmtree(output)
    aside.rename(output)
    return summary


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("data/emoji"))
    parser.add_argument("--font", default=FONT)
    parser.add_argument("--names", default=NAMES)
    arguments = parser.parse_args()
    for path in (arguments.font, arguments.names):
        if not Path(path).is_file():
            sys.exit(f"error: no file {path}. Run tools/setup.sh, which installs the packages "
                     "fonts-noto-color-emoji and unicode-data, or use --font and --names.")
    summary = prepare(arguments.output, arguments.font, arguments.names)
    for name, count in summary["rows"].items():
        print(f"emoji: {arguments.output / name}: {count} rows")
    print(f"emoji: digest {summary['digest']}")
    if summary["digest"] != KNOWN_DIGEST:
        print("warning: this is not the digest known for Debian 12's packages; scores may differ "
              "from the published scores", file=sys.stderr)


if __name__ == "__main__":
    main()
