"""Tables as `dermatome shard` reads them: UTF-8, RFC 4180, a header of distinct names."""

import csv
import io
import os
import re
import tempfile
from pathlib import Path

from captions import BadInput

csv.field_size_limit(1 << 30)


def read_text(path):
    """A file's text without its byte order mark."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + error.object.count(b"\n", 0, error.start)
        raise BadInput(f"{path} line {line}: byte 0x{error.object[error.start]:02X} is not UTF-8; "
                       "save the file as UTF-8") from error


def find_separator(text):
    """What separates columns by the first line: a comma if there is one, else a tab, else a semicolon."""
    header = text.partition("\n")[0]
    return next((separator for separator in ",\t;" if separator in header), ",")


def read(path, needed, separator=None):
    """The columns, and the rows as (line, {column: cell}); columns in `needed` must be there."""
    text = read_text(path)
    separator = separator or find_separator(text)
    reader = csv.reader(io.StringIO(text, newline="\n"), strict=True, delimiter=separator)
    columns, rows, line = None, [], 1
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            what = str(error).partition(" - ")[0]  # the rest is advice for programmers
            raise BadInput(f"{path} line {line}: {what}; check this row's quotes") from error
        if not cells:
            continue
        if columns is None:
            columns = cells
        elif len(cells) != len(columns):
            raise BadInput(f"{path} line {line}: {len(cells)} fields, but the header has "
                           f"{len(columns)} columns; quote cells that contain a {'comma' if separator == ',' else 'separator'}")
        else:
            rows.append((line, dict(zip(columns, cells))))
    if not rows:
        raise BadInput(f"{path} has no rows; a header and rows below it are expected")
    for column in columns:
        if columns.count(column) > 1:
            raise BadInput(f"{path} line 1: column '{column}' occurs twice; rename one")
    for column in needed:
        require(column, columns, path)
    return columns, rows


def require(column, columns, path, remedy="add it, or correct its name"):
    if column not in columns:
        raise BadInput(f"{path} has no column '{column}'; its columns are: {', '.join(columns)}. "
                       f"{remedy[0].upper()}{remedy[1:]}")


def read_mask(cell, where):
    """The numbers of a cell like "[1, 0]", in the spellings that `dermatome shard` knows."""
    entries = {"1": 1, "1.0": 1, "True": 1, "0": 0, "0.0": 0, "False": 0}
    found = re.fullmatch(r"\s*\[(.*)\]\s*", cell, re.DOTALL)
    words = [word.strip() for word in found[1].split(",")] if found else [cell]
    if not found or any(word not in entries for word in words):
        raise BadInput(f"{where}: '{cell}' is not a list of 0 and 1 in brackets; correct it, or empty "
                       "the cell to have it filled")
    return [entries[word] for word in words]


def quoted(cell):
    # The csv module does not quote a carriage return if lines end with a line feed alone.
    return '"' + cell.replace('"', '""') + '"' if re.search('[,"\r\n]', cell) else cell


def write(path, columns, rows):
    """Writes the table as a whole or not at all."""
    path = Path(path)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", dir=path.parent,
                                     prefix=path.name + ".tmp.", delete=False) as file:
        try:
            file.write(",".join(map(quoted, columns)) + "\n")
            for _, row in rows:
                file.write(",".join(quoted(row[column]) for column in columns) + "\n")
            file.flush()
            os.fsync(file.fileno())
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(file.name, 0o666 & ~umask)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
