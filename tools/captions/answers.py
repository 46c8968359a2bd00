"""What a model is asked about one caption, and which of its answers are believed.

A model's answer is believed only if the caption says the same: every word of a subcaption, of a
diagnosis and, without a vocabulary, of a visual concept must occur in the caption, and must not
have lost its "no".
"""

import json
import re
import unicodedata
from pathlib import Path

from captions import BadInput, missing, normalized, sentences, table
from captions.knowledge import denied

SHIPPED_PROMPT = Path(__file__).parent / "prompt.txt"
FIELDS = ("subcaptions", "visual_concepts", "diagnosis")
MAX_CONCEPTS = 20
MAX_CHARACTERS = {"subcaptions": 500, "visual_concepts": 80, "diagnosis": 200}


def words(text):
    """A text's words, and the words that occur only with a negation. "0.5" is one word, so that
    "5" is a different word."""
    text = normalized(text)
    found = list(re.finditer(r"\d+(?:[.,]\d+)+|\w+", text))
    stated = {match[0] for match in found if not denied(text, match.start())}
    return {match[0] for match in found}, {match[0] for match in found} - stated


def parse(content):
    """The JSON object in a model's message, or None."""
    fenced = re.fullmatch(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", content, re.DOTALL)
    try:
        answer = json.loads(fenced[1] if fenced else content)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


class Questions:
    """Makes prompts and judges answers."""

    def __init__(self, prompt_path, num_subcaptions, concepts):
        path = Path(prompt_path)
        path = path / "prompt.txt" if path.is_dir() else path
        self.prompt = table.read_text(path)
        self.num_subcaptions, self.concepts = num_subcaptions, concepts
        placeholders = set(re.findall(r"\{(\w+)\}", self.prompt))
        known = {"caption", "fields", "num_subcaptions"}
        if unknown := sorted(placeholders - known):
            raise BadInput(f"{path}: unknown placeholder {{{unknown[0]}}}; the known ones are "
                           + ", ".join(f"{{{name}}}" for name in sorted(known)))
        if "caption" not in placeholders:
            raise BadInput(f"{path}: the placeholder {{caption}} is missing; put it where the "
                           "caption is to stand")
        signs = "strings, each a visible sign, in the caption's words"
        if concepts:
            signs = "strings, each one of: " + ", ".join(concepts.names)
        self.meanings = {
            "subcaptions": f"a list of 1 to {num_subcaptions} strings: the caption cut into "
                           "statements that can stand alone, made of the caption's words",
            "visual_concepts": f"a list of at most {MAX_CONCEPTS} {signs}; [] if there is none",
            "diagnosis": "a string, the disease in the caption's words, or null if it names none",
        }

    def ask(self, caption, fields):
        """The prompt. All placeholders are replaced in one pass, so that braces in a caption stay."""
        values = {
            "caption": caption,
            "fields": "\n".join(f'- "{field}": {self.meanings[field]}' for field in fields),
            "num_subcaptions": str(self.num_subcaptions),
        }
        return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], self.prompt)

    def judge(self, answer, caption, fields):
        """The believed part of an answer, and what is wrong with the rest."""
        if answer is None:
            return {}, ["it is not one JSON object"]
        good, complaints = {}, []
        for field in fields:
            if field not in answer:
                complaint = f"'{field}' is missing"
            else:
                complaint = self.complaint(field, answer[field], caption)
            if complaint:
                complaints.append(complaint)
            else:
                good[field] = answer[field]
        return good, complaints

    def complaint(self, field, value, caption):
        if field == "diagnosis":
            return None if value is None else self.text_complaint(field, value, caption)
        most = self.num_subcaptions if field == "subcaptions" else MAX_CONCEPTS
        if not isinstance(value, list):
            return f"'{field}' is not a list"
        if len(value) > most or (field == "subcaptions" and not value):
            return f"'{field}' has {len(value)} entries"
        return next(filter(None, (self.text_complaint(field, one, caption) for one in value)), None)

    def text_complaint(self, field, value, caption):
        if not isinstance(value, str):
            return f"'{field}' holds something other than text"
        if len(value) > MAX_CHARACTERS[field]:
            return f"a text in '{field}' is longer than {MAX_CHARACTERS[field]} characters"
        # Control characters, halves of surrogate pairs, line separators.
        if any(unicodedata.category(one) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") for one in value):
            return f"a text in '{field}' has a line break or another control character"
        if missing(value) or not sentences.tidy(value):
            return f"a text in '{field}' is empty"
        if field == "visual_concepts" and self.concepts:
            if normalized(value) not in self.concepts.concepts:
                return f"'{value}' in '{field}' is not in the vocabulary"
            return None
        (all_words, denied_words), (known, known_denied) = words(value), words(caption)
        if added := sorted(all_words - known):
            return f"'{field}' has words that the caption does not have: {', '.join(added[:5])}"
        if turned := sorted((all_words - denied_words) & known_denied):
            return f"'{field}' states what the caption denies: {', '.join(turned[:5])}"
        return None

    def concept_names(self, values):
        """Visual concepts in the order of the vocabulary, or as the model gave them."""
        if self.concepts is None:
            return list(dict.fromkeys(" ".join(value.split()) for value in values))
        found = {name for value in values for name in self.concepts.concepts[normalized(value)]}
        return [name for name in self.concepts.names if name in found]
