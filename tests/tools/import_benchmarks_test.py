"""Tests that tools/import_benchmarks.py writes what a checkout's files say, and runs none of them."""

import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import import_benchmarks  # noqa: E402
from benchmarks import Unusable, definitions  # noqa: E402
from benchmarks.literals import Literals  # noqa: E402

METADATA = '''"""Made up for this test."""
import os
from math import *

PAD_CLASSNAMES = ("red dot", "blue dot", ["green spot", "leaf"], "it's: \\"odd\\" # {}")
SNU_134_CLASSNAMES: list = ['zig', 'zag', 'zig', 'zog', 'zug', 'zap']
OTHER_CLASSES = ["heads", "tails"]
OPENAI_SKIN_TEMPLATES = (
    lambda c: f'Here is {c}.',
    lambda thing: "Look, " + thing + "!",
)


def helper():
    return open("/nonexistent")
'''
PROMPTS = '''
concept_prompt_template_list = ["photo with {}", "{} is seen"]
concept_prompt_ref_list = [["photo"], "nothing is seen"]
'''
TERMS = "concept_annotation/term_lists/ConceptTerms.json"


class Checkout(unittest.TestCase):
    """A test with a small imitation of a checkout, which has only what the command needs."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.checkout = self.folder / "code"
        self.output = self.folder / "out"
        self.file("src/open_clip/zero_shot_metadata.py", METADATA)
        self.file("concept_annotation/utils.py", "import torch\n" + PROMPTS)
        self.file(TERMS, json.dumps({"round bump": ["bump", "lump"], "dark_line": ["line"]}))
        self.file("data/skincon/concept_list.txt", "Round bump\n\nDark line\nSmell\nround  bump\n")
        self.file("data/skincon/meta.csv", "ImageID,dark_line,Round Bump,Taste\na.png,0,1,1\n")
        self.file("data/skincon/final_images/a.png", "")
        self.file("data/derm7pt/concept_list.txt", "Dark line\n")
        self.file("data/derm7pt/meta.csv", "ImageID,Dark line\nb.png,1\n")
        self.file("data/derm7pt/final_images/b.png", "")
        self.file("data/PAD/MAKE_PAD.csv",
                  "filename,label,patient_id\n"
                  "data/PAD/images/a.png,1,x\ndata/PAD/images/b.png,0,y\n")
        self.file("data/PAD/images/a.png", "")
        self.file("data/SNU/MAKE_SNU.csv", "filename,label\na.png,5\na.png,0\n")
        self.file("data/SNU/images/a.png", "")
        self.file("data/skin_cap/skin_cap_meta.csv", "filename,caption_zh_polish_en\na.png,A\n")
        self.file("data/skin_cap/images/a.png", "")

    def file(self, name, content):
        path = self.checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
        return path

    def run_import(self, *arguments, code=0):
        """What the command prints."""
        log = io.StringIO()
        with mock.patch.object(sys, "argv", ["import", str(self.checkout), "--output",
                                             str(self.output), *map(str, arguments)]), \
                contextlib.redirect_stdout(log), contextlib.redirect_stderr(log), \
                self.assertRaises(SystemExit) as end:
            import_benchmarks.main()
        self.assertEqual(end.exception.code, code, log.getvalue())
        return log.getvalue()

    def written(self, name):
        return yaml.safe_load((self.output / f"{name}.yaml").read_text("utf-8"))

    def names(self):
        return sorted(path.stem for path in self.output.iterdir())


class ImportTest(Checkout):
    def test_everything_of_a_whole_checkout(self):
        log = self.run_import()
        self.assertEqual(self.names(), ["derm7pt", "pad", "skincap", "skincon", "snu"])
        self.assertEqual(self.written("pad"), {
            "name": "imported-pad", "kind": "classification", "role": "test",
            "root": str(self.checkout),
            "data": {"csv": "data/PAD/MAKE_PAD.csv", "images": ".", "image_column": "filename",
                     "label_column": "label", "group_column": "patient_id"},
            "classes": [{"label": "0", "names": ["red dot"]}, {"label": "1", "names": ["blue dot"]},
                        {"label": "2", "names": ["green spot", "leaf"]},
                        {"label": "3", "names": ["it's: \"odd\" # {}"]}],
            "templates": ["Here is {}.", "Look, {}!"],
            "metrics": ["top1", "balanced_accuracy", "weighted_f1", "auroc"]})
        self.assertIn("pad: 2 classes have no row: 'green spot', 'it's", log)
        self.assertIn("no table is known for OTHER_CLASSES: left out", log)

    def test_a_list_longer_than_its_name_says_and_a_name_given_twice(self):
        log = self.run_import()
        self.assertIn("SNU_134_CLASSNAMES has 6 entries, not 134", log)
        self.assertIn("'zig' is the name of classes 0, 2", log)
        snu = self.written("snu")
        self.assertEqual([entry["label"] for entry in snu["classes"]], list("012345"))
        self.assertEqual(snu["data"]["images"], "data/SNU/images")
        self.assertIn("top5", snu["metrics"])

    def test_concepts_are_matched_by_name(self):
        log = self.run_import()
        self.assertEqual(self.written("skincon"), {
            "name": "imported-skincon", "kind": "concepts", "role": "test",
            "root": str(self.checkout),
            "data": {"csv": "data/skincon/meta.csv", "images": "data/skincon/final_images",
                     "image_column": "ImageID"},
            "concepts": [{"label": "Round Bump", "names": ["bump", "lump"]},
                         {"label": "dark_line", "names": ["line"]},
                         {"label": "Smell", "names": ["Smell"]}],
            "templates": ["photo with {}", "{} is seen"],
            "references": ["photo", "nothing is seen"], "metrics": ["auroc"]})
        for note in ["4 entries for 3 concepts", "no synonyms, only their names: 'Smell'",
                     "no column in the table: 'Smell'", "are not in the list of concepts: 'Taste'"]:
            self.assertIn(note, log)

    def test_retrieval(self):
        self.run_import()
        self.assertEqual(self.written("skincap")["data"], {
            "csv": "data/skin_cap/skin_cap_meta.csv", "images": "data/skin_cap/images",
            "image_column": "filename", "caption_column": "caption_zh_polish_en"})

    def test_the_layout_of_the_successor(self):
        for name in ("PAD", "skin_cap"):
            for path in (self.checkout / "data" / name).glob("*.csv"):
                path.unlink()
        self.file("data/zero-shot-classification/pad-zero-shot/meta.csv",
                  "image_path,label\ndata/PAD/images/a.png,0.0\ndata/PAD/images/a.png,1.0\n")
        self.file("data/zero-shot-retrieval/skincap/meta.csv",
                  "filename,caption_zh_polish_en\ndata/PAD/images/a.png,A\n")
        self.file("data/zero-shot-retrieval/Derm1M-hold_out/meta.csv",
                  "image_path,truncated_caption\ndata/PAD/images/a.png,A\n")
        self.run_import()
        pad = self.written("pad")
        self.assertEqual((pad["data"]["image_column"], pad["data"]["images"]), ("image_path", "."))
        self.assertEqual([entry["label"] for entry in pad["classes"]], ["0.0", "1.0", "2", "3"])
        self.assertEqual(self.written("derm1m_holdout")["data"]["caption_column"],
                         "truncated_caption")

    def test_a_list_in_the_ontologys_words_keeps_the_labels_of_its_own(self):
        self.file("src/open_clip/zero_shot_metadata.py", METADATA + '''
PAD_CLASSNAMES_ONTOLOGY_AUG = ["mark, red dot", "mark, blue dot", "spot, leaf", "odd"]
SNU_134_CLASSNAMES_ONTOLOGY_AUG = ["too", "few"]
''')
        self.file("data/PAD/MAKE_PAD.csv", "filename,label\na.png,Blue dot\nb.png,Red dot\n")
        log = self.run_import(code=1)
        self.assertEqual(self.written("pad_ontology")["classes"], [
            {"label": "Red dot", "names": ["mark, red dot"]},
            {"label": "Blue dot", "names": ["mark, blue dot"]},
            {"label": "green spot", "names": ["spot, leaf"]},
            {"label": "it's: \"odd\" # {}", "names": ["odd"]}])
        self.assertEqual(self.written("pad_ontology")["data"], self.written("pad")["data"])
        self.assertIn("snu_ontology left out: 2 other names for 6 classes", log)

    def test_a_table_for_a_list_that_has_none(self):
        table = self.folder / "coins.csv"
        table.write_text("filename,label\na.png,1\n")
        log = self.run_import("--table", f"OTHER_CLASSES={table}")
        self.assertNotIn("no table is known", log)
        other = self.written("other")
        self.assertEqual([entry["names"] for entry in other["classes"]], [["heads"], ["tails"]])
        self.assertTrue((Path(other["root"]) / other["data"]["csv"]).samefile(table))
        self.assertIn("give the table of OTHER_CLASSES", self.run_import(
            "--force", "--table", f"OTHER_CLASSES_ONTOLOGY_AUG={table}", code=1))
        self.assertIn("given twice", self.run_import(
            "--table", f"OTHER_CLASSES={table}", "--table", f"OTHER_CLASSES={table}", code=2))
        for name in ("NONE", "HAM_CLASSNAMES"):
            self.assertIn("no such list", self.run_import("--force", "--table", f"{name}={table}",
                                                          code=1))
        for argument in ["OTHER_CLASSES", f"OTHER_CLASSES={table}x", f"={table}"]:
            self.assertIn("expected the name of a class list", self.run_import(
                "--table", argument, code=2))

    def test_two_lists_of_one_name_are_not_mixed(self):
        table = self.folder / "mine.csv"
        table.write_text("filename,label\na.png,1\n")
        self.file("src/open_clip/zero_shot_metadata.py", METADATA + 'PAD_CLASSES = ["a", "b"]\n')
        log = self.run_import("--table", f"PAD_CLASSES={table}", code=1)
        self.assertIn("PAD_CLASSES left out: another list is written as pad.yaml", log)
        self.assertEqual(len(self.written("pad")["classes"]), 4)

    def test_a_table_of_ones_own_counts_before_the_checkouts(self):
        table = self.folder / "mine.csv"
        table.write_text("filename,label\na.png,2\n")
        self.run_import("--table", f"PAD_CLASSNAMES={table}")
        pad = self.written("pad")
        self.assertTrue((Path(pad["root"]) / pad["data"]["csv"]).samefile(table))

    def test_data_elsewhere(self):
        elsewhere = self.folder / "disk" / "data"
        elsewhere.parent.mkdir()
        (self.checkout / "data").rename(elsewhere)
        self.run_import("--data", elsewhere)
        pad = self.written("pad")
        root = Path(pad["root"])
        self.assertTrue((root / pad["data"]["csv"]).samefile(elsewhere / "PAD" / "MAKE_PAD.csv"))
        self.assertTrue((root / pad["data"]["images"]).samefile(elsewhere.parent))


class WhatIsMissingTest(Checkout):
    def test_each_missing_file_is_named_and_the_rest_written(self):
        everything = ["derm7pt", "pad", "skincap", "skincon", "snu"]
        for place, lost in [
            ("src/open_clip/zero_shot_metadata.py", {"pad", "snu"}),
            ("concept_annotation/utils.py", {"skincon", "derm7pt"}),
            (TERMS, {"skincon", "derm7pt"}),
            ("data/skincon/concept_list.txt", {"skincon"}),
            ("data/SNU/MAKE_SNU.csv", set()),
            ("data/skin_cap/skin_cap_meta.csv", set()),
        ]:
            with self.subTest(place):
                path = self.checkout / place
                content = path.read_bytes()
                path.unlink()
                self.assertIn(str(path), self.run_import("--force", code=1))
                self.assertEqual(self.names(), [name for name in everything if name not in lost])
                for written in self.output.iterdir():
                    written.unlink()
                path.write_bytes(content)

    def test_without_its_table_a_class_is_its_position(self):
        (self.checkout / "data/PAD/MAKE_PAD.csv").unlink()
        self.run_import(code=1)
        pad = self.written("pad")
        self.assertEqual([entry["label"] for entry in pad["classes"]], list("0123"))
        self.assertEqual(pad["data"]["csv"], "data/PAD/MAKE_PAD.csv")

    def test_an_image_that_is_not_found_is_named(self):
        (self.checkout / "data/PAD/images/a.png").unlink()
        self.assertIn("'data/PAD/images/a.png' of its first row was not found", self.run_import())

    def test_a_table_that_cannot_be_used_is_named(self):
        for content, message in [
            ("filename,label\na.png,9\n", "none of the table's labels ('9')"),
            ("filename,diagnosis\na.png,9\n", "no column 'label'"),
            ("file,label\na.png,0\n", "none of the columns filename, image_path"),
            ("filename,label\na.png\n", "MAKE_PAD.csv line 2: 1 fields"),
        ]:
            with self.subTest(message):
                self.file("data/PAD/MAKE_PAD.csv", content)
                self.assertIn(message, self.run_import("--force", code=1))
                self.assertFalse((self.output / "pad.yaml").exists())

    def test_bad_prompts_and_synonyms_are_named(self):
        for place, content, message in [
            ("concept_annotation/utils.py", PROMPTS.replace('["photo"]', '["a", "b"]'),
             "several reference prompts"),
            ("concept_annotation/utils.py", PROMPTS.replace('["photo"], ', ""), "have 2 entries"),
            ("concept_annotation/utils.py", PROMPTS.replace("photo with {}", "photo"),
             "'photo' has no {}"),
            (TERMS, "{", "ConceptTerms.json: Expecting"),
            (TERMS, '{"bump": [1]}', "'bump' is neither"),
            (TERMS, "[]", "does not hold an object"),
            (TERMS, '{"smell": ["\\ud800"]}', "lone surrogate"),
        ]:
            with self.subTest(message):
                path = self.checkout / place
                before = path.read_text("utf-8")
                self.file(place, content)
                self.assertIn(message, self.run_import("--force", code=1))
                self.assertFalse((self.output / "skincon.yaml").exists())
                path.write_text(before, "utf-8")

    def test_existing_output_is_kept_unless_forced(self):
        self.output.mkdir()
        (self.output / "snu.yaml").write_text("mine")
        self.assertIn("--force replaces them", self.run_import(code=2))
        self.assertEqual(self.names(), ["snu"])
        self.assertEqual((self.output / "snu.yaml").read_text(), "mine")
        self.run_import("--force")
        self.assertEqual(self.written("snu")["name"], "imported-snu")

    def test_no_checkout(self):
        self.checkout = self.folder / "none"
        self.assertIn("is not a folder", self.run_import(code=2))


class LiteralsTest(Checkout):
    def read(self, text):
        return Literals(self.file("some.py", text))

    def test_code_is_refused_and_not_run(self):
        trace = self.folder / "trace"
        touch = f"open({str(trace)!r}, 'w')"
        metadata = METADATA.replace("SNU_134_CLASSNAMES: list = [",
                                    f"{touch}\nSNU_134_CLASSNAMES = [{touch}, ")
        self.file("src/open_clip/zero_shot_metadata.py", f"""{metadata}
