"""Asks a language model behind an endpoint like OpenAI's, with retries and within a budget."""

import email.utils
import http.client
import json
import random
import re
import socket
import ssl
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from captions import BadInput, answers

MAX_BODY = 1 << 20        # bytes of a response
MAX_RETRY_AFTER = 300.0   # seconds that a server can make us wait
MAX_BACKOFF = 60.0
MAX_UNAVAILABLE = 5       # unanswered questions in succession after which the server counts as gone


class Stopped(Exception):
    """The run cannot go on; the answers so far are in the cache."""


class OverBudget(Exception):
    """The question was not asked, because the answer could cost more than --max-cost leaves."""


class Unavailable(Exception):
    """A request brought no usable response. `wait` is the time in seconds that the server asked us to
    wait; `billed` says whether it may have charged for the request."""

    def __init__(self, reason, wait=0.0, billed=False):
        super().__init__(reason)
        self.wait, self.billed = wait, billed


def retry_after(value, now=None):
    """Seconds to wait according to a header, which holds a number, a date or something unusable."""
    if value is None:
        return 0.0
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
        return min(float(value), MAX_RETRY_AFTER)
    try:
        date = email.utils.parsedate_to_datetime(value)
        wait = date.timestamp() - (time.time() if now is None else now)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(max(wait, 0.0), MAX_RETRY_AFTER)


class Endpoint:
    """Sends each request on a new connection. It follows no redirect, so that the key is sent to no
    other server, and waits no longer than `timeout` in all."""

    def __init__(self, url, key, timeout):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc \
                or parts.query or parts.fragment:
            raise BadInput(f"--endpoint: '{parts.scheme}://{parts.hostname}{parts.path}' cannot be "
                           "used; write http(s)://HOST[:PORT]/PATH, and put the key into "
                           "DERMATOME_API_KEY")
        if key and not re.fullmatch(r"[\x21-\x7e]+", key):
            raise BadInput("DERMATOME_API_KEY holds a space, line break or a character outside "
                           "ASCII; correct it")
        try:
            self.host, self.port = parts.hostname, parts.port
        except ValueError as error:
            raise BadInput(f"--endpoint: {error}") from error
        self.path = parts.path.rstrip("/") + "/chat/completions"
        self.key, self.timeout = key, timeout
        self.secure = ssl.create_default_context() if parts.scheme == "https" else None

    def connect(self):
        if self.secure:
            return http.client.HTTPSConnection(self.host, self.port, timeout=self.timeout,
                                               context=self.secure)
        return http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)

    def post(self, body):
        """The status, the headers Retry-After and Location, and the body. The body may be cut,
        because the end of a connection can look like the end of the body."""
        connection = self.connect()
        late = threading.Event()
        timer = None
        try:
            connection.connect()
            timer = threading.Timer(self.timeout, hang_up, (connection.sock, late))
            timer.daemon = True
            timer.start()
            headers = {"Content-Type": "application/json", "Connection": "close"}
            if self.key:
                headers["Authorization"] = f"Bearer {self.key}"
            connection.request("POST", self.path, body, headers)
            response = connection.getresponse()
            content = response.read(MAX_BODY + 1)
        except ssl.SSLCertVerificationError as error:
            raise Stopped(f"{self.host}: {error.verify_message}") from error
        except (http.client.HTTPException, OSError, ValueError) as error:
            reason = f"no response within {self.timeout:g} s" if late.is_set() or \
                isinstance(error, TimeoutError) else f"{type(error).__name__}: {error}"
            raise Unavailable(self.printable(reason), billed=timer is not None) from error
        finally:
            if timer:
                timer.cancel()
            connection.close()
        if late.is_set():
            raise Unavailable(f"no response within {self.timeout:g} s", billed=True)
        return response.status, response.getheader("Retry-After"), \
            response.getheader("Location"), content

    def without_key(self, text):
        """The text without the key, which a server may repeat. A short key is a placeholder for a
        server that needs none; it may be any word and stays."""
        return text.replace(self.key, "[key]") if self.key and len(self.key) >= 8 else text

    def printable(self, text):
        """The text on one line, shortened, and without the key."""
        return re.sub(r"[^ -~\xa0-\ud7ff\ue000-\U0010ffff]+", " ",
                      self.without_key(text))[:300].strip()


def hang_up(sock, late):
    late.set()
    try:
        # SSLSocket's own shutdown would remove the TLS object while the reader uses it.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        pass


class Pacer:
    """Spreads requests evenly over time; any thread's request takes the next slot."""

    def __init__(self, per_minute, stop):
        self.interval, self.stop = 60.0 / per_minute if per_minute else 0.0, stop
        self.lock, self.next = threading.Lock(), 0.0

    def wait(self):
        with self.lock:
            slot = max(time.monotonic(), self.next)
            self.next = slot + self.interval
        self.sleep(slot - time.monotonic())

    def hold(self, seconds):
        """Delays all requests for this many seconds."""
        with self.lock:
            self.next = max(self.next, time.monotonic() + seconds)

    def sleep(self, seconds):
        if self.stop.wait(max(seconds, 0.0)):
            raise Stopped("stopped")


