#!/usr/bin/env python3
"""Writes benchmarks for `dermatome evaluate` from your own copy of MAKE's public code.

    tools/import_benchmarks.py CHECKOUT [--output FOLDER] [--data FOLDER] [--table LIST=CSV]…
                               [--force]

CHECKOUT holds MAKE, O-MAKE, Derm1M or DermFM-Zero, which share a layout. Class lists and prompt
templates come from src/open_clip/zero_shot_metadata.py, prompts for concepts from
concept_annotation/utils.py, synonyms from concept_annotation/term_lists/ConceptTerms.json, the
rest from the tables and concept lists in the data folder. The Python files are parsed, never run:
only literals and lambdas that place their argument in a text are read. The files written contain
the texts of these projects, stay under their licenses, and are for your machine only.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from benchmarks import Unusable, definitions
from benchmarks.literals import Literals
from benchmarks.tables import Table
from captions import BadInput, table

TEMPLATES = "OPENAI_SKIN_TEMPLATES"
# Ending of the name of a list with the same classes, at the same positions, in other words.
REWORDED = "_ONTOLOGY_AUG"
# Benchmark: list of classes, MAKE's table, name of the set in Derm1M and DermFM-Zero.
CLASSIFICATION = {
    "pad": ("PAD_CLASSNAMES", "PAD/MAKE_PAD.csv", "pad"),
    "f17k": ("F17K_DISEASE_113_CLASSES", "F17K/MAKE_F17K.csv", "f17k-113"),
    "snu": ("SNU_134_CLASSNAMES", "SNU/MAKE_SNU.csv", "snu-134"),
    "snu_tails": ("SNU_tails_CLASSNAMES", "SNU/MAKE_SNU_tails.csv", None),
    "sd128": ("SD_128_CLASSNAMES", "SD-128/MAKE_SD-128.csv", "sd-128"),
    "sd_tails": ("SD_tails_CLASSNAMES", "SD-198/SD-tails-70.csv", None),
    "daffodil": ("DAFFODIL_5_CLASSNAMES", "Daffodil/MAKE_Daffodil.csv", "daffodil-5"),
    "ham": ("HAM_CLASSNAMES", None, "HAM-official-7"),
    "ph2": ("PH2_CLASSNAMES", None, "ph2-2"),
    "isic2020": ("ISIC20_CLASSNAMES", None, "isic2020-2"),
}
# Benchmark: column of captions, places where the table may be.
RETRIEVAL = {
    "skincap": ("caption_zh_polish_en", ["skin_cap/skin_cap_meta.csv",
                                         "zero-shot-retrieval/skincap/meta.csv"]),
    "derm1m_holdout": ("truncated_caption", ["zero-shot-retrieval/Derm1M-hold_out/meta.csv"]),
}
OPTIONAL = {"derm1m_holdout"}
CONCEPTS = ("skincon", "derm7pt")


class Importer:
    """Collects files to write in `written`, by name; `complete` turns false if anything is missing."""

    def __init__(self, checkout, data, tables):
        self.checkout, self.data, self.own_tables = checkout, data, tables
        self.written, self.complete = {}, True

    def problem(self, text):
        self.complete = False
        print(f"warning: {text}", file=sys.stderr)

    def read(self, *place):
        """The literals of a Python file of the checkout, or None if it cannot be used."""
        try:
            literals = Literals(self.checkout.joinpath(*place))
        except Unusable as error:
            self.problem(str(error))
            return None
        for note in literals.notes:
            self.problem(f"{literals.path}: {note}")
        return literals

    def tables(self, *places):
        """The paths where a table may be; only Derm1M has meta-files."""
        folders = [self.data, self.data / "downstream", self.checkout / "meta-files"]
        return [folder / place for folder in folders for place in places]

    def add(self, name, paths, sources, make, image_column="filename"):
        """Adds the benchmark that `make(table)` describes with fields and notes."""
        try:
            found = Table(paths, self.checkout, image_column)
            fields, notes = make(found)
            comment = [f"Written by tools/import_benchmarks.py from {', '.join(sources)}.",
                       "These texts belong to others: read the checkout's license before passing them on."]
            content = definitions.to_yaml(comment, {"name": f"imported-{name}", **fields})
        except Unusable as error:
            self.problem(f"{name} left out: {error}")
            return
        self.written[f"{name}.yaml"] = content
        if not found.found:
            self.problem(f"{name}: there is no table {found.path}; the file assumes the place, the "
                         "columns and the numbering of classes that the public scripts use")
        for note in found.notes + notes:
            print(f"import: {name}: {note}")

    def add_classification(self):
        metadata = self.read("src", "open_clip", "zero_shot_metadata.py")
        if metadata is None:
            return
        source, absent = str(metadata.path), []
        lists = {name for name in (*metadata.values, *metadata.refused) if "CLASS" in name}
        for name, (variable, own, shared) in CLASSIFICATION.items():
            if variable not in lists:
                absent.append(f"{name} ({variable})")
                continue
            places = [own] if own else []
            if shared:
                places += [f"zero-shot-classification/{shared}-zero-shot/meta.csv",
                           f"zero-shot-classification/{shared}-zero-shot-test.csv",
                           f"zs/{shared}-zero-shot-test.csv"]
            self.add_list(name, variable, metadata, self.tables(*places),
                          "filename" if own else "image_path")
            lists -= {variable, variable + REWORDED}
        known = {variable for variable, _, _ in CLASSIFICATION.values()}
        for variable in self.own_tables:
            if variable.endswith(REWORDED):
                self.problem(f"--table {variable}: give the table of "
                             f"{variable.removesuffix(REWORDED)}, which has the labels")
            elif variable not in metadata.values and variable not in metadata.refused:
                self.problem(f"--table {variable}: there is no such list in {source}")
            elif variable not in known:
                self.add_list(list_name(variable), variable, metadata, [], "filename")
                lists -= {variable, variable + REWORDED}
        if absent:
            print(f"import: not in {source}: {', '.join(absent)}")
        if lists:
            print(f"import: no table is known for {', '.join(sorted(lists))}: left out; name one with "
                  "--table LIST=CSV")

    def add_list(self, name, variable, metadata, paths, image_column):
        """Adds the benchmark of a list of classes, and one of the same classes in the ontology's words."""
        if f"{name}.yaml" in self.written:
            self.problem(f"{variable} left out: another list is written as {name}.yaml")
            return
        paths = self.own_tables.get(variable, paths)
        self.note_size(name, variable, metadata)

        def make(found, reworded=None):
            classes = definitions.classes_of(metadata.get(variable))
            others = definitions.classes_of(metadata.get(reworded)) if reworded else classes
            return definitions.classification(
                classes, definitions.prompts_of(classes, others),
                definitions.templates_of(metadata.get(TEMPLATES)), found)

        self.add(name, paths, [f"{metadata.path} ({variable}, {TEMPLATES})"], make, image_column)
        reworded = variable + REWORDED
        if reworded in metadata.values or reworded in metadata.refused:
            self.add(f"{name}_ontology", paths,
                     [f"{metadata.path} ({variable}, {reworded}, {TEMPLATES})"],
                     lambda found: make(found, reworded), image_column)

    def note_size(self, name, variable, metadata):
        """Prints a note if a list has not as many entries as its name says (SNU_134_CLASSNAMES)."""
        promised = re.search(r"_([0-9]+)_CLASS", variable)
        value = metadata.values.get(variable)
        if promised and isinstance(value, (list, dict)) and len(value) != int(promised[1]):
            print(f"import: {name}: {variable} has {len(value)} entries, not "
                  f"{promised[1]}")

    def add_retrieval(self):
        for name, (column, places) in RETRIEVAL.items():
            paths = self.tables(*places)
            if name in OPTIONAL and not any(path.is_file() for path in paths):
                continue
            self.add(name, paths, [f"the layout of {self.checkout}"],
                     lambda found, column=column: definitions.retrieval(column, found))

    def add_concepts(self):
        prompts = self.read("concept_annotation", "utils.py")
        terms_path = self.checkout / "concept_annotation" / "term_lists" / "ConceptTerms.json"
        try:
            terms = read_terms(terms_path)
        except (Unusable, BadInput) as error:
            self.problem(str(error))
            terms = None
        if prompts is None or terms is None:
            self.problem(f"{', '.join(CONCEPTS)} left out: their prompts or synonyms are missing")
            return
        for name in CONCEPTS:
            lists = self.tables(f"{name}/concept_list.txt",
                                f"concept_annotation/{name}/concept_list.txt")
            path = next((path for path in lists if path.is_file()), None)
            if path is None:
                self.problem(f"{name} left out: no {lists[0]}")
                continue

            def make(found, path=path):
                names = [line.strip() for line in table.read_text(path).splitlines()]
                templates = definitions.templates_of(prompts.get("concept_prompt_template_list"))
                references = definitions.references_of(prompts.get("concept_prompt_ref_list"),
                                                       templates)
                return definitions.concepts(
                    definitions.texts([name for name in names if name], str(path)), terms,
                    (templates, references), found)

            self.add(name, [path.with_name("meta.csv")],
                     [str(path), str(prompts.path), str(terms_path)], make, "ImageID")


