"""Tests that tools/captions.py fills missing captions from the table's columns and the user's files."""

import re
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from captions_folder import Folder  # noqa: E402
from captions import sentences, table  # noqa: E402
from captions.knowledge import Concepts, Hierarchy  # noqa: E402


class SentencesTest(unittest.TestCase):
    def test_sentences(self):
        for text, pieces in [
            ("", []),
            (" ... ", []),
            ("One plaque", ["One plaque"]),
            ("A papule of 0.5 cm. It itches!", ["A papule of 0.5 cm", "It itches"]),
            ("dry skin. scale on arms.", ["dry skin", "scale on arms"]),
            ("Dry skin.Fine scale.", ["Dry skin", "Fine scale"]),
            ("Folds, e.g. the groin, i.e. flexures.", ["Folds, e.g. the groin, i.e. flexures"]),
            ("Approx. 5 cm. in size. See Fig. 3.", ["Approx. 5 cm. in size", "See Fig. 3"]),
            ("About 5 mm. 3 lesions.", ["About 5 mm", "3 lesions"]),
            ("Dr. Jones vs. Mrs. Low, cf. ca. 1990", ["Dr. Jones vs. Mrs. Low, cf. ca. 1990"]),
            ("By Low et al. in May. Red.", ["By Low et al. in May", "Red"]),
            ("By Low et al. 1990. Red.", ["By Low et al. 1990", "Red"]),
            ("By Low et al. Red spots.", ["By Low et al", "Red spots"]),
            ("J. Smith, A.B. Low. S. aureus grew.", ["J. Smith, A.B. Low", "S. aureus grew"]),
            ("Given vitamin D. Better now.", ["Given vitamin D", "Better now"]),
            ("Skin type V. Dark spots.", ["Skin type V", "Dark spots"]),
            ("No. 3 itches. Any scale? No. Red.", ["No. 3 itches", "Any scale", "No", "Red"]),
            ("Seen at 5 p.m. Still red.", ["Seen at 5 p.m", "Still red"]),
            ("Red... and dry. But… Well… Gone.", ["Red... and dry", "But", "Well", "Gone"]),
            ("1. Red. 2. Dry.", ["1. Red", "2. Dry"]),
            ("Signs: 1. red 2. dry 3. itchy.", ["Signs: 1. red 2. dry 3. itchy"]),
            ("A man aged 45. Red face.", ["A man aged 45", "Red face"]),
            ("Scale (see a. and b. Note it.) here. Red.",
             ["Scale (see a. and b. Note it.) here", "Red"]),
            ("(Note the crust.) Red.", ["(Note the crust.)", "Red"]),
            ("A mole (?) or wart. Red.", ["A mole (?) or wart", "Red"]),
            ("She says “it burns.” Red.", ["She says “it burns.”", "Red"]),
            ("Open (bracket. Red.", ["Open (bracket", "Red"]),
            ("First\n\nsecond\nline", ["First", "second line"]),
            ("红斑。鳞屑。", ["红斑", "鳞屑"]),
        ]:
            with self.subTest(text):
                self.assertEqual(sentences.split(text), pieces)

    def test_no_word_is_lost(self):
        text = "1. A 0.5 cm (approx. 1 in.) plaque... see Fig. 2! Is it? Yes. J. Low et al. agree."
        self.assertEqual(re.findall(r"\w+", " ".join(sentences.split(text))),
                         re.findall(r"\w+", text))


class FilesTest(Folder):
    def test_hierarchies(self):
        for path in [
            self.file("a.csv", "name,parent\neczema,Dermatitis\nInflammatory,\n"
                               "dermatitis,inflammatory\n"),
            self.file("a.json", {"Inflammatory": {"dermatitis": {"eczema": {}}}}),
        ]:
            hierarchy = Hierarchy(path)
            self.assertEqual(hierarchy.find(" ECZEMA "), "Inflammatory, dermatitis, eczema")
            self.assertIsNone(hierarchy.find("gout"))

    def test_bad_files(self):
        for option, name, content, message in [
            ("--hierarchy", "a.csv", "name,parent\na,b\nb,a\n", "cycle"),
            ("--hierarchy", "a.csv", "name,parent\na,\nb,\nc,a\nc,b\n", "line 5: 'c' has two par"),
            ("--hierarchy", "a.csv", "name,parent\na,x\n", "'x', the parent of 'a', has no entry"),
            ("--hierarchy", "a.csv", "name\na\n", "no column 'parent'"),
            ("--hierarchy", "a.json", '{"a": {"b": {}}, "c": {"b": {}}}', "'b' has two parents"),
            ("--hierarchy", "a.json", '{"a": 1}', "is not an object"),
            ("--hierarchy", "a.json", '{"a":\n}', "line 2"),
            ("--concepts", "a.json", '{"scale": "scaly"}', "not a list of strings"),
            ("--concepts", "a.json", "[]", "not an object"),
            ("--concepts", "none.json", None, "No such file"),
            ("--disease-column", "gone", None, "no column 'gone'"),
        ]:
            with self.subTest(content or name):
                self.file("in.csv", "filename,caption\na.png,Red.\n")
                if content:
                    self.file(name, content)
                value = name if option == "--disease-column" else self.folder / name
                self.assertIn(message, self.run_captions(option, value, code=2))
                self.assertFalse((self.folder / "out.csv").exists())

    def test_concepts(self):
        path = self.file("a.json", {"erythema": ["redness"], "scale": ["scaly", "scaling"],
                                    "plaque": ["scaly plaque"], "crust": []})
        concepts = Concepts(path)
        for caption, found in [
            ("Crusts over REDNESS", ["erythema", "crust"]),
            ("A scaly  plaque", ["plaque"]),
            ("Scaly and crusted", ["scale"]),
            ("Without any scale or crust, but redness", ["erythema"]),
            ("No scale. Crust", ["crust"]),
            ("absence of scaling; no sign of crusts", []),
            ("Not only scale", ["scale"]),
            ("Non-scaly, plaque-like, upscale", []),
            ("No scale at first, scale later", ["scale"]),
        ]:
            with self.subTest(caption):
                self.assertEqual(concepts.find(caption), found)


