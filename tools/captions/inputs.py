"""Reads tables and folders of images with their captions, as `dermatome shard` reads them."""

import json
import os
from pathlib import Path

from captions import BadInput, table

IMAGE_COLUMNS = ("filename", "filepath", "file_name")
CAPTION_COLUMNS = ("caption", "title", "text")
METADATA = ("metadata.csv", "metadata.jsonl")
IMAGES = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".heif", ".avif",
          ".jp2", ".dcm")


def cell(value):
    """A JSON value as a cell; null, lists and objects are empty."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, (bool, int, float)) else ""


def parse_object(text, where):
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadInput(f"{where} is no JSON object; correct or remove it")
    return {key: cell(one) for key, one in value.items()}


def with_columns(rows, first):
    """The columns that have a cell in some row, and the rows with a cell for each of them."""
    columns = dict.fromkeys(first)
    for _, row in rows:
        columns.update(dict.fromkeys(column for column, value in row.items() if value))
    return list(columns), [(line, {column: row.get(column, "") for column in columns}) for line, row in rows]


def read_table(path, separator):
    if path.suffix != ".jsonl":
        return table.read(path, [], separator)
    lines = table.read_text(path).split("\n")
    rows = [(number, parse_object(line, f"{path} line {number}")) for number, line in enumerate(lines, 1)
            if line.strip()]
    if not rows:
        raise BadInput(f"{path} has no rows; one JSON object per line is expected")
    return with_columns(rows, [])


def files_of(folder):
    """The paths of all files, relative to the folder; hidden files and folders are passed over."""
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield (Path(place) / name).relative_to(folder)


def read_metadata(folder, names, image_column, separator):
    """The rows of all tables beside the images, as Hugging Face has them."""
    rows = []
    for name in names:
        if name.name in METADATA:
            columns, found = read_table(folder / name, separator)
            if image_column in columns:
                for _, row in found:
                    row[image_column] = os.path.normpath(name.parent / row[image_column])
                    rows.append((len(rows) + 1, row))
    return with_columns(rows, [image_column])


def read_beside(folder, names, caption_column):
    """A row for each image, with the text or JSON beside it, as img2dataset writes them."""
    known, rows = set(names), []
    for name in names:
        if name.suffix.lower() not in IMAGES:
            continue
        row = {"filename": str(name)}
        label = name.parts[0] if len(name.parts) > 1 else ""
        beside = name.with_suffix(".json")
        if beside in known:
            row = parse_object(table.read_text(folder / beside), folder / beside) | row
        beside = name.with_suffix(".txt")
        if beside in known and not caption_column:
            text = table.read_text(folder / beside).strip(" \t\r\n")
            row["caption"] = text or row.get("caption", "")
        row.setdefault("label", "" if label.isdigit() else label)
        rows.append((len(rows) + 1, row))
    if not rows:
        raise BadInput(f"{folder} holds no images")
    return with_columns(rows, ["filename"])


def read_folder(folder, options):
    names = list(files_of(folder))
    columns, rows = read_metadata(folder, names, options.image_column or "file_name", options.separator)
    return (columns, rows) if rows else read_beside(folder, names, options.caption_column)


def first_of(names, columns):
    return next((name for name in names if name in columns), None)


def read(options):
    """The columns, the rows as (line, {column: cell}) with a column `filename`, and the name of the column
    of captions, None if there is none."""
    path = options.input
    columns, rows = read_folder(path, options) if path.is_dir() else read_table(path, options.separator)
    image = options.image_column or first_of(IMAGE_COLUMNS, columns) or "filename"
    table.require(image, columns, path, "name the column of image files by --image-column")
    if image != "filename":
        if "filename" in columns:
            raise BadInput(f"{path} has a column 'filename' beside '{image}', and the name of the image would "
                           "replace it; rename or remove it")
        columns = ["filename", *columns]
        for _, row in rows:
            row["filename"] = row[image]
    caption = options.caption_column or first_of(CAPTION_COLUMNS, columns)
    if options.caption_column or not (caption or "truncated_caption" in columns or options.template):
        table.require(caption or "caption", columns, path, "name the column of captions by --caption-column, or "
                      "make captions by --template")
    return columns, rows, caption