class Account:
    """Counts tokens and money. The highest cost of a request is reserved before it is sent; a token
    has at least one byte."""

    def __init__(self, price_in, price_out, max_cost):
        self.prices, self.max_cost = (price_in, price_out), max_cost
        self.lock = threading.Lock()
        self.requests = self.unreported = self.tokens_in = self.tokens_out = 0
        self.spent = self.reserved = 0.0

    def cost(self, tokens_in, tokens_out):
        return (tokens_in * self.prices[0] + tokens_out * self.prices[1]) / 1e6

    def reserve(self, bytes_in, max_tokens):
        cost = self.cost(bytes_in, max_tokens)
        with self.lock:
            if self.max_cost is not None and self.spent + self.reserved + cost > self.max_cost:
                raise OverBudget
            self.reserved += cost
        return cost

    def count_request(self):
        with self.lock:
            self.requests += 1

    def settle(self, reserved, usage):
        """Replaces the reserved cost by the cost of `usage`, as the server reported it; without a
        usable report the reserved cost counts."""
        counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")] \
            if isinstance(usage, dict) else []
        known = len(counts) == 2 and all(type(one) is int and one >= 0 for one in counts)
        with self.lock:
            self.reserved -= reserved
            if known:
                self.tokens_in += counts[0]
                self.tokens_out += counts[1]
            self.unreported += not known
            self.spent += self.cost(*counts) if known else reserved

    def cancel(self, reserved):
        with self.lock:
            self.reserved -= reserved


@dataclass
class Question:
    key: str
    caption: str
    fields: tuple
    prompt: str


class Model:
    """Asks questions, several at a time, and keeps the answers in a cache."""

    def __init__(self, endpoint, questions, cache, account, options):
        self.endpoint, self.questions, self.cache = endpoint, questions, cache
        self.account, self.options = account, options
        self.stop, self.lock = threading.Event(), threading.Lock()
        self.pacer = Pacer(options.requests_per_minute, self.stop)
        self.unavailable_in_succession = 0

    def body(self, messages):
        return json.dumps({"model": self.options.model, "messages": messages, "temperature": 0,
                           "max_tokens": self.options.max_tokens}).encode()

    def request(self, body):
        """Sends one request and returns the response as a JSON object."""
        reserved = self.account.reserve(len(body), self.options.max_tokens)
        usage, billed = None, False
        try:
            self.pacer.wait()
            self.account.count_request()
            status, wait, location, content = self.endpoint.post(body)
            response = read_response(content)
            billed = status == 200
            if status != 200:
                self.refuse(status, wait, location, response, content)
            if response is None:
                raise Unavailable("the response is not a JSON object of sensible size", billed=True)
            usage = response.get("usage")
            return response
        except Unavailable as error:
            billed = error.billed
            raise
        finally:
            if billed:
                self.account.settle(reserved, usage)
            else:
                self.account.cancel(reserved)

    def refuse(self, status, wait, location, response, content):
        """Raises the error that belongs to a status other than 200."""
        error = response.get("error") if response else None
        message = error.get("message") if isinstance(error, dict) else error
        if not isinstance(message, str):
            message = content[:300].decode(errors="replace")
        message = self.endpoint.printable(f"HTTP status {status}: {message}")
        if status in (408, 429) or status >= 500:
            raise Unavailable(message, retry_after(wait))
        if 300 <= status < 400:
            message += self.endpoint.printable(f" (a redirect to {location}, which is not followed;"
                                               " name the final address with --endpoint)")
        if status >= 300:
            raise Stopped(message)
        raise Unavailable(message, billed=True)

    def respond(self, body, key):
        """A response, after retries if they are needed."""
        chance = random.Random(key)
        for retry in range(self.options.retries + 1):
            try:
                response = self.request(body)
            except Unavailable as error:
                if retry == self.options.retries:
                    self.count_unavailable(error)
                    raise
                self.pacer.hold(error.wait)
                backoff = min(self.options.backoff * 2 ** retry, MAX_BACKOFF)
                self.pacer.sleep(backoff * (0.5 + 0.5 * chance.random()))
            else:
                with self.lock:
                    self.unavailable_in_succession = 0
                return response

    def count_unavailable(self, error):
        with self.lock:
            self.unavailable_in_succession += 1
            gone = self.unavailable_in_succession >= MAX_UNAVAILABLE
        if gone:
            raise Stopped(f"no usable response to {MAX_UNAVAILABLE} questions in succession; the "
                          f"last time: {error}") from error

    def ask(self, question):
        """The believed part of the model's answers, and what was wrong with the last answer."""
        messages = [{"role": "user", "content": question.prompt}]
        good, complaints = {}, []
        for _ in range(self.options.attempts):
            fields = [field for field in question.fields if field not in good]
            content = content_of(self.respond(self.body(messages), question.key)) or ""
            content = self.endpoint.without_key(content)
            believed, complaints = self.questions.judge(
                answers.parse(content), question.caption, fields)
            good.update(believed)
            if not complaints:
                self.cache.add(question.key, good)
                break
            messages = messages[:1] + [
                {"role": "assistant", "content": content[:2000]},
                {"role": "user", "content": f"This was refused: {'; '.join(complaints)}. Answer "
                                            "again, with the whole JSON object."}]
        return good, [self.endpoint.printable(complaint) for complaint in complaints]

    def ask_all(self, questions, report):
        """Answers by key. report(question, reason) is called for each question that stays open; the
        reason None means that the budget does not allow it."""
        found = {}
        with ThreadPoolExecutor(self.options.workers) as pool:
            futures = {pool.submit(self.ask, question): question for question in questions}
            try:
                for future in as_completed(futures):
                    question = futures[future]
                    try:
                        found[question.key], complaints = future.result()
                        if complaints:
                            report(question, "refused: " + "; ".join(complaints))
                    except Unavailable as error:
                        report(question, str(error))
                    except OverBudget:
                        report(question, None)
            except BaseException:
                self.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return found


def read_response(content):
    if len(content) > MAX_BODY:
        return None
    try:
        response = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return response if isinstance(response, dict) else None


def content_of(response):
    """The text of a response's first choice, or None."""
    try:
        content = response["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        return None
    return content if isinstance(content, str) else None
