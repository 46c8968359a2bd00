#!/usr/bin/env python3
"""Fills the captions that a table lacks, so that `dermatome shard` can read it.

    tools/captions.py INPUT OUTPUT.csv [--template TEXT ...] [--hierarchy FILE] [--concepts FILE]
                      [--endpoint URL ...]

INPUT is what `dermatome shard` reads, with the same options: a table (UTF-8 CSV, or .jsonl) with
`filename` and `caption`, with open_clip's or Hugging Face's names, or with the columns that
--image-column and --caption-column name; or a folder of images with metadata.csv, metadata.jsonl,
or .txt and .json files beside the images. OUTPUT has its columns, `filename` and MAKE's columns.
What is there stays; a cell that is empty, nan or NaN is filled:

  truncated_caption       from caption; else, with --template, from the cells that a template names
  ontology_caption        from ontology_final or hierarchical_disease_label; else, with --hierarchy,
                          from the place of the disease in the hierarchy
  visual_concept_caption  from skin_concept_standarized (sic) or skin_concept; else, with
                          --concepts, from the words of the caption
  subcaption_1 to _8      the sentences of the caption, if the row has no subcaption; where templates
                          made the caption, the captions of the other templates
  sub_captions, sub_caption_mask, knowledge_masks (caption, ontology, visual concept)
                          from the captions that exist; in an existing mask, only the entries of
                          new captions change

With --endpoint and --model, a language model is asked for what the tables and files left open, and
for subcaptions, which are cut from the caption only if the model gave none. An answer is believed
only if the caption says the same. The key of the model, if it needs one, is read from
DERMATOME_API_KEY.
"""

import argparse
import math
import os
import sys
from pathlib import Path

from captions import BadInput, answers, inputs, missing, table
from captions.cache import Cache, key_of
from captions.filler import ASPECTS, DISEASE_COLUMNS, Filler
from captions.knowledge import Concepts, Hierarchy
from captions.language_model import Account, Endpoint, Model, Question, Stopped
from captions.templates import Template

CHARACTERS_PER_TOKEN = 4


def make_questions(filler, rows, questions, options):
    """One question per distinct prompt, and the key of each row that needs an answer."""
    asked, keys = {}, {}
    for i, (_, row) in enumerate(rows):
        if fields := filler.open_fields(row, options.ask):
            caption = row["truncated_caption"]
            prompt = questions.ask(caption, fields)
            # The prompt contains the caption and what is asked about it.
            key = key_of(options.endpoint, options.model, options.max_tokens, prompt)
            keys[i] = key
            asked[key] = Question(key, caption, fields, prompt)
    return asked, keys


def believed_before(asked, cache, questions):
    """Cached answers that are still believed; edits of the file are checked like a model's answers."""
    found = {}
    for key, question in asked.items():
        good, complaints = questions.judge(cache.answers.get(key), question.caption,
                                           question.fields)
        if not complaints:
            found[key] = good
    return found


def estimate(asked, before, account):
    left = [question for key, question in asked.items() if key not in before]
    tokens_in = sum(len(question.prompt) for question in left) // CHARACTERS_PER_TOKEN
    # Subcaptions repeat the caption; names, quotes and the other fields take about as much again.
    tokens_out = sum(len(question.caption) * ("subcaptions" in question.fields)
                     + 60 * len(question.fields) for question in left) // CHARACTERS_PER_TOKEN
    print(f"captions: {len(left)} requests, {len(before)} answers in the cache; nothing was sent")
    print(f"captions: about {tokens_in} tokens in and {tokens_out} out, at {CHARACTERS_PER_TOKEN} "
          "characters per token, without answers that have to be asked for again")
    if any(account.prices):
        print(f"captions: about {account.cost(tokens_in, tokens_out):.2f} in the currency of "
              "--price-in and --price-out")
    else:
        print("captions: give --price-in and --price-out, per million tokens, to see what it costs")


