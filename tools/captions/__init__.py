"""The parts of tools/captions.py: tables, sentences, knowledge of diseases and signs, a model."""


class BadInput(Exception):
    """What the user gave cannot be used; the message says where and what to do."""


def missing(cell):
    """Whether `dermatome shard` reads the cell as no caption."""
    return cell.strip(" \t\r\n") in ("", "nan", "NaN")


def normalized(name):
    return " ".join(name.split()).casefold()
