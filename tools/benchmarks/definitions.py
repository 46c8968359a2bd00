"""Makes the content of a benchmark's YAML file from class lists, concept lists and tables."""

import json
import re
from collections import Counter

from benchmarks import Unusable
from captions import normalized

GROUPS = ("patient_id", "lesion_id")
SLICES = ("fitzpatrick", "fitspatrick", "fitzpatrick_scale", "skin_tone")
SHOWN = 5


def some(items):
    """The first items, and how many more there are."""
    items = list(items)
    rest = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(f"'{item}'" for item in items[:SHOWN]) + rest


def texts(value, what):
    """A list of texts, none of them empty."""
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not value or \
            not all(isinstance(text, str) and text.strip() for text in value):
        raise Unusable(f"{what} is neither a text nor a list of texts")
    return value


def classes_of(value):
    """(label or None, names) of each class; a nested list holds several names of one class."""
    if isinstance(value, dict):
        classes = [(str(key), texts(names, f"the class {key!r}")) for key, names in value.items()]
    elif isinstance(value, list):
        classes = [(None, texts(names, f"the class at position {i}"))
                   for i, names in enumerate(value)]
    else:
        raise Unusable("it is neither a list nor a dict")
    if len(classes) < 2:
        raise Unusable("it has fewer than two classes")
    return classes


def prompts_of(classes, others):
    """The names of each class in `others`, which lists the same classes in other words."""
    if len(others) != len(classes):
        raise Unusable(f"{len(others)} other names for {len(classes)} classes")
    if [label for label, _ in others] != [label for label, _ in classes]:
        raise Unusable("the other names belong to classes with other labels, or in another order")
    return [names for _, names in others]


def repeated_names(prompts):
    """A note for each name that stands for several classes."""
    places = {}
    for position, names in enumerate(prompts):
        for name in dict.fromkeys(map(normalized, names)):
            places.setdefault(name, []).append(position)
    return [f"'{name}' is the name of classes {', '.join(map(str, where))}, which no model can "
            "tell apart" for name, where in places.items() if len(where) > 1]


def number_in(cell):
    """The position that a cell like 7 or 7.0 gives, or None."""
    return int(cell.partition(".")[0]) if re.fullmatch(r"[0-9]{1,9}(\.0+)?", cell) else None


def label_classes(classes, prompts, cells):
    """The classes as the YAML file lists them, and notes. `prompts` holds the names by which the
    model is asked for each class, `cells` the label column, if known.

    A label is spelled as in the table. It is a position in the list of classes if all labels are
    numbers, else a name. Without a table it is the position.
    """
    notes = repeated_names(prompts)
    counts = Counter(cells)
    positions = {cell: number_in(cell) for cell in counts}
    if all(label is None for label, _ in classes) and \
            all(cell == "" or positions[cell] is not None for cell in counts):
        spelled = {}
        for cell, position in positions.items():
            spelled.setdefault(position, cell)
        labels = [spelled.get(i, str(i)) for i in range(len(classes))]
    else:
        spelled = {}
        for cell in counts:
            spelled.setdefault(normalized(cell), cell)
        labels = []
        for label, names in classes:
            wanted = [label, *names] if label is not None else names
            found = [spelled[normalized(name)] for name in wanted if normalized(name) in spelled]
            labels.append(found[0] if found else wanted[0])
    entries = {}
    for label, names in zip(labels, prompts):
        if label in entries:
            notes.append(f"'{label}' is the label of two classes; the second one is left out")
        entries.setdefault(label, {"label": label, "names": names})
    if counts:
        notes += compare(entries, counts)
    return list(entries.values()), notes


def compare(entries, counts):
    """Notes on labels that belong to no class, and on classes that no label names."""
    unlisted = {label: count for label, count in counts.items() if label not in entries}
    if len(unlisted) == len(counts):
        raise Unusable(f"none of the table's labels ({some(unlisted)}) is one of its classes")
    notes = []
    if unlisted:
        notes.append(f"{sum(unlisted.values())} rows have labels that are no class "
                     f"({some(unlisted)}); set unlisted_labels: ignore to leave them out")
    if absent := [entry["names"][0] for label, entry in entries.items() if label not in counts]:
        notes.append(f"{len(absent)} classes have no row: {some(absent)}")
    return notes


def classification(classes, prompts, templates, table):
    entries, notes = label_classes(classes, prompts, table.cells("label"))
    top5 = ["top5"] if len(entries) > 5 else []
    return {
        "kind": "classification", "role": "test", **table.place(label_column="label"),
        "classes": entries, "templates": templates,
        "metrics": ["top1", *top5, "balanced_accuracy", "weighted_f1", "auroc"],
    }, notes


def retrieval(caption_column, table):
    table.cells(caption_column)
    return {
        "kind": "retrieval", "role": "test", **table.place(caption_column=caption_column),
        "metrics": ["R@10", "R@50", "R@100", "mean_rank", "median_rank"],
    }, []


def key_of(concept):
    """The concept in one spelling: tables, lists and synonyms differ in case, blanks and signs
    (brown_spot, Brown spot)."""
    return re.sub(r"[\W_]+", " ", concept).strip().casefold()


def concepts(names, terms, prompts, table):
    """`terms`: {key_of(concept): [term, …]}; `prompts`: templates and references."""
    wanted = {}
    for name in names:
        wanted.setdefault(key_of(name), name)
    notes = []
    if len(wanted) < len(names):
        notes.append(f"the list has {len(names)} entries for {len(wanted)} concepts")
    columns = {key_of(column): column for column in table.columns if column != table.image_column}
    entries = [{"label": columns.get(key, name), "names": terms.get(key, [name])}
               for key, name in wanted.items()]
    for problem, left in [
        ("concepts have no synonyms, only their names",
         [name for key, name in wanted.items() if key not in terms]),
        ("concepts have no column in the table",
         [name for key, name in wanted.items() if columns and key not in columns]),
        ("columns of the table are not in the list of concepts",
         [column for key, column in columns.items() if key not in wanted]),
    ]:
        if left:
            notes.append(f"{len(left)} {problem}: {some(left)}")
    templates, references = prompts
    return {
        "kind": "concepts", "role": "test", **table.place(), "concepts": entries,
        "templates": templates, "references": references, "metrics": ["auroc"],
    }, notes


def templates_of(value):
    templates = texts(value, "the list of templates")
    for text in templates:
        if "{}" not in text:
            raise Unusable(f"the template '{text}' has no {{}}")
    return templates


def references_of(value, templates):
    """One text per template; each text may be a list of one text."""
    if not isinstance(value, list) or len(value) != len(templates):
        raise Unusable(f"the list of reference prompts does not have {len(templates)} entries, one "
                       "per template")
    entries = [texts(entry, "a reference prompt") for entry in value]
    if any(len(entry) != 1 for entry in entries):
        raise Unusable("a template has several reference prompts")
    return [entry[0] for entry in entries]


def to_yaml(comment, fields):
    """The fields as JSON, which is also YAML and quotes every text; each entry of a list has a line."""
    lines = [f"# {line}" for line in comment]
    for key, value in fields.items():
        if isinstance(value, list) and key != "metrics":
            lines.append(f"{key}:")
            lines += [f"  - {json.dumps(item, ensure_ascii=False)}" for item in value]
        else:
            lines.append(f"{key}: {json.dumps(value, ensure_ascii=False)}")
    try:
        return ("\n".join(lines) + "\n").encode()
    except UnicodeEncodeError as error:
        raise Unusable("a text contains half a character (a lone surrogate)") from error