def ask_model(filler, rows, questions, cache, options):
    """Fills rows from a model's answers; returns whether all questions could be asked."""
    asked, keys = make_questions(filler, rows, questions, options)
    found = believed_before(asked, cache, questions)
    account = Account(options.price_in, options.price_out, options.max_cost)
    if options.estimate:
        estimate(asked, found, account)
        return True
    lines = {}
    for i, key in keys.items():
        lines.setdefault(key, []).append(rows[i][0])
    model = Model(Endpoint(options.endpoint, os.environ.get("DERMATOME_API_KEY"), options.timeout),
                  questions, cache, account, options)
    left = [question for key, question in asked.items() if key not in found]
    num_cached, over_budget = len(found), []

    def report(question, reason):
        if reason is None:
            over_budget.append(question)
        else:
            where = ", ".join(map(str, lines[question.key][:5]))
            print(f"warning: {options.input} line {where}: {reason}", file=sys.stderr)

    found.update(model.ask_all(left, report))
    for i, key in keys.items():
        filler.fill_from_answer(rows[i][1], found.get(key, {}), questions)
    print(f"captions: model: {account.requests} requests, {num_cached} answers from the cache, "
          f"{account.tokens_in} tokens in, {account.tokens_out} out, cost {account.spent:.4f}")
    if account.unreported:
        print(f"captions: model: the tokens of {account.unreported} requests are not known; they are "
              "counted at their highest possible cost")
    if over_budget:
        print(f"warning: --max-cost left {len(over_budget)} questions unasked; answers are kept in "
              f"{options.cache}: run again with a larger --max-cost to go on", file=sys.stderr)
    return not over_budget


def summarize(filler, rows, options):
    print(f"captions: {options.output}: {len(rows)} rows")
    for aspect in (*ASPECTS, "subcaptions"):
        methods = [f"{count} from {method}" for (one, method), count in filler.filled.items()
                   if one == aspect]
        columns = filler.pieces if aspect == "subcaptions" else [aspect]
        lacking = sum(all(missing(row[column]) for column in columns) for _, row in rows)
        print(f"captions: {aspect}: {', '.join(methods) or 'nothing'} filled; "
              f"{lacking} rows lack it")
    if filler.dropped:
        print(f"captions: {filler.dropped} sentences behind the first {len(filler.pieces)} left "
              f"out, in {filler.dropped_rows} rows; a larger --num-subcaptions keeps more")
    if filler.unknown:
        frequent = sorted(filler.unknown.items(), key=lambda item: (-item[1], item[0]))[:10]
        print(f"captions: {len(filler.unknown)} diseases, in {filler.unknown.total()} rows, are "
              f"not in {options.hierarchy}: "
              + ", ".join(f"{name} ({count})" for name, count in frequent))


def build(options):
    """Does everything except reading the command line; returns the exit code."""
    columns, rows, caption_column = inputs.read(options)
    templates = [Template(text, options.label_column) for text in options.template]
    for template in templates:
        template.check(columns, caption_column, options.input)
    if options.disease_column:
        table.require(options.disease_column, columns, options.input)
    disease_columns = [options.disease_column] if options.disease_column else DISEASE_COLUMNS
    hierarchy = Hierarchy(options.hierarchy) if options.hierarchy else None
    concepts = Concepts(options.concepts) if options.concepts else None
    filler = Filler(options.num_subcaptions, caption_column, templates, hierarchy, concepts, disease_columns)
    lacked = []
    for line, row in rows:
        if not row["filename"].strip():
            raise BadInput(f"{options.input} line {line}, column filename: it is empty; name the "
                           "image or remove the row")
        lacked.append(filler.complete(row))
        filler.fill_from_files(row)
    complete = True
    if options.endpoint:
        questions = answers.Questions(options.prompt, options.num_subcaptions, concepts)
        with Cache(options.cache, read_only=options.estimate) as cache:
            complete = ask_model(filler, rows, questions, cache, options)
        if options.estimate:
            return 0
    for (line, row), lack in zip(rows, lacked):
        filler.finish(row, lack, f"{options.input} line {line}")
    columns += [column for column in filler.columns() if column not in columns]
    table.write(options.output, columns, rows)
    summarize(filler, rows, options)
    return 0 if complete else 3


def number(kind, low, high=math.inf):
    def parse(text):
        value = kind(text)
        if not low <= value <= high or value == math.inf:
            raise ValueError
        return value
    parse.__name__ = f"{kind.__name__} from {low:g}" + (f" to {high:g}" if high < math.inf else "")
    return parse


def fields(text):
    names = tuple(name.strip() for name in text.split(","))
    if not set(names) <= set(answers.FIELDS):
        raise argparse.ArgumentTypeError(f"'{text}': choose among {', '.join(answers.FIELDS)}")
    return names


