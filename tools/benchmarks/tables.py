"""A benchmark's table in the checkout: its place, its columns, and the place of its images."""

import os

from benchmarks import Unusable
from benchmarks.definitions import GROUPS, SLICES
from captions import BadInput, table

IMAGE_COLUMNS = ("filename", "image_path", "ImageID")


class Table:
    """The table at the first of `paths` that exists. If none exists, `found` is false and `path` is
    the first one."""

    def __init__(self, paths, checkout, image_column=IMAGE_COLUMNS[0]):
        existing = [path for path in paths if path.is_file()]
        self.found = bool(existing)
        self.path = (existing or list(paths))[0]
        self.checkout, self.image_column = checkout, image_column
        self.columns, self.rows, self.notes = [], [], []
        if not self.found:
            return
        try:
            self.columns, self.rows = table.read(self.path, [])
        except BadInput as error:
            raise Unusable(str(error)) from error
        self.image_column = next((c for c in (image_column, *IMAGE_COLUMNS) if c in self.columns),
                                 image_column)
        if self.image_column not in self.columns:
            raise Unusable(f"{self.path} has none of the columns {', '.join(IMAGE_COLUMNS)}")

    def cells(self, column):
        if self.found and column not in self.columns:
            raise Unusable(f"{self.path} has no column '{column}'")
        return [row[column] for _, row in self.rows]

    def images(self):
        """The folder that the table's image names are relative to, found with the first image."""
        beside = self.path.parent
        folders = [self.checkout, beside, beside / "images", beside / "final_images",
                   *list(beside.parents)[:3]]
        if not self.found:
            return beside / "final_images" if self.image_column == "ImageID" else self.checkout
        first = self.rows[0][1][self.image_column]
        for folder in folders:
            if (folder / first).is_file():
                return folder
        self.notes.append(f"the image '{first}' of its first row was not found; correct "
                          "data.images")
        return self.checkout

    def place(self, **columns):
        """The fields that say where the data are. Paths are relative to `root`, the checkout."""
        relative = [os.path.relpath(path, self.checkout) for path in (self.path, self.images())]
        data = {"csv": relative[0], "images": relative[1], "image_column": self.image_column,
                **columns}
        if group := next((column for column in GROUPS if column in self.columns), None):
            data["group_column"] = group
        if slices := [column for column in SLICES if column in self.columns]:
            data["slice_columns"] = slices
        return {"root": str(self.checkout), "data": data}
