"""Cuts a caption into its sentences, which become subcaptions.

MAKE cuts at every point, through "0.5 cm" and "e.g.". Here a point ends a sentence unless the word
before it shows that it does not. A new sentence may begin in lower case, as it does in many captions,
so case decides only behind abbreviations that can end a sentence themselves.
"""

import re

# A point behind these words never ends a sentence.
JOINED = frozenset("approx ca cf dr e.g fig figs i.e incl mr mrs ms n.b prof ref resp st subsp "
                   "var vs viz www".split())
# A point behind these words ends a sentence unless a number follows.
BEFORE_NUMBER = frozenset("ch eq no nos p pp sec tab vol "
                          "jan feb mar apr jun jul aug sep sept oct nov dec".split())
# A point behind these words ends a sentence unless the text goes on in lower case.
MAY_END = frozenset("a.m al bilat cm diam etc hr hrs inc jr kg lat ltd m.d max mg min ml mm mo mos "
                    "p.m ph.d pt pts sp spp sr u.k u.s wk wks yr yrs".split())
# A single letter is an initial or a genus (J. Smith, S. aureus), except behind these.
LETTERED = frozenset("class factor figure grade group hepatitis influenza panel stage type "
                     "vitamin".split())

END = re.compile(r"""[.!?…]+["'”’»)\]]*(?=\s|$)      # followed by space, or at the end
                     |[。！？]+["'”’»)\]]*
                     |(?<=[a-z]{2})\.(?=[A-Z][a-z])  # the space behind it was forgotten
                     |\n\s*\n""", re.VERBOSE)
NEXT = re.compile(r"""\s*["'“‘«(\[]*(\S?)""")
STOPS = " .!?…。！？"


def brackets(text):
    """The (start, end) of each pair of brackets; a bracket without a partner, as in "a)", has none."""
    spans, open_ones = [], []
    for match in re.finditer(r"[()\[\]]", text):
        if match[0] in "([":
            open_ones.append(match.start())
        elif open_ones:
            spans.append((open_ones.pop(), match.start()))
    return spans


def point_ends(sentence, following):
    """Whether a point behind the text `sentence` ends it; `following` is the next character."""
    if not following or sentence[-1:].isspace():
        return True
    previous, word = ([""] + sentence.split())[-2:]
    word = re.split(r"[-/–]", word)[-1].strip("\"'“‘«([,;:").casefold()
    previous = previous.strip("(,").casefold()
    if word in JOINED:
        return False
    if word in BEFORE_NUMBER:
        return not following.isdigit()
    if word in MAY_END:
        return not (following.islower() or (word == "al" and following.isdigit()))
    if re.fullmatch(r"[^\W\d_](\.[^\W\d_])*", word):
        if previous.replace(".", "").isdigit():
            return not following.islower()
        return previous in LETTERED
    if re.fullmatch(r"\d\d?", word):
        first_word = not previous
        goes_on_counting = re.search(rf"(^|\s)\(?{int(word) - 1}\.\s", sentence)
        return not (first_word or previous[-1:] in (":", ";") or goes_on_counting)
    return True


def ends(text, start, match, spans):
    """Whether the sentence that begins at `start` ends with `match`, one of END."""
    following = NEXT.match(text, match.end())[1]
    for opening, closing in spans:
        if opening < match.start() < closing:
            return closing < match.end() and not following.islower()
    mark = match[0]
    if mark[0] == "…" or mark.startswith(".."):
        return not following.islower()
    if mark[0] == "." and not {"!", "?"} & set(mark):
        return point_ends(text[start:match.start()], following)
    return True


def tidy(piece):
    """The piece on one line, without the points around it; empty if no word is left."""
    piece = re.sub(r"^(\.{2,}|[…\s])+", "", " ".join(piece.split())).rstrip(STOPS)
    return piece if re.search(r"\w", piece) else ""


def split(text):
    """All sentences of a text, without the punctuation that ends them."""
    spans = brackets(text)
    pieces, start = [], 0
    for match in END.finditer(text):
        if ends(text, start, match, spans):
            pieces.append(text[start:match.end()])
            start = match.end()
    pieces.append(text[start:])
    return [piece for piece in map(tidy, pieces) if piece]