def separator(text):
    names = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t"}
    if text not in names and (len(text) != 1 or text in '"\n'):
        raise argparse.ArgumentTypeError(f"'{text}': write comma, semicolon, tab, or one character")
    return names.get(text, text)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Exit codes: 0 done; 1 the model's server stopped the run; 2 bad input; 3 OUTPUT is "
               "written, but --max-cost left questions unasked.")
    add = parser.add_argument
    add("input", metavar="INPUT", type=Path)
    add("output", metavar="OUTPUT.csv", type=Path)
    add("--image-column", metavar="NAME", help="column of image files (filename, filepath or file_name)")
    add("--caption-column", metavar="NAME", help="column of captions (caption, title or text)")
    add("--label-column", metavar="NAME", default="label", help="column that {} stands for in --template (label)")
    add("--separator", type=separator, metavar="S",
        help="what separates columns: comma, semicolon, tab, or any character (what the first line has)")
    add("--template", action="append", default=[], metavar="TEXT",
        help="captions for rows that have none: {} stands for the label, {NAME} for column NAME, as in "
             "\"a photo of a {}\"; may be given several times, and then they take turns")
    add("--num-subcaptions", type=number(int, 0, 64), default=8, metavar="N",
        help="largest number of sentences per row (8); `dermatome shard` has the same option")
    add("--hierarchy", type=Path, metavar="FILE",
        help='CSV name,parent (no parent: a root), or JSON: {"inflammatory": {"dermatitis": {}}}')
    add("--disease-column", metavar="NAME",
        help="column to look up in the hierarchy (standardized_disease, else disease_label)")
    add("--concepts", type=Path, metavar="FILE", help='JSON: {"scale": ["scaly", "scaling"], ...}')
    add = parser.add_argument_group("language model").add_argument
    add("--endpoint", metavar="URL", help="URL up to .../v1; /chat/completions is added to it")
    add("--model", metavar="NAME")
    add("--prompt", type=Path, default=answers.SHIPPED_PROMPT, metavar="PATH",
        help="text file, or folder with prompt.txt; the text contains {caption} and may contain "
             "{fields} and {num_subcaptions} (tools/captions/prompt.txt)")
    add("--ask", type=fields, default=answers.FIELDS, metavar="A,B",
        help=f"ask only about these of {', '.join(answers.FIELDS)}")
    add("--cache", type=Path, metavar="FILE",
        help="file of answers, which grows as answers come; questions with an answer in it are not "
             "asked again (OUTPUT.csv.cache.jsonl)")
    add("--estimate", action="store_true", help="say what it would cost; send and write nothing")
    add("--price-in", type=number(float, 0), default=0.0, metavar="X",
        help="price per million tokens of the prompts")
    add("--price-out", type=number(float, 0), default=0.0, metavar="X",
        help="price per million tokens of the answers")
    add("--max-cost", type=number(float, 0), metavar="X",
        help="ask no question that could bring this run's cost above X")
    add("--max-tokens", type=number(int, 1), default=512, metavar="N",
        help="largest number of tokens of an answer (512)")
    add("--requests-per-minute", type=number(float, 0), default=0.0, metavar="X",
        help="largest number of requests per minute, evenly spread (no limit)")
    add("--workers", type=number(int, 1, 256), default=4, metavar="N",
        help="number of requests at a time (4)")
    add("--timeout", type=number(float, 0.01), default=60.0, metavar="S",
        help="seconds that a request may take (60)")
    add("--retries", type=number(int, 0, 100), default=6, metavar="N",
        help="number of retries when the server fails, is busy or does not answer (6)")
    add("--backoff", type=number(float, 0), default=1.0, metavar="S",
        help="seconds before the first retry; each further retry waits twice as long (1)")
    add("--attempts", type=number(int, 1, 100), default=3, metavar="N",
        help="number of attempts to get an answer that can be believed (3)")
    options = parser.parse_args()
    if options.output.exists() and options.input.exists() and \
            options.output.samefile(options.input) or options.output == options.input:
        parser.error("OUTPUT is INPUT; name another file")
    if not options.output.parent.is_dir() or options.output.is_dir():
        parser.error(f"{options.output} cannot be written: its folder does not exist, or it is a folder")
    if bool(options.endpoint) != bool(options.model):
        parser.error("--endpoint and --model belong together")
    if options.estimate and not options.endpoint:
        parser.error("--estimate needs a model; give --endpoint and --model")
    if options.max_cost is not None and not options.price_in + options.price_out:
        parser.error("--max-cost needs --price-in and --price-out")
    if options.cache is None:
        options.cache = options.output.with_name(options.output.name + ".cache.jsonl")
    return options


def main():
    options = parse_arguments()
    try:
        sys.exit(build(options))
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except Stopped as error:
        print(f"error: {error}. Only the answers so far were written, to {options.cache}; "
              "run again to go on", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("error: interrupted; answers so far are kept", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
