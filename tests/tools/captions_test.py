"""tools/captions.py fills what a table lacks, and keeps its head when a model's server does not."""

import contextlib
import csv
import email.utils
import importlib.util
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))
from captions import language_model, sentences, table  # noqa: E402
from captions.knowledge import Concepts, Hierarchy  # noqa: E402

# A module's name would be that of the package beside it.
SPEC = importlib.util.spec_from_file_location("captions_command", TOOLS / "captions.py")
captions_command = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(captions_command)

KEY = "sk-Secret-0123456789"


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


class Folder(unittest.TestCase):
    """A test with a folder of its own, which runs the command in it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    def command(self, *arguments):
        return [sys.executable, str(TOOLS / "captions.py"), str(self.folder / "in.csv"),
                str(self.folder / "out.csv"), *map(str, arguments)]

    def run_captions(self, *arguments, code=0):
        """What the command prints. In this process, since starting Python takes longer."""
        log = io.StringIO()
        with mock.patch.object(sys, "argv", self.command(*arguments)[1:]), \
                mock.patch.dict(os.environ, DERMATOME_API_KEY=KEY), \
                contextlib.redirect_stdout(log), contextlib.redirect_stderr(log), \
                self.assertRaises(SystemExit) as end:
            captions_command.main()
        self.assertEqual(end.exception.code, code, log.getvalue())
        self.assertNotIn(KEY.casefold(), log.getvalue().casefold())
        return log.getvalue()

    def write(self, rows):
        with open(self.folder / "in.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)

    def output(self):
        with open(self.folder / "out.csv", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


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
            ("--hierarchy", "a.json", '{"a": 1}', "stands no object"),
            ("--hierarchy", "a.json", '{"a":\n}', "line 2"),
            ("--concepts", "a.json", '{"scale": "scaly"}', "no list of strings"),
            ("--concepts", "a.json", "[]", "no object"),
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
        # The caption is new too; nothing but new captions is called valid.
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
        # That of the subcaptions was about none.
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
            (head + b"a,b,yes\n", "line 2, column knowledge_masks: 'yes' is no list"),
            (head + b'a,b,"[1, 2, 0]"\n', "is no list of 0 and 1"),
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

    def test_mask_spellings(self):
        self.assertEqual(table.read_mask(" [1.0,True , 0]", ""), [1, 1, 0])


def completion(content, **more):
    return {"choices": [{"message": {"content": content}}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10}, **more}


def good_answer(prompt):
    caption = re.search(r"<caption>\n(.*)\n</caption>", prompt, re.DOTALL)[1]
    return json.dumps({"subcaptions": caption.rstrip(".").split(" and "),
                       "visual_concepts": caption.split()[:1], "diagnosis": None, "other": 1})


def say(content):
    """A behaviour: a response with this message of the model, whatever was asked."""
    return lambda handler, prompt: handler.send(completion(content))


def status(code, **headers):
    return lambda handler, prompt: handler.send(
        {"error": {"message": f"no, {KEY}"}}, code, headers)


def raw(*parts, wait=0.0):
    """A behaviour: these bytes instead of HTTP, slowly if told so, then the end."""
    def behave(handler, prompt):
        for part in parts:
            handler.wfile.write(part)
            handler.wfile.flush()
            if handler.server.closing.wait(wait):
                return
    return behave


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.lock:
            server.requests.append((time.monotonic(), self.path, self.headers, body))
            behave = server.script.pop(0) if server.script else server.behave
        behave(self, body["messages"][0]["content"])

    def send(self, value, code=200, headers=None):
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(code)
        for name, text in (headers or {}).items():
            self.send_header(name.replace("_", "-"), text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """Behaves as the list `script` says, one entry a request, and then as `behave`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock, self.closing = threading.Lock(), threading.Event()
        self.requests, self.script = [], []
        self.behave = lambda handler, prompt: handler.send(completion(good_answer(prompt)))

    def handle_error(self, *_):
        pass


