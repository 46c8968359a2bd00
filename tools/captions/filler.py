"""Fills the captions that rows lack, from their own cells, the user's files and a model's answers."""

from collections import Counter

from captions import BadInput, answers, missing, normalized, sentences, table

ASPECTS = ("truncated_caption", "ontology_caption", "visual_concept_caption")
ONTOLOGY_COLUMNS = ("ontology_final", "hierarchical_disease_label")
CONCEPT_COLUMNS = ("skin_concept_standarized", "skin_concept")
DISEASE_COLUMNS = ("standardized_disease", "disease_label")
NOTHING = {"no definitive diagnosis", "no visual concepts"}


def ontology_caption(text):
    return f"This is a skin photo diagnosed as {text}."


def concept_caption(text):
    return f"This skin photo shows {text}."


def stated(row, columns):
    """The first of the columns with a useful cell, and the cell's text."""
    for column in columns:
        cell = row.get(column, "").strip()
        if not missing(cell) and normalized(cell).rstrip(".") not in NOTHING:
            return column, cell.rstrip(".")
    return None, None


class Filler:
    """Fills rows in place and counts the captions it filled."""

    def __init__(self, num_subcaptions, caption_column, templates, hierarchy, concepts, disease_columns):
        self.pieces = [f"subcaption_{i + 1}" for i in range(num_subcaptions)]
        self.caption_column, self.templates = caption_column, templates
        self.num_rows = 0
        self.hierarchy, self.concepts = hierarchy, concepts
        self.disease_columns = disease_columns
        self.filled = Counter()    # (aspect, method)
        self.unknown = Counter()   # diseases that are not in the hierarchy
        self.dropped, self.dropped_rows = 0, 0

    def columns(self):
        return [*ASPECTS, "sub_captions", *self.pieces, "sub_caption_mask", "knowledge_masks"]

    def complete(self, row):
        """Adds missing columns with empty cells; returns the captions that the row lacks."""
        for column in self.columns():
            row.setdefault(column, "")
        return [aspect for aspect in ASPECTS if missing(row[aspect])]

    def fill(self, row, aspect, text, method):
        row[aspect] = text
        self.filled[aspect, method] += 1

    def fill_from_files(self, row):
        if missing(row["truncated_caption"]):
            self.fill_caption(row)
        self.num_rows += 1
        if missing(row["ontology_caption"]):
            self.fill_ontology(row)
        if missing(row["visual_concept_caption"]):
            column, text = stated(row, CONCEPT_COLUMNS)
            if text is None and self.concepts and not missing(row["truncated_caption"]):
                column, text = "--concepts", ", ".join(
                    self.concepts.find(row["truncated_caption"]))
            if text:
                self.fill(row, "visual_concept_caption", concept_caption(text), column)

    def fill_caption(self, row):
        if not missing(row.get(self.caption_column, "")):
            self.fill(row, "truncated_caption", row[self.caption_column], self.caption_column)
        elif texts := [text for one in self.templates if (text := one.fill(row)) is not None]:
            # Templates take turns.
            self.fill(row, "truncated_caption", texts.pop(self.num_rows % len(texts)), "--template")
            if all(missing(row[piece]) for piece in self.pieces):
                self.fill_subcaptions(row, texts[:len(self.pieces)], "--template")

    def fill_ontology(self, row):
        column, text = stated(row, ONTOLOGY_COLUMNS)
        if text is None and self.hierarchy:
            _, disease = stated(row, self.disease_columns)
            column, text = "--hierarchy", disease and self.place(disease)
        if text:
            self.fill(row, "ontology_caption", ontology_caption(text), column)

    def place(self, disease):
        text = self.hierarchy.find(disease)
        if text is None:
            self.unknown[" ".join(disease.split())] += 1
        return text

    def open_fields(self, row, allowed):
        """The fields to ask a model about for a row."""
        if missing(row["truncated_caption"]):
            return ()
        is_open = {
            "subcaptions": self.pieces and all(missing(row[piece]) for piece in self.pieces),
            "visual_concepts": missing(row["visual_concept_caption"]),
            "diagnosis": missing(row["ontology_caption"]),
        }
        return tuple(field for field in answers.FIELDS if field in allowed and is_open[field])

    def fill_from_answer(self, row, answer, questions):
        if values := answer.get("visual_concepts"):
            text = concept_caption(", ".join(questions.concept_names(values)))
            self.fill(row, "visual_concept_caption", text, "the model")
        if diagnosis := answer.get("diagnosis"):
            diagnosis = " ".join(diagnosis.split()).rstrip(".")
            text = self.place(diagnosis) if self.hierarchy else diagnosis
            if text:
                self.fill(row, "ontology_caption", ontology_caption(text), "the model")
        if values := answer.get("subcaptions"):
            self.fill_subcaptions(row, [sentences.tidy(value) for value in values], "the model")

    def fill_subcaptions(self, row, pieces, method):
        if not pieces or not self.pieces:
            return
        kept = pieces[:len(self.pieces)]
        if len(pieces) > len(kept):
            self.dropped += len(pieces) - len(kept)
            self.dropped_rows += 1
        for column, piece in zip(self.pieces, kept):
            row[column] = piece
        row["sub_captions"] = row["sub_caption_mask"] = ""
        self.filled["subcaptions", method] += 1

    def finish(self, row, lacked, where):
        """Cuts the caption if there are still no subcaptions, then sets the masks."""
        if all(missing(row[piece]) for piece in self.pieces) and \
                not missing(row["truncated_caption"]):
            self.fill_subcaptions(row, sentences.split(row["truncated_caption"]), "sentences")
        exist = [int(not missing(row[piece])) for piece in self.pieces]
        if missing(row["sub_captions"]):
            row["sub_captions"] = str(sum(exist))
        set_mask(row, "sub_caption_mask", exist, [], where)
        exist = [int(not missing(row[aspect])) for aspect in ASPECTS]
        new = [i for i, aspect in enumerate(ASPECTS) if aspect in lacked and exist[i]]
        set_mask(row, "knowledge_masks", exist, new, where)


def set_mask(row, column, exist, new, where):
    """In an existing mask only the entries of new captions change, because a caption may exist and
    be invalid."""
    mask = exist
    if not missing(row[column]):
        mask = table.read_mask(row[column], f"{where}, column {column}")
        if len(mask) < len(exist) or (column == "knowledge_masks" and len(mask) != 3):
            raise BadInput(f"{where}, column {column}: {len(mask)} instead of {len(exist)} entries "
                           f"in '{row[column]}'; correct it, or empty the cell to have it filled")
        if not new:
            return
        mask = [1 if i in new else entry for i, entry in enumerate(mask)]
    row[column] = str(mask)
