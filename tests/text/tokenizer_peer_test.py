"""Compares `dermatome tokenize` with open_clip's tokenizer on texts that exercise every step of the cleaning.

Usage: tokenizer_peer_test.py DERMATOME [NUM_TEXTS [SEED]]
"""
import html.entities
import json
import random
import subprocess
import sys
import unicodedata

import ftfy.bad_codecs.sloppy  # registers the codecs that misread text
import open_clip

END_OF_TEXT = 49407
MISREAD_CODECS = [
    "latin-1", "sloppy-windows-1252", "sloppy-windows-1251", "sloppy-windows-1250",
    "sloppy-windows-1253", "sloppy-windows-1254", "sloppy-windows-1257", "iso-8859-2", "macroman",
    "cp437", "iso-8859-15", "cp850", "shift-jis", "koi8-r",
]
WORDS = (
    "skin lesion Plaque with silvery scale on the left forearm; nodule 3.5 mm (ABCD) isn't it's "
    "they're we've I'm you'll he'd O'Neil melanoma naïve café Sjögren Behçet Ménière Köbner "
    "à la carte résumé Ångström señor fiancée über Straße Łódź Жизнь кожа псориаз ελληνικά δέρμα "
    "ΟΔΟΣ Σίσυφος 皮膚 湿疹 피부 जिल्द جلد עור İstanbul ısı ŒUVRE œil “quoted” ‘single’ it’s – — … • "
    "€20 ™ © ® ½ ² µm °C × ± ≥5 😀 👩🏽‍⚕️ 🇩🇪 ﬁbrosis ﬂat ﬃ ǅ ＦＵＬＬ ｶﾞ ﾊﾝ ￣ 　 ſ ß ẞ e\u0301 A\u030a"
).split(" ")
RARE = (
    "\x00\x01\x07\x08\t\n\x0b\x0c\r\x1a\x1b\x1c\x1d\x1f\x7f\x80\x81\x85\x8d\x90\x9d\x9f\xa0\xad"
    "\u0345\u0130\u0131\u017f\u03a3\u03c2\u02bc\u2018\u2019\u201a\u201b\u201c\u201f\u2028\u2029"
    "\u200b\u200d\u200e\u206a\u206f\ufeff\ufff9\ufffc\ufffd\u3000\ufb01\ufb06\uff01\uffe3\uffef"
    "\u1680\u2003\u202f\u180e\U0001d173\U000e0041&<>;#'\"?/_"
)
PIECES = [
    "\r\n", "\x1b[0m", "\x1b[1;31m", "\x1b[٣m", "<start_of_text>", "<end_of_text>", "<ſtart_of_text>",
    "<END_OF_TEXT>", "</w>", "'s", "'S", "'ſ", "'ll", "'re", "''s", "<b>", "&", "&&", "&;", "&#;",
    "&#x;", "&#59;", "&#x3b;", "&#65", "&#65;", "&#x41", "&#X1F600;", "&#0;", "&#13;", "&#128;",
    "&#x9d;", "&#xD800;", "&#xfdd0;", "&#x1ffff;", "&#1114112;", "&#99999999999;", "&#11;", "&#12;",
    "&#127;", "&notit;", "&not", "&ampamp;", "&amp;amp;lt;", "&lt;", "&NTILDE;", "&nTILDE;",
    "&SZLIG;", "&FFILIG;", "&ngE;", "&unknown;", "&#38;#65;", "&frac12", "&ATILDE;&SUP3;",
]
SHOWN_BYTES = [
    bytes([byte]).decode(codec) for codec in MISREAD_CODECS[:10] for byte in range(128, 256)
]
ENTITY_NAMES = sorted(html.entities.html5)


def misread(generator, text):
    """The UTF-8 bytes of `text`, read in other encodings and sometimes damaged further."""
    for _ in range(generator.choice([1, 1, 1, 2, 3])):
        data = text.encode("utf-8", "surrogatepass")
        if generator.random() < 0.1:
            data = data.replace(b"\xa0", b" ")
        if generator.random() < 0.1 and data:
            position = generator.randrange(len(data))
            data = data[:position] + generator.choice([b"?", b"\x1a", b" ", b""]) + data[position + 1:]
        text = data.decode(generator.choice(MISREAD_CODECS), "replace")
    return text


def misread_variant(generator):
    """A text with surrogates and nulls, which only some programs encode like this."""
    parts = []
    for _ in range(generator.randint(1, 4)):
        kind = generator.randrange(4)
        if kind == 0:
            units = generator.choice("😀🩺𝒜").encode("utf-16-be")
            parts += [chr(256 * units[i] + units[i + 1]) for i in (0, 2)]
        elif kind == 1:
            parts.append(chr(generator.randrange(0xD7F0, 0xE010)))
        else:
            parts.append(generator.choice(WORDS))
    data = "".join(parts).encode("utf-8", "surrogatepass")
    data += generator.choice([b"", b"\xc0\x80", b"\xc0", b"\n", b"\xc0\n", b"\xed\n"])
    return data.decode(generator.choice(MISREAD_CODECS[:6]), "replace")


