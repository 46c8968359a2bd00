#!/usr/bin/env python3
"""Makes the tables of configs/benchmarks/skincon.yaml and derm7pt.yaml from the tables of the sets.

    tools/prepare_concepts.py skincon|derm7pt INPUT.csv OUTPUT.csv

skincon leaves out the images that the annotators ask not to consider. derm7pt writes 1 where the
seven-point checklist gives points for what a cell says, and 0 elsewhere. Other columns are kept.
"""

import argparse
import sys
from pathlib import Path

from captions import BadInput, table

LEFT_OUT = "Do not consider this image"
# The possible cells of each criterion, with 1 if the cell scores points (Argenziano et al. 1998).
CHECKLIST = {
    "pigment_network": {"absent": 0, "typical": 0, "atypical": 1},
    "blue_whitish_veil": {"absent": 0, "present": 1},
    "vascular_structures": {
        "absent": 0, "arborizing": 0, "comma": 0, "hairpin": 0, "within regression": 0, "wreath": 0,
        "dotted": 1, "linear irregular": 1},
    "pigmentation": {
        "absent": 0, "diffuse regular": 0, "localized regular": 0, "diffuse irregular": 1,
        "localized irregular": 1},
    "streaks": {"absent": 0, "regular": 0, "irregular": 1},
    "dots_and_globules": {"absent": 0, "regular": 0, "irregular": 1},
    "regression_structures": {"absent": 0, "blue areas": 1, "white areas": 1, "combinations": 1},
}


def skincon(path):
    """The columns, the rows that are kept, and the number of rows left out."""
    columns, rows = table.read(path, ["ImageID", LEFT_OUT])
    kept = []
    for line, row in rows:
        if row[LEFT_OUT] not in ("0", "1"):
            raise BadInput(f"{path} line {line}, column {LEFT_OUT}: '{row[LEFT_OUT]}' is not 0 or "
                           "1; correct it")
        if row[LEFT_OUT] == "0":
            kept.append((line, row))
    return columns, kept, len(rows) - len(kept)


def derm7pt(path):
    columns, rows = table.read(path, ["derm", *CHECKLIST])
    for line, row in rows:
        for criterion, scores in CHECKLIST.items():
            if row[criterion] not in scores:
                raise BadInput(f"{path} line {line}, column {criterion}: '{row[criterion]}' is not "
                               f"one of {', '.join(scores)}; correct it")
            row[criterion] = str(scores[row[criterion]])
    return columns, rows, 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=["skincon", "derm7pt"])
    parser.add_argument("input", metavar="INPUT.csv", type=Path)
    parser.add_argument("output", metavar="OUTPUT.csv", type=Path)
    options = parser.parse_args()
    try:
        columns, rows, left_out = {"skincon": skincon, "derm7pt": derm7pt}[options.set](
            options.input)
        table.write(options.output, columns, rows)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        sys.exit(f"error: {error}")
    print(f"concepts: {options.output}: {len(rows)} rows, {left_out} left out")


if __name__ == "__main__":
    main()
