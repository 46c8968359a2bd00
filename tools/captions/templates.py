"""Captions made from the cells of a row, as `dermatome shard --template` makes them."""

import re

from captions import BadInput, missing, table

PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")


class Template:
    """A text with placeholders: {} stands for the label, {NAME} for the cell of column NAME."""

    def __init__(self, text, label_column):
        self.text = text
        self.parts = []  # (text before a placeholder, column), and at last (text, None)
        before = ""
        for found in PART.finditer(text):
            if found[1] is not None:
                self.parts.append((before, found[1] or label_column))
                before = ""
            elif found[0] in "{}":
                self.refuse(f"has a {found[0]} without its counterpart")
            else:
                before += found[0][0] if found[0] in ("{{", "}}") else found[0]
        if not self.parts:
            self.refuse("has no placeholder, so all images would have the same caption")
        self.parts.append((before, None))

    def refuse(self, why):
        raise BadInput(f"--template '{self.text}' {why}; {{}} stands for the label, {{NAME}} for the cell "
                       "of column NAME, and {{ and }} for a brace")

    def columns(self):
        return [column for _, column in self.parts if column is not None]

    def check(self, columns, caption_column, path):
        for column in self.columns():
            table.require(column, columns, f"--template '{self.text}': {path}")
            if column in (caption_column, "truncated_caption"):
                raise BadInput(f"--template '{self.text}' names the column of captions, '{column}', but a "
                               "template is for rows without a caption")

    def fill(self, row):
        """The caption for a row; None where the cell of a placeholder is missing."""
        if any(missing(row[column]) for column in self.columns()):
            return None
        return "".join(before + (spoken(row[column]) if column else "") for before, column in self.parts)


def spoken(cell):
    """A cell as it stands in a sentence: pandas writes whole numbers as 45.0."""
    cell = cell.strip(" \t\r\n")
    return cell[:-2] if re.fullmatch(r"-?[0-9]+\.0", cell) else cell
