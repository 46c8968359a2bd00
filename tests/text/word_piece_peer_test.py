"""Compares `dermatome tokenize --vocabulary` with transformers' BertTokenizerFast on texts that exercise every step,
cleaned as open_clip's HFTokenizer cleans them.

Usage: word_piece_peer_test.py DERMATOME [NUM_TEXTS [SEED]]

The vocabulary is made here, of single characters and of parts of words, cased, so that every rule shows in the
ids. It is read from vocab.txt with capitals and accents, and from tokenizer.json without them.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata

from open_clip.tokenizer import get_clean_fn
from transformers import BertTokenizerFast

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CONTEXT_LENGTH = 24
WORDS = (
    "Skin lesion plaque with silvery scale on the left forearm nodule melanoma isn't they're O'Neil (ABCD) 3.5mm "
    "hyperkeratosis naïve café Sjögren Behçet Ménière KÖBNER à résumé Ångström señor fiancée über Straße Łódź "
    "Жизнь кожа ПСОРИАЗ ёж ελληνικά δέρμα ΟΔΟΣ Σίσυφος 皮膚の湿疹 피부 जिल्द جِلْد עוֹר İstanbul ısı œil ﬁbrosis ǅ "
    "“quoted” ‘single’ it’s – — … • €20 ™ © ½ ² µm °C × ± ≥5 😀 👩🏽‍⚕️ 🇩🇪 ＦＵＬＬ ｶﾞ ẞ ſ e\u0301 A\u030a\u0323 "
    "ệ ﷽ 𝒜𝓃 각 각 ฿ ไทย ་བོད མྱན་ ꙮ ⁉ ¡hola! a_b x^2 `code` ~5 <b> $3 a=b+c @home #1 {x|y} \\n"
).split(" ")
# White space, controls, marks, ideographs of every block and beside it, characters whose category changed after
# Unicode 8, decompositions that came after Unicode 9, and letters with unusual small forms.
RARE = (
    "\x00\x01\t\n\x0b\x0c\r\x1c\x1f\x7f\x80\x85\x9f\xa0\xad\u0300\u0301\u0323\u0334\u0345\u034f\u0488\u0600\u061c"
    "\u0903\u093c\u0b55\u0d81\u1680\u166d\u1734\u180b\u180e\u1885\u1abf\u1dfb\u2000\u2003\u200b\u200d\u200e\u202e"
    "\u2028\u2029\u202f\u205f\u2060\u212a\u212b\u0130\u1e9e\u03a3\u03f4\u3000\u302a\u30fb\u33ff\u3400\u4dbf\u4dc0"
    "\u4dff\u4e00\u9fff\ua000\ua82c\ua9bd\ue000\uf8ff\uf900\ufaff\ufb1d\ufe0f\ufe33\ufeff\uff0c\ufffc\ufffd\uffff"
    "\U000111c9\U000111cf\U00011938\U0001f3fd\U00020000\U0002a6df\U0002a6e0\U0002a700\U0002b73f\U0002b740\U0002b81f"
    "\U0002b820\U0002b91f\U0002b920\U0002ceaf\U0002ceb0\U0002f800\U0002fa1d\U000e0041\U000e0100\U000f0000"
)
PIECES = [
    *SPECIAL, "[sep]", "[SEP", "SEP]", "[[SEP]]", "[CLS][MASK]", "[UNK]x", "[unused1]", "##ing", "#", "\r\n", "...",
    "x" * 99, "y" * 100, "z" * 101, "é" * 100, "e\u0301" * 51, "n" * 300, "皮" * 120, "a" * 97 + "[SEP]", "-" * 120,
]


def write_vocabulary(folder, generator):
    """A cased vocab.txt of some thousand pieces, with the special tokens in the midst of them."""
    letters = {letter for word in WORDS + list(RARE) for form in (word, word.lower(), unicodedata.normalize("NFD", word))
               for letter in form if not letter.isspace()} | set(map(chr, range(0x21, 0x250)))
    pieces = letters | {"##" + letter for letter in letters if generator.random() < 0.8}
    for word in WORDS:
        for form in (word, word.lower(), unicodedata.normalize("NFD", word.lower())):
            for _ in range(12):
                begin = generator.randrange(len(form))
                end = generator.randrange(begin, len(form)) + 1
                pieces.add(("##" if begin else "") + form[begin:end])
    lines = sorted(piece for piece in pieces if not any(character.isspace() for character in piece))
    lines[100:100] = SPECIAL
    folder.mkdir()
    (folder / "vocab.txt").write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="")


def any_character(generator):
    """A random character, mostly from the frequent low ranges."""
    while True:
        limit = generator.choice([0x250, 0x600, 0x3000, 0x10000, 0x20000, 0x110000])
        character = chr(generator.randrange(limit))
        if unicodedata.category(character) not in ("Cs", "Cn"):
            return character


def make_part(generator):
    """A word, characters without sense, or both, sometimes in Unicode's decomposed form."""
    kind = generator.randrange(8)
    if kind < 3:
        part = generator.choice(WORDS)
    elif kind == 3:
        part = "".join(any_character(generator) for _ in range(generator.randint(1, 5)))
    elif kind == 4:
        part = "".join(generator.choices(RARE + "aB1 ", k=generator.randint(1, 5)))
    elif kind == 5:
        part = generator.choice(PIECES)
    elif kind == 6:
        part = generator.choice(WORDS).swapcase()
    else:
        word = generator.choice(WORDS)
        part = word[generator.randrange(len(word)):] + generator.choice(WORDS)
    return unicodedata.normalize("NFD", part) if generator.random() < 0.1 else part