def any_character(generator):
    """A random character that every Unicode version knows, mostly from the frequent low ranges."""
    while True:
        limit = generator.choice([0x250, 0x600, 0x3000, 0x10000, 0x20000, 0x110000])
        character = chr(generator.randrange(limit))
        if unicodedata.category(character) not in ("Cs", "Cn"):
            return character


def entity(generator):
    """A character reference, sometimes incomplete."""
    name = generator.choice(ENTITY_NAMES)
    if generator.random() < 0.3:
        name = name.upper()
    if generator.random() < 0.3:
        name = name.rstrip(";")
    if generator.random() < 0.1:
        name = name[:-1]
    if generator.random() < 0.2:
        name = generator.choice(["#", "#x", "#X"]) + generator.choice(["%d", "%x"]) % generator.choice(
            [generator.randrange(300), generator.randrange(0x110010)]) + generator.choice([";", ""])
    return generator.choice(["&", "&", "&amp;", "&amp;amp;"]) + name


def make_text(generator):
    """A short text made of different kinds of parts."""
    parts = []
    focus = generator.randrange(8)
    for _ in range(generator.randint(1, 8)):
        kind = focus if generator.random() < 0.7 else generator.randrange(8)
        if kind == 0:
            parts.append(generator.choice(WORDS))
        elif kind == 1:
            parts.append("".join(any_character(generator) for _ in range(generator.randint(1, 6))))
        elif kind == 2:
            count = generator.randint(1, 4)
            parts.append(misread(generator, " ".join(generator.choices(WORDS, k=count))))
        elif kind == 3:
            alphabet = generator.choice([SHOWN_BYTES, list("ÂÃâà€ aBŒ°²вЂГўВβāØÙ√≈‚Äìéš")])
            parts.append("".join(generator.choices(alphabet + list("aZ 9"), k=generator.randint(1, 6))))
        elif kind == 4:
            parts.append(entity(generator))
        elif kind == 5:
            parts.append("".join(generator.choices(RARE + "aB1 ", k=generator.randint(1, 6))))
        elif kind == 6:
            parts.append(generator.choice(PIECES))
        else:
            parts.append(misread_variant(generator))
    text = generator.choice(["", "", " "]).join(parts)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_known(text):
    """Whether every character of `text` is in Python's version of Unicode. The three parties (Python, the
    regex package and ICU) may know different versions, which disagree about newer characters."""
    return all(unicodedata.category(character) != "Cn" for character in text)


def make_texts(generator, num_texts):
    """Texts whose cleaned form has only characters that every party knows."""
    texts = []
    while len(texts) < num_texts:
        text = make_text(generator)
        if is_known(open_clip.tokenizer.get_clean_fn("lower")(text)):
            texts.append(text)
    return texts


def tokenize(binary, options, lines):
    """The lines that the binary prints, one for each of `lines`."""
    output = subprocess.run([binary, "tokenize", *options], input="".join(line + "\n" for line in lines),
                            capture_output=True, encoding="utf-8", check=True).stdout.splitlines()
    if len(output) != len(lines):
        sys.exit(f"{len(lines)} lines in, {len(output)} lines out")
    return output


def without_padding(ids):
    """The ids up to the last end-of-text token."""
    return ids[:len(ids) - ids[::-1].index(END_OF_TEXT)]


def main():
    """Prints every text for which the two tokenizers differ, and fails if there is one."""
    binary = sys.argv[1]
    num_texts = int(sys.argv[2]) if len(sys.argv) > 2 else 3000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    texts = make_texts(random.Random(seed), num_texts)
    expected = open_clip.get_tokenizer("ViT-B-16")(texts).tolist()

    lines = tokenize(binary, ["--json"], [json.dumps({"text": text}) for text in texts])
    actual = [json.loads(line)["ids"] for line in lines]
    different = [row for row in range(num_texts) if actual[row] != expected[row]]

    single = [row for row in range(num_texts) if not set("\r\n") & set(texts[row])]
    lines = tokenize(binary, [], [texts[row] for row in single])
    for row, line in zip(single, lines):
        if [int(number) for number in line.split(" ")] != without_padding(expected[row]):
            different.append(row)

    for row in different:
        print(f"{texts[row]!a}\n  expected {expected[row]}\n  actual   {actual[row]}")
    print(f"{num_texts} texts, {len(single)} of them as plain lines too: {len(different)} differences")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
