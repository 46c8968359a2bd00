"""Tests that tools/captions.py asks a language model, and copes with a server that behaves badly."""

import email.utils
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from captions_folder import KEY, Folder  # noqa: E402
from captions import language_model  # noqa: E402


def completion(content, **more):
    return {"choices": [{"message": {"content": content}}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10}, **more}


def good_answer(prompt):
    caption = re.search(r"<caption>\n(.*)\n</caption>", prompt, re.DOTALL)[1]
    return json.dumps({"subcaptions": caption.rstrip(".").split(" and "),
                       "visual_concepts": caption.split()[:1], "diagnosis": None, "other": 1})


def say(content):
    """A behavior: a response with this message of the model, for any question."""
    return lambda handler, prompt: handler.send(completion(content))


def status(code, **headers):
    return lambda handler, prompt: handler.send(
        {"error": {"message": f"no, {KEY}"}}, code, headers)


def raw(*parts, wait=0.0):
    """A behavior: sends these bytes instead of HTTP, slowly if asked, and then closes the connection."""
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
    """Behaves as the list `script` says, with one entry per request, and then as `behave`."""

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
        for name, behaviors in {
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
                self.server.script = list(behaviors)
                self.ask()
                self.assert_filled(requests=len(behaviors) + 1)

    def test_silence_ends(self):
        head = b"HTTP/1.1 200 OK\r\n"
        self.server.script = [
            raw(b"", wait=30), raw(*[b"H"] * 100, wait=0.1),
            raw(head + b"Content-Length: 99\r\n\r\n", *[b" "] * 99, wait=0.1),
            # Without a length, the end of the connection would be the end of the body.
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
        for behaviors, requests in [
            ([say(fenced)], 1),
            ([say(None), lambda handler, _: handler.send({"choices": []})], 3),
            ([lambda handler, _: handler.send({"choices": {"0": 1}}), say(["x"])], 3),
        ]:
            (self.folder / "out.csv.cache.jsonl").unlink(missing_ok=True)
            self.server.requests.clear()
            self.server.script = behaviors
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
        for behavior, message in [
            (status(401), "401: no, [key]"),
            (status(404), "404"),
            (status(307, Location="http://127.0.0.1:1/x"), "redirect to http://127.0.0.1:1/x"),
            (status(500), "5 questions in succession"),
        ]:
            self.server.requests.clear()
            self.server.behave = behavior
            self.assertIn(message, self.ask("--retries", "1", code=1))
            self.assertLess(len(self.server.requests), 30)
            self.assertFalse((self.folder / "out.csv").exists())

    def test_a_server_that_is_not_there(self):
        self.write([{"filename": f"{i}.png", "caption": f"Scale {i}."} for i in range(10)])
        with socket.socket() as unused:  # does not listen
            unused.bind(("127.0.0.1", 0))
            log = self.ask("--endpoint", f"http://127.0.0.1:{unused.getsockname()[1]}/v1",
                           "--retries", "1", code=1)
        self.assertRegex(log, "no usable response to 5 questions in succession.*Connection refused")
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
        # An answer that someone wrote into the cache is checked like any other.
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
        # The server counts 110 tokens per request; about 1,100 bytes are reserved for the next one.
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