def make_texts(generator, num_texts):
    """Short texts, each of a few parts with spaces or nothing between them."""
    parts = [make_part(generator) for _ in range(20000)]
    return [("", " ", " ")[i % 3].join(generator.choices(parts, k=1 + i % 5)) for i in range(num_texts)]


def compare(binary, vocabulary, peer, texts):
    """Prints every text for which the two tokenizers differ; returns how many there are."""
    peer.enable_truncation(CONTEXT_LENGTH)
    clean = get_clean_fn("whitespace")
    expected = [encoding.ids for encoding in peer.encode_batch([clean(text) for text in texts])]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    output = subprocess.run(
        [binary, "tokenize", "--json", "--vocabulary", vocabulary, "--context-length", str(CONTEXT_LENGTH)],
        input=lines, capture_output=True, encoding="utf-8", check=True).stdout.splitlines()
    if len(output) != len(texts):
        sys.exit(f"{len(texts)} lines in, {len(output)} lines out")
    num_different = 0
    for text, ids, line in zip(texts, expected, output):
        actual = json.loads(line)["ids"]
        if actual != ids + [0] * (CONTEXT_LENGTH - len(ids)):
            num_different += 1
            print(f"{text!a}\n  expected {ids}\n  actual   {actual}")
    return num_different


def main():
    """Fails if the two tokenizers differ for any text."""
    binary = sys.argv[1]
    num_texts = int(sys.argv[2]) if len(sys.argv) > 2 else 100000
    generator = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    texts = make_texts(generator, num_texts)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        write_vocabulary(folder / "cased", generator)
        (folder / "cased/tokenizer_config.json").write_text('{"do_lower_case": false}\n', encoding="utf-8")
        cased = BertTokenizerFast.from_pretrained(folder / "cased")
        uncased = BertTokenizerFast(vocab=str(folder / "cased/vocab.txt"), do_lower_case=True)
        uncased.save_pretrained(folder / "uncased")
        half = num_texts // 2
        num_different = compare(binary, folder / "cased/vocab.txt", cased.backend_tokenizer, texts[:half])
        num_different += compare(binary, folder / "uncased", uncased.backend_tokenizer, texts[half:])
    print(f"{num_texts} texts: {num_different} differences")
    sys.exit(1 if num_different else 0)


if __name__ == "__main__":
    main()
