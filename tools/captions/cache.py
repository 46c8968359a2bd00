"""A model's accepted answers, one JSON object per line, so that no question is paid for twice."""

import fcntl
import hashlib
import json
import threading
from pathlib import Path

from captions import BadInput


def key_of(*parts):
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Cache:
    """Answers by key. A line that a killed run left half written is removed; all others are kept."""

    def __init__(self, path, read_only=False):
        self.path, self.read_only = Path(path), read_only
        self.answers, self.file = {}, None
        self.lock = threading.Lock()

    def __enter__(self):
        if not self.read_only:
            self.file = self.open()
        try:
            self.load()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.file:
            self.file.close()

    def load(self):
        content = self.path.read_bytes() if self.path.exists() else b""
        whole = content[:content.rfind(b"\n") + 1]
        for line, record in enumerate(whole.splitlines(), start=1):
            try:
                fields = json.loads(record)
                self.answers[fields["key"]] = fields["answer"]
            except (ValueError, TypeError, KeyError) as error:
                raise BadInput(f"{self.path} line {line}: not an answer of a model; remove the line, "
                               "or name another file with --cache") from error
        if self.file:
            self.file.truncate(len(whole))

    def open(self):
        try:
            file = self.path.open("ab")
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInput(f"{self.path}: another run is using it; wait for its end, or name "
                           "another file with --cache") from error
        except OSError as error:
            raise BadInput(f"{self.path}: {error.strerror}; name another file with --cache"
                           ) from error
        return file

    def add(self, key, answer):
        record = json.dumps({"key": key, "answer": answer}) + "\n"
        with self.lock:
            self.answers[key] = answer
            self.file.write(record.encode())
            self.file.flush()