class ModelTest(Folder):
    def setUp(self):
        super().setUp()
        self.server = Server()
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.closing.set)
        self.write([{"filename": "a.png", "caption": "Scale and crust."}])

    def options(self, *more):
        return ["--endpoint", f"http://127.0.0.1:{self.server.server_port}/v1/", "--model", "m",
                "--backoff", "0.01", "--timeout", "5", *more]

    def ask(self, *more, code=0):
        return self.run_captions(*self.options(*more), code=code)

    def cached(self):
        return (self.folder / "out.csv.cache.jsonl").read_text()

    def assert_filled(self, requests):
        row = self.output()[0]
        self.assertEqual([row["subcaption_1"], row["subcaption_2"]], ["Scale", "crust"])
        self.assertEqual(row["visual_concept_caption"], "This skin photo shows Scale.")
        self.assertEqual([row["sub_caption_mask"], row["knowledge_masks"]],
                         ["[1, 1, 0, 0, 0, 0, 0, 0]", "[1, 0, 1]"])
        self.assertEqual(len(self.server.requests), requests)

    def test_asks_once_for_what_is_missing(self):
        self.write([{"filename": "a.png", "caption": "Scale and crust.", "ontology_final": ""},
                    {"filename": "b.png", "caption": "Scale and crust.", "ontology_final": ""},
                    {"filename": "c.png", "caption": "Scale and crust.", "ontology_final": "x"}])
        self.ask()
        self.assert_filled(requests=2)
        _, path, headers, body = self.server.requests[0]
        self.assertEqual(path, "/v1/chat/completions")
        self.assertEqual(headers["Authorization"], f"Bearer {KEY}")
        self.assertEqual([body["model"], body["temperature"], body["max_tokens"]], ["m", 0, 512])
        prompts = [body["messages"][0]["content"] for *_, body in self.server.requests]
        self.assertEqual(sorted('"diagnosis"' in prompt for prompt in prompts), [False, True])
        self.assertNotIn(KEY, self.cached())
        self.ask()
        self.assert_filled(requests=2)

    def test_failures_that_pass(self):
        late = email.utils.formatdate(time.time() - 100, usegmt=True)
        head = b"HTTP/1.1 200 OK\r\n"
        chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
        for name, behaviours in {
            "busy": [status(429), status(429, Retry_After="0"), status(503, Retry_After=late)],
            "errors": [status(500), status(502), status(408), status(529)],
            "closed at once": [raw()],
            "closed in the body": [raw(head + b'Content-Length: 900\r\n\r\n{"choices": [')],
            "no HTTP": [raw(b"\0\1\2 what?\r\n\r\n"), raw(b"HTTP/1.1 999999\r\n\r\n")],
            "garbage in chunks": [raw(chunked + b"zz\r\n{}\r\n0\r\n\r\n")],
            "a chunk too short": [raw(chunked + b"ff\r\n{}")],
            "not JSON": [lambda handler, _: handler.send(b"<html>wait</html>")],
            "not UTF-8": [lambda handler, _: handler.send(b'{"choices": "\xff\xfe"}')],
            "deep": [lambda handler, _: handler.send(b"[" * 100000)],
            "huge": [lambda handler, _: handler.send(b" " * (4 << 20))],
            "empty": [lambda handler, _: handler.send(b""), status(204)],
        }.items():
            with self.subTest(name):
                (self.folder / "out.csv.cache.jsonl").unlink(missing_ok=True)
                self.server.requests.clear()
                self.server.script = list(behaviours)
                self.ask()
                self.assert_filled(requests=len(behaviours) + 1)

    def test_silence_ends(self):
        head = b"HTTP/1.1 200 OK\r\n"
        self.server.script = [
            raw(b"", wait=30), raw(*[b"H"] * 100, wait=0.1),
            raw(head + b"Content-Length: 99\r\n\r\n", *[b" "] * 99, wait=0.1),
            # No length: the end of the connection would be the end of the body.
            raw(head + b"\r\n{}", *[b" "] * 99, wait=0.1)]
        start = time.monotonic()
        self.ask("--timeout", "0.4")
        self.assert_filled(requests=5)
        self.assertLess(time.monotonic() - start, 6)

    def test_waits_as_long_as_told(self):
        def until(handler, prompt):
            # A date has whole seconds, so it says between 1 and 2 of them.
            date = email.utils.formatdate(time.time() + 2, usegmt=True)
            status(503, Retry_After=date)(handler, prompt)

        self.server.script = [status(429, Retry_After="1"), until]
        self.ask()
        times = [request[0] for request in self.server.requests]
        self.assertGreater(times[1] - times[0], 0.95)
        self.assertGreater(times[2] - times[1], 0.95)
        self.write([{"filename": f"{i}.png", "caption": f"Scale {i}."} for i in range(10)])
        good = self.server.behave

        def slowly(handler, prompt):
            time.sleep(0.1)
            good(handler, prompt)

        self.server.behave = slowly
        self.server.script = [status(429, Retry_After="1")]
        self.server.requests.clear()
        self.ask("--workers", "3")
        times = [request[0] for request in self.server.requests]
        self.assertLess(sum(one - times[0] < 0.9 for one in times), 6, "others must wait as well")
        for value, wait in [("7", 7), ("9999", 300), ("-3", 0), ("soon", 0), (None, 0),
                            ("Thu, 01 Jan 1970 00:01:00 GMT", 50),
                            ("Fri, 31 Dec 9999 00:00:00 GMT", 300)]:
            self.assertEqual(language_model.retry_after(value, now=10), wait)

    def test_answers_that_are_not_believed(self):
        good = {"subcaptions": ["Scale", "crust"], "visual_concepts": ["Scale"], "diagnosis": None}
        for name, content in {
            "no JSON": "Here you are: scale, crust",
            "a list": "[1]",
            "a missing member": json.dumps({"subcaptions": ["Scale", "crust"]}),
            "a string for a list": json.dumps({**good, "subcaptions": "Scale"}),
            "numbers": json.dumps({**good, "subcaptions": [1]}),
            "none": json.dumps({**good, "subcaptions": []}),
            "too many": json.dumps({**good, "subcaptions": ["Scale"] * 9}),
            "too long": json.dumps({**good, "subcaptions": ["Scale " * 100]}),
            "a line break": json.dumps({**good, "subcaptions": ["Scale\ncrust"]}),
            "half a surrogate": json.dumps({**good, "subcaptions": ["Scale \ud800"]}),
            "empty": json.dumps({**good, "visual_concepts": ["."]}),
            "invented": json.dumps({**good, "subcaptions": ["Scale on the arm"]}),
            "a guess": json.dumps({**good, "diagnosis": "psoriasis"}),
            "a flag": json.dumps({**good, "diagnosis": True}),
        }.items():
            with self.subTest(name):
                (self.folder / "out.csv.cache.jsonl").unlink(missing_ok=True)
                self.server.requests.clear()
                self.server.script = [say(content)]
                self.ask()
                self.assert_filled(requests=2)
                retry = self.server.requests[1][3]["messages"]
                self.assertEqual([message["role"] for message in retry],
                                 ["user", "assistant", "user"])

    def test_odd_responses(self):
        fenced = "```json\n" + good_answer("<caption>\nScale and crust.\n</caption>") + "\n```"
        for behaviours, requests in [
            ([say(fenced)], 1),
            ([say(None), lambda handler, _: handler.send({"choices": []})], 3),
            ([lambda handler, _: handler.send({"choices": {"0": 1}}), say(["x"])], 3),
        ]:
            (self.folder / "out.csv.cache.jsonl").unlink(missing_ok=True)
            self.server.requests.clear()
            self.server.script = behaviours
            self.ask()
            self.assert_filled(requests)

    def test_what_is_denied_must_stay_so(self):
        self.write([{"filename": "a.png", "caption": "No scale, red rim."}])
        self.server.script = [say(json.dumps({"subcaptions": [one, "red rim"], "diagnosis": None,
                                              "visual_concepts": concepts}))
                              for one, concepts in [("scale", ["scale"]), ("No scale", ["scale"]),
                                                    ("No scale", ["red"])]]
        self.ask()
        row = self.output()[0]
        self.assertEqual([row["subcaption_1"], row["subcaption_2"]], ["No scale", "red rim"])
        self.assertEqual(row["visual_concept_caption"], "This skin photo shows red.")
        self.assertEqual(len(self.server.requests), 3)

    def test_gives_a_row_up(self):
        invented = json.dumps({"subcaptions": [f"Scale, psoriasis {KEY}"],
                               "visual_concepts": ["crust"], "diagnosis": None})
        self.server.behave = say(invented)
        log = self.ask("--attempts", "2")
        self.assertEqual(len(self.server.requests), 2)
        self.assertIn("line 2: refused: 'subcaptions' has words", log)
        row = self.output()[0]
        self.assertEqual([row["subcaption_1"], row["subcaption_2"]], ["Scale and crust", ""])
        self.assertEqual(row["visual_concept_caption"], "This skin photo shows crust.")
        self.assertEqual(self.cached(), "")

    def test_errors_that_stay_stop_the_run(self):
        self.write([{"filename": f"{i}.png", "caption": f"Scale {i}."} for i in range(50)])
        for behaviour, message in [
            (status(401), "401: no, [key]"),
            (status(404), "404"),
            (status(307, Location="http://127.0.0.1:1/x"), "redirect to http://127.0.0.1:1/x"),
            (status(500), "5 questions in succession"),
        ]:
            self.server.requests.clear()
            self.server.behave = behaviour
            self.assertIn(message, self.ask("--retries", "1", code=1))
            self.assertLess(len(self.server.requests), 30)
            self.assertFalse((self.folder / "out.csv").exists())

    def test_one_bad_row_does_not_stop_the_run(self):
        self.write([{"filename": f"{i}.png", "caption": f"Scale {i}."} for i in range(8)])
        good = self.server.behave
        self.server.behave = lambda handler, prompt: (
            status(500)(handler, prompt) if "Scale 3." in prompt else good(handler, prompt))
        self.assertIn("line 5: HTTP status 500", self.ask("--retries", "1"))
        self.assertEqual([row["visual_concept_caption"] for row in self.output()],
                         ["This skin photo shows Scale."] * 3 + [""]
                         + ["This skin photo shows Scale."] * 4)

    def test_a_killed_run_goes_on(self):
        self.write([{"filename": f"{i}.png", "caption": f"Scale {i} and crust."}
                    for i in range(40)])
        good = self.server.behave

        def slowly(handler, prompt):
            time.sleep(0.03)
            good(handler, prompt)

        self.server.behave = slowly
        process = subprocess.Popen(self.command(*self.options("--workers", "2")),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while len(self.server.requests) < 15 and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertFalse((self.folder / "out.csv").exists())
        answered = self.cached().count("\n")
        self.assertGreaterEqual(answered, 10)
        with open(self.folder / "out.csv.cache.jsonl", "a", encoding="utf-8") as file:
            file.write('{"key": "torn", "ans')
        self.server.behave = good
        self.server.requests.clear()
        self.assertIn(f"{answered} answers from the cache", self.ask())
        self.assertEqual(len(self.server.requests), 40 - answered)
        self.assertEqual(self.cached().count("\n"), 40)
        self.assertIn("0 requests, 40 answers", self.ask("--estimate"))
        first = (self.folder / "out.csv").read_bytes()
        (self.folder / "out.csv.cache.jsonl").unlink()
        self.ask()
        self.assertEqual((self.folder / "out.csv").read_bytes(), first)

    def test_a_broken_cache_is_named(self):
        self.file("out.csv.cache.jsonl", "{}\n")
        self.assertIn("cache.jsonl line 1", self.ask(code=2))
        # An answer that someone put there is checked like any other.
        self.file("out.csv.cache.jsonl", "")
        self.ask()
        self.file("out.csv.cache.jsonl", self.cached().replace('"crust"', '"psoriasis"'))
        self.ask()
        self.assert_filled(requests=2)

    def test_rate_limit(self):
        self.write([{"filename": f"{i}.png", "caption": f"Scale {i}."} for i in range(7)])
        self.server.script = [status(500)]
        self.ask("--requests-per-minute", "600", "--workers", "7")
        times = [request[0] for request in self.server.requests]
        self.assertEqual(len(times), 8)
        self.assertGreater(times[-1] - times[0], 0.5)

    def test_estimate_sends_nothing(self):
        log = self.ask("--estimate", "--price-in", "1e6", "--price-out", "1e6")
        self.assertIn("1 requests, 0 answers in the cache; nothing was sent", log)
        self.assertRegex(log, r"about \d+ tokens in and \d+ out")
        self.assertRegex(log, r"about \d+\.00 in the currency")
        self.assertEqual(self.server.requests, [])
        self.assertEqual([path.name for path in self.folder.iterdir()], ["in.csv"])
        self.ask()
        self.assertIn("0 requests, 1 answers", self.ask("--estimate"))
        self.assertEqual(len(self.server.requests), 1)

    def test_stops_before_it_costs_more(self):
        self.write([{"filename": f"{i}.png", "caption": f"Scale {i}."} for i in range(20)])
        # 110 tokens a request by the server's count; about 1,100 bytes set aside for the next.
        prices = ["--price-in", "1e6", "--price-out", "1e6", "--max-tokens", "20"]
        log = self.ask(*prices, "--max-cost", "2500", "--workers", "1", code=3)
        asked = len(self.server.requests)
        self.assertIn(f"cost {asked * 110}.0000", log)
        self.assertIn(f"--max-cost left {20 - asked} questions unasked", log)
        self.assertTrue(5 < asked < 20, asked)
        self.assertEqual(len(self.output()), 20)
        self.ask(*prices, "--max-cost", "9000")
        self.assertEqual(len(self.server.requests), 20)

    def test_prompts_and_vocabularies_of_the_user(self):
        prompt = self.file("p.txt", "<caption>\n{caption}\n</caption> {fields} {\"x\": 1}")
        concepts = self.file("c.json", {"erythema": ["reddened"], "scale": []})
        hierarchy = self.file("d.json", {"inflammatory": {"eczema": {}}})
        self.write([{"filename": "a.png", "caption": "Eczema {fields}, ruddy."}])
        self.server.script = [say(json.dumps({
            "visual_concepts": ["Reddened"], "diagnosis": "Eczema"}))]
        self.ask("--prompt", prompt, "--concepts", concepts, "--hierarchy", hierarchy,
                 "--ask", "diagnosis,visual_concepts")
        sent = self.server.requests[0][3]["messages"][0]["content"]
        self.assertIn("Eczema {fields}, ruddy.", sent)
        self.assertIn("one of: erythema, scale", sent)
        self.assertNotIn("subcaptions", sent)
        row = self.output()[0]
        self.assertEqual(row["ontology_caption"],
                         "This is a skin photo diagnosed as inflammatory, eczema.")
        self.assertEqual(row["visual_concept_caption"], "This skin photo shows erythema.")
        for text, message in [("{caption} {captoin}", "unknown placeholder {captoin}"),
                              ("hello", "{caption} is missing")]:
            self.file("p.txt", text)
            self.assertIn(message, self.ask("--prompt", prompt, code=2))

    def test_bad_options(self):
        for more, message in [
            (["--endpoint", "ftp://x/v1"], "http(s)://HOST"),
            (["--endpoint", f"http://user:{KEY}@x/v1"], "http(s)://HOST"),
            (["--max-cost", "1"], "--max-cost needs"),
            (["--ask", "age"], "choose among"),
            (["--workers", "0"], "--workers"),
        ]:
            self.assertIn(message, self.ask(*more, code=2))
        self.assertEqual(self.server.requests, [])


if __name__ == "__main__":
    unittest.main()