class TableTest(Folder):
    def test_fills_only_what_is_missing(self):
        self.file("d.csv", "name,parent\ninflammatory,\ndermatitis,inflammatory\n")
        self.file("c.json", {"erythema": ["red"], "scale": []})
        self.write([
            {"filename": "a.png", "caption": "Red, 0.5 cm. No scale.", "age": "4",
             "disease_label": "Dermatitis", "skin_concept": "", "ontology_caption": "",
             "knowledge_masks": ""},
            {"filename": "b.png", "caption": "Dry.", "age": " x\ry ", "disease_label": "gout",
             "skin_concept": "scale, crust", "ontology_caption": "Given.",
             "knowledge_masks": "[0, 1, 0]"},
            {"filename": "c.png", "caption": "nan", "age": "", "disease_label": "Gout",
             "skin_concept": "No visual concepts", "ontology_caption": "NaN",
             "knowledge_masks": ""},
        ])
        log = self.run_captions("--hierarchy", self.folder / "d.csv",
                                "--concepts", self.folder / "c.json", "--num-subcaptions", 2)
        first, second, third = self.output()
        self.assertEqual(list(first), [
            "filename", "caption", "age", "disease_label", "skin_concept", "ontology_caption",
            "knowledge_masks", "truncated_caption", "visual_concept_caption", "sub_captions",
            "subcaption_1", "subcaption_2", "sub_caption_mask"])
        self.assertEqual(first["ontology_caption"],
                         "This is a skin photo diagnosed as inflammatory, dermatitis.")
        self.assertEqual(first["visual_concept_caption"], "This skin photo shows erythema.")
        self.assertEqual([first["subcaption_1"], first["subcaption_2"], first["sub_captions"]],
                         ["Red, 0.5 cm", "No scale", "2"])
        self.assertEqual(first["knowledge_masks"], "[1, 1, 1]")
        self.assertEqual(second["age"], " x\ry ")
        self.assertEqual(second["ontology_caption"], "Given.")
        self.assertEqual(second["visual_concept_caption"], "This skin photo shows scale, crust.")
        self.assertEqual(second["sub_caption_mask"], "[1, 0]")
        # The caption is new too; only new captions are marked as valid.
        self.assertEqual(second["knowledge_masks"], "[1, 1, 1]")
        self.assertEqual([third["knowledge_masks"], third["sub_caption_mask"]],
                         ["[0, 0, 0]", "[0, 0]"])
        self.assertIn("1 diseases, in 1 rows, are not in", log)
        self.assertIn("ontology_caption: 1 from --hierarchy filled; 1 rows lack it", log)

    def test_complete_table_stays_as_it_is(self):
        self.write([{"filename": "a.png", "caption": "Red. Dry. Old.", "source": "é,\n\"x\""}])
        log = self.run_captions("--num-subcaptions", 2)
        self.assertIn("1 sentences behind the first 2 left out", log)
        made = (self.folder / "out.csv").read_bytes()
        (self.folder / "in.csv").write_bytes(b"\xef\xbb\xbf" + made)
        self.run_captions("--num-subcaptions", 2)
        self.assertEqual((self.folder / "out.csv").read_bytes(), made)
        self.assertEqual(len(list(self.folder.iterdir())), 2)

    def test_a_mask_may_call_a_caption_invalid(self):
        self.write([{"filename": "a.png", "truncated_caption": "Red.", "ontology_caption": "O",
                     "skin_concept": "scale", "knowledge_masks": "[0, 1.0, False]",
                     "sub_captions": "0", "sub_caption_mask": "[0]"}])
        self.run_captions("--num-subcaptions", 1)
        row = self.output()[0]
        self.assertEqual(row["knowledge_masks"], "[0, 1, 1]")
        # The old mask of the subcaptions described none.
        self.assertEqual([row["sub_captions"], row["sub_caption_mask"]], ["1", "[1]"])

    def test_bad_tables(self):
        head = b"filename,caption,knowledge_masks\n"
        for content, message in [
            (b"", "has no rows"),
            (head, "has no rows"),
            (b"caption\nx\n", "no column 'filename'"),
            (b"filename\nx\n", "no column 'caption'"),
            (b"filename,caption,caption\na,b,c\n", "occurs twice"),
            (head + b'a,"b\n\n', "line 2"),
            (head + b"a,b\rc,\n", "line 2: new-line character seen in unquoted field; check"),
            (head + b"a,b\n", "line 2: 2 fields"),
            (head + b"a,\xe9,\n", "line 2: byte 0xE9"),
            (head + b"a,b,\n ,b,\n", "line 3, column filename"),
            (head + b"a,b,yes\n", "line 2, column knowledge_masks: 'yes' is not a list"),
            (head + b'a,b,"[1, 2, 0]"\n', "is not a list of 0 and 1"),
            (head + b'a,b,"[1, 0]"\n', "2 instead of 3"),
        ]:
            with self.subTest(content):
                (self.folder / "in.csv").write_bytes(content)
                log = self.run_captions(code=2)
                self.assertIn(message, log)
                self.assertEqual(log.count("\n"), 1)
        command = self.command()
        command[3] = command[2]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("OUTPUT is INPUT", done.stderr)

    def test_columns_are_recognized_or_named(self):
        for content, options in [
            ("filepath\ttitle\na.png\tRed, dry.\n", []),
            ("file_name;text\na.png;Red, dry.\n", []),
            ("path|alt|caption\na.png|Red, dry.|x\n",
             ["--image-column", "path", "--caption-column", "alt", "--separator", "|"]),
            ("filename;x,y;caption\na.png;z;Red, dry.\n", ["--separator", "semicolon"]),
        ]:
            with self.subTest(content):
                self.file("in.csv", content)
                self.run_captions(*options, "--num-subcaptions", 1)
                row = self.output()[0]
                self.assertEqual([row["filename"], row["truncated_caption"], row["subcaption_1"]],
                                 ["a.png", "Red, dry.", "Red, dry"])

    def test_templates_fill_rows_without_a_caption(self):
        self.file("in.csv", "filename,caption,label,age\na.png,Own.,wart,\nb.png,,eczema,45.0\n"
                            "c.png,,naevus,4\nd.png,nan,,5\n")
        self.run_captions("--template", "a {}", "--template", "{{{age}}}-year-old: {label}",
                          "--num-subcaptions", 1)
        self.assertEqual(
            [(row["truncated_caption"], row["subcaption_1"]) for row in self.output()],
            [("Own.", "Own"), ("{45}-year-old: eczema", "a eczema"), ("a naevus", "{4}-year-old: naevus"), ("", "")])
        self.file("in.csv", "filename,dx\na.png,wart\n")
        self.run_captions("--template", "a {}", "--label-column", "dx")
        self.assertEqual(self.output()[0]["truncated_caption"], "a wart")

    def test_folders_are_read(self):
        data = self.folder / "data"
        (data / "00000").mkdir(parents=True)
        for name, content in [("0.jpg", ""), ("0.txt", "Red. Dry.\n"), ("0.json", '{"age": 4, "caption": "x"}'),
                              ("1.jpg", ""), ("1.json", '{"caption": "Scaly."}')]:
            (data / "00000" / name).write_text(content)
        command = self.command()
        command[2] = str(data)
        with mock.patch.object(self, "command", return_value=command):
            self.run_captions()
            self.assertEqual([(row["filename"], row["truncated_caption"], row["age"]) for row in self.output()],
                             [("00000/0.jpg", "Red. Dry.", "4"), ("00000/1.jpg", "Scaly.", "")])
            (data / "00000/metadata.jsonl").write_text('{"file_name": "1.jpg", "text": "From the table."}\n')
            self.run_captions()
            self.assertEqual([(row["filename"], row["truncated_caption"]) for row in self.output()],
                             [("00000/1.jpg", "From the table.")])
            (data / "00000/metadata.jsonl").write_text("[1]\n")
            self.assertIn("metadata.jsonl line 1 is no JSON object", self.run_captions(code=2))

    def test_bad_columns_and_templates(self):
        self.file("in.csv", "path,caption,label\na.png,x,y\n")
        named = ["--image-column", "path"]
        for options, message in [
            ([], "Name the column of image files by --image-column"),
            ([*named, "--caption-column", "gone"], "no column 'gone'"),
            ([*named, "--template", "{gone}"], "--template '{gone}': "),
            ([*named, "--template", "skin"], "has no placeholder"),
            ([*named, "--template", "{"], "has a { without its counterpart"),
            ([*named, "--template", "{caption}!"], "names the column of captions, 'caption'"),
            ([*named, "--separator", "::"], "write comma, semicolon, tab"),
        ]:
            with self.subTest(options):
                self.assertIn(message, self.run_captions(*options, code=2))

    def test_mask_spellings(self):
        self.assertEqual(table.read_mask(" [1.0,True , 0]", ""), [1, 1, 0])


if __name__ == "__main__":
    unittest.main()
