#!/usr/bin/env python3
"""Writes src/text/ftfy/html_entities.inc from Python's table of HTML 5 character references.

Usage: tools/generate_html_entities.py > src/text/ftfy/html_entities.inc
"""
import html
from html.entities import html5


def print_table(name, entities):
    print(f"constexpr Entity {name}[] = {{")
    for key in sorted(entities):
        text = "".join(f"\\x{ord(character):x}" for character in entities[key])
        print(f'    {{"{key}", U"{text}"}},')
    print("};")


def upper_case_entities():
    """Upper-case spellings of lower-case names, if HTML 5 gives the upper-case spelling no meaning."""
    entities = {}
    for name, text in html5.items():
        reference = "&" + name.upper()
        if name.endswith(";") and name == name.lower() and html.unescape(reference) == reference:
            entities[name.upper()] = text.upper()
    return entities


if __name__ == "__main__":
    print("// Written by tools/generate_html_entities.py; do not edit.")
    print_table("kEntities", html5)
    print()
    print_table("kUpperCaseEntities", upper_case_entities())