OTHER_TEMPLATES = (lambda c: {touch},)
class Harm:
    {touch}
@{touch}
def harm(argument={touch}): pass
""")
        log = self.run_import(code=1)
        self.assertFalse(trace.exists())
        self.assertEqual(self.names(), ["derm7pt", "pad", "skincap", "skincon"])
        for line in ["a statement left out: line 6:", "SNU_134_CLASSNAMES left out: line 7:",
                     "OTHER_TEMPLATES left out: line "]:
            self.assertIn(line, log)

    def test_lambdas(self):
        for source, text in [("lambda c: f'a {c} b {c}'", "a {} b {}"), ("lambda x: x", "{}"),
                             ("lambda c: 'no ' + f'{c}' + '.'", "no {}."),
                             ("lambda c: f'{{{c}}}'", "{{}}"), ("lambda c: 'plain'", "plain")]:
            self.assertEqual(self.read(f"T = [{source}]").values, {"T": [text]})
        for source in ["lambda c: f'{c!r}'", "lambda c: f'{c:>5}'", "lambda c: f'{d}'",
                       "lambda c: c.upper()", "lambda c: f'{c.upper()}'", "lambda c: 'a {}' + c",
                       "lambda: 'a'", "lambda c, d: c", "lambda c='x': c", "lambda *c: c",
                       "lambda c: 'a' * 9", "lambda c: 1"]:
            literals = self.read(f"\nT = [{source}]")
            self.assertEqual(literals.values, {}, source)
            self.assertIn("line 2: ", literals.refused["T"])

    def test_what_else_touches_a_name_makes_it_unusable(self):
        for change in ["A += ['c']", "A.append('c')", "A[0] = 'c'", "del A", "if 1:\n  A = ['c']",
                       "for A in 'c': pass", "A, B = ['c'], 1", "def A(): pass", "import c as A",
                       "A = B", "A = ['c', *'d']", "A = {**{}}", "A = {'c': 1, 'c': 2}",
                       "A = f'c'", "A = -1", "A = None", "A = b'c'", "A = [c for c in 'd']"]:
            literals = self.read(f"A = ['a', 'b']\n{change}\n")
            with self.assertRaisesRegex(Unusable, "A cannot be used: .*line [23]", msg=change):
                literals.get("A")

    def test_assignments(self):
        literals = self.read("A = B = {'k': ('x', 1.5)}\nC: int = {2}\nC = 'a' 'b'\nD: int\n")
        same = {"k": ["x", 1.5]}
        self.assertEqual(literals.values, {"A": same, "B": same, "C": "ab"})
        self.assertIn("C assigned again in line 3, which counts", literals.notes)
        with self.assertRaisesRegex(Unusable, "E is not assigned"):
            literals.get("E")

    def test_what_is_not_python_is_refused(self):
        for text in ["A = [", "A = 1\0", "A = " + "[" * 5000 + "]" * 5000,
                     "A = " + "-" * 100000 + "1"]:
            with self.assertRaises(Unusable):
                self.read(text)


class LabelsTest(unittest.TestCase):
    def label(self, value, cells):
        classes = definitions.classes_of(value)
        entries, notes = definitions.label_classes(classes, [names for _, names in classes], cells)
        return [entry["label"] for entry in entries], " / ".join(notes)

    def test_names_are_spelled_as_the_table_spells_them(self):
        self.assertEqual(self.label(["red dot", ["leaf", "green spot"], "mole"],
                                    ["Red  Dot", "Green spot", "mole"]),
                         (["Red  Dot", "Green spot", "mole"], ""))
        self.assertEqual(self.label({"R": "red", "G": ["green"]}, ["G", "R"]), (["R", "G"], ""))
        self.assertEqual(self.label({0: "red", 1: "green"}, ["1", "0"]), (["0", "1"], ""))

    def test_labels_that_are_no_class_are_counted(self):
        labels, notes = self.label(["a", "b"], ["0", "1", "7", "7", ""])
        self.assertEqual(labels, ["0", "1"])
        self.assertIn("3 rows have labels that are no class ('7', '')", notes)
        labels, notes = self.label(["a", "b"], ["a", "1"])
        self.assertEqual(labels, ["a", "b"])
        self.assertIn("1 rows have labels that are no class ('1')", notes)
        self.assertIn("1 classes have no row: 'b'", notes)

    def test_other_words_are_for_the_same_classes(self):
        classes = definitions.classes_of({"1": "one", "2": "two"})
        self.assertEqual(definitions.prompts_of(
            classes, definitions.classes_of({"1": "eins", "2": ["zwei"]})), [["eins"], ["zwei"]])
        for other in [{"2": "zwei", "1": "eins"}, ["eins", "zwei"], {"1": "eins", "3": "drei"}]:
            with self.assertRaisesRegex(Unusable, "other labels"):
                definitions.prompts_of(classes, definitions.classes_of(other))

    def test_two_classes_of_one_label_become_one(self):
        labels, notes = self.label(["a", "b", "A"], ["a", "b"])
        self.assertEqual(labels, ["a", "b"])
        self.assertIn("'a' is the label of two classes; the second one is left out", notes)

    def test_lists_that_are_no_classes_are_refused(self):
        for value in ["ab", 7, ["a"], [], ["a", ""], ["a", []], ["a", [["b"]]], ["a", 1],
                      {"a": {"b": "c"}, "d": "e"}]:
            with self.assertRaises(Unusable, msg=str(value)):
                definitions.classes_of(value)


if __name__ == "__main__":
    unittest.main()
