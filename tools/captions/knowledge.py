"""Reads a user's files: the place of a disease in a hierarchy, and the words for visible signs."""

import json
import re

from captions import BadInput, missing, normalized, table

NEGATION = re.compile(
    r"\b(no|not|non|never|without|neither|nor|lacks?|lacking|denies|negative for|"
    r"(absence|absent|lack|free|devoid|clear) (of|from))"
    r"( (a|an|any|the|visible|obvious|significant|overlying|associated|evidence of|signs? of))*"
    r" $")


def denied(text, start):
    """Whether a negation stands right before `start` in a normalized text."""
    return NEGATION.search(text, max(0, start - 80), start) is not None


def read_json(path, pairs_hook=None):
    try:
        return json.loads(table.read_text(path), object_pairs_hook=pairs_hook)
    except json.JSONDecodeError as error:
        raise BadInput(f"{path} line {error.lineno}: {error.msg}; correct the JSON") from error
    except RecursionError as error:
        raise BadInput(f"{path}: nested too deeply") from error


class Hierarchy:
    """A tree of diseases: a CSV of name,parent, or JSON with an object of objects."""

    def __init__(self, path):
        self.path = path
        self.nodes = {}  # normalized name: (name, normalized name of the parent or "")
        if str(path).lower().endswith(".json"):
            self.add_children("", read_json(path, pairs_hook=list))
        else:
            for line, row in table.read(path, ["name", "parent"])[1]:
                parent = "" if missing(row["parent"]) else normalized(row["parent"])
                self.add(row["name"], parent, f"{path} line {line}")
        self.texts = {name: self.text(name) for name in self.nodes}

    def add(self, name, parent, where):
        if missing(name):
            raise BadInput(f"{where}: a name is empty; give it or remove the entry")
        node = (" ".join(name.split()), parent)
        known = self.nodes.setdefault(normalized(name), node)
        if known[1] != parent:
            parents = " and ".join(f"'{one}'" if one else "none" for one in (known[1], parent))
            raise BadInput(f"{where}: '{name}' has two parents, {parents}; keep one, or give the "
                           "two diseases different names")

    def add_children(self, parent, children):
        if not isinstance(children, list) or not all(isinstance(one, tuple) for one in children):
            raise BadInput(f"{self.path}: the entry below '{parent}' is not an object; write {{}} if "
                           "nothing lies below it")
        for name, below in children:
            self.add(name, parent, f"{self.path}, below '{parent}'")
            self.add_children(normalized(name), below)

    def text(self, name):
        """The names from the root to the node, as MAKE's ontology captions list them."""
        names, seen = [], set()
        while name:
            if name in seen:
                raise BadInput(f"{self.path}: '{name}' is below itself, in a cycle; correct the "
                               "parent of one of its members")
            if name not in self.nodes:
                raise BadInput(f"{self.path}: '{name}', the parent of '{names[-1]}', has no entry; "
                               "add one (with no parent if it is a root), or correct the name")
            seen.add(name)
            shown, name = self.nodes[name]
            names.append(shown)
        return ", ".join(reversed(names))

    def find(self, disease):
        return self.texts.get(normalized(disease))


class Concepts:
    """Visible signs and the words for them: JSON, {"scale": ["scaly", "scaling"], ...}.

    A word counts only as a whole, with or without plural -s or -es. It does not count in a compound
    with a hyphen (non-scaly, plaque-like), right behind a negation, or joined by "or" to a word
    behind a negation.
    """

    def __init__(self, path):
        vocabulary = read_json(path)
        if not isinstance(vocabulary, dict) or not vocabulary:
            raise BadInput(f'{path}: not an object; write {{"concept": ["synonym", ...], ...}}')
        self.names = list(vocabulary)
        self.concepts = {}  # normalized word: concepts
        for name, synonyms in vocabulary.items():
            if not isinstance(synonyms, list) or not all(isinstance(one, str) for one in synonyms):
                raise BadInput(f"{path}: the synonyms of '{name}' are not a list of strings")
            for word in {normalized(one): None for one in [name, *synonyms]}:
                if missing(word):
                    raise BadInput(f"{path}: '{name}' has an empty word; remove it")
                self.concepts.setdefault(word, []).append(name)
        # One pattern per first letter: a single pattern would try thousands of words at every letter.
        by_letter = {}
        for word in sorted(self.concepts, key=len, reverse=True):
            by_letter.setdefault(word[0], []).append(re.escape(word))
        self.patterns = {letter: re.compile(rf"({'|'.join(words)})(?:e?s)?(?![\w-])")
                         for letter, words in by_letter.items()}

    def matches(self, text):
        """The longest word of the vocabulary at each place, without overlaps."""
        end = 0
        for start in re.finditer(r"(?<![\w-])\S", text):
            pattern = self.patterns.get(start[0])
            if start.start() >= end and pattern and (match := pattern.match(text, start.start())):
                end = match.end()
                yield match

    def find(self, caption):
        """The concepts that a caption names, in the order of the vocabulary."""
        text = normalized(caption)
        found, denied_until = set(), None
        for match in self.matches(text):
            listed = denied_until is not None and re.fullmatch(
                r",? (or|nor) ", text[denied_until:match.start()])
            if listed or denied(text, match.start()):
                denied_until = match.end()
            else:
                found.update(self.concepts[match[1]])
        return [name for name in self.names if name in found]