def list_name(variable):
    """The benchmark's name: sd_128_tails_10 for SD_128_tails_10_CLASSNAMES."""
    return re.sub(r"_CLASS(NAM)?ES", "", variable).lower()


def read_terms(path):
    """The synonyms of each concept; if the file gives a concept twice, its synonyms are joined."""
    def joined(pairs):
        terms = {}
        for concept, names in pairs:
            names = definitions.texts(names, f"{path}: '{concept}'")
            key = definitions.key_of(concept)
            terms[key] = list(dict.fromkeys(terms.get(key, []) + names))
        return terms

    try:
        terms = json.loads(table.read_text(path), object_pairs_hook=joined)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{path}: {error}") from error
    if not isinstance(terms, dict):
        raise Unusable(f"{path} does not hold an object")
    return terms


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Exit codes: 0 done; 1 something is missing or could not be used, and the rest was "
               "written; 2 nothing was written: bad command line, or the output exists.")
    add = parser.add_argument
    add("checkout", metavar="CHECKOUT", type=Path)
    add("--output", type=Path, default=Path("configs/benchmarks/imported"), metavar="FOLDER",
        help="folder for the YAML files (configs/benchmarks/imported)")
    add("--data", type=Path, metavar="FOLDER", help="the data folder (CHECKOUT/data)")
    add("--table", action="append", default=[], metavar="LIST=CSV", dest="tables",
        help="the table of the class list LIST, for example if the checkout has no table for it; may "
             "be repeated")
    add("--force", action="store_true", help="replace files that exist")
    options = parser.parse_args()
    if options.data is None:
        options.data = options.checkout / "data"
    elif not options.data.is_dir():
        parser.error(f"--data {options.data} is not a folder")
    if not options.checkout.is_dir():
        parser.error(f"{options.checkout} is not a folder")
    tables = {}
    for text in options.tables:
        variable, equals, path = text.partition("=")
        if not (variable and equals and Path(path).is_file()):
            parser.error(f"--table {text}: expected the name of a class list, =, and a CSV file "
                         "that exists")
        if variable in tables:
            parser.error(f"--table {variable} is given twice")
        tables[variable] = [Path(path).resolve()]
    options.tables = tables
    return parser, options


def main():
    parser, options = parse_arguments()
    importer = Importer(options.checkout.resolve(), options.data.resolve(), options.tables)
    importer.add_classification()
    importer.add_concepts()
    importer.add_retrieval()
    paths = {options.output / name: content for name, content in importer.written.items()}
    existing = [str(path) for path in paths if path.exists()]
    if existing and not options.force:
        parser.error(f"these files exist: {', '.join(existing)}; --force replaces them")
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        for path, content in paths.items():
            path.write_bytes(content)
            print(f"import: wrote {path}")
    except OSError as error:
        sys.exit(f"error: {error}")
    sys.exit(0 if importer.complete else 1)


if __name__ == "__main__":
    main()
