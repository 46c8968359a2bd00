"""A headless Chromium that opens pages and reports what happened in them. Commands go over two pipes, in
Chromium's DevTools protocol (JSON messages that end with a zero byte).
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ["chromium-headless-shell", "chromium", "google-chrome"]
PATIENCE = 60  # seconds; browsers are slow to start on a busy machine


class Failure(Exception):
    """The browser did not do what it was asked to do."""


def why_missing():
    """The reason why no browser starts here, or None if one starts."""
    if not any(map(shutil.which, NAMES)):
        return f"without {NAMES[0]}"
    try:
        with Browser() as browser:
            browser.call("Browser.getVersion")
    except (Failure, OSError) as error:
        return f"the browser does not start: {error}"
    return None


class Browser:
    """A browser with one page at a time, to be used with `with`."""

    def __enter__(self):
        program = next(filter(None, map(shutil.which, NAMES)))
        self.profile = tempfile.TemporaryDirectory()
        to_browser, self.to = os.pipe()
        self.source, from_browser = os.pipe()
        options = ["--remote-debugging-pipe", f"--user-data-dir={self.profile.name}", "--no-first-run",
                   # The root of a container may not make the sandbox, and the pages are the test's own.
                   "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
                   # A page in the background would draw no frames.
                   "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows"]
        if "headless-shell" not in program:
            options.append("--headless=new")
        # The protocol defines that its pipes are descriptors 3 and 4.
        redirect = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        self.process = subprocess.Popen(["sh", "-c", redirect, "sh", program, *options],
                                        pass_fds=(to_browser, from_browser),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.received, self.number, self.session, self.events = b"", 0, None, []
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.to)
        os.close(self.source)
        # The browser's helpers may write for a moment longer.
        self.profile._ignore_cleanup_errors = True
        self.profile.cleanup()

    def call(self, method, **parameters):
        """The result of a command; events that arrive before it are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        try:
            os.write(self.to, json.dumps(message).encode() + b"\0")
        except BrokenPipeError:
            raise Failure("the browser ended") from None
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._receive(deadline)
            if answer.get("id") != self.number:
                self.events.append(answer)
            elif "error" in answer:
                raise Failure(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def _receive(self, deadline):
        while b"\0" not in self.received:
            ready, _, _ = select.select([self.source], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise Failure(f"no answer within {PATIENCE} s")
            piece = os.read(self.source, 1 << 20)
            if not piece:
                raise Failure("the browser ended")
            self.received += piece
        message, _, self.received = self.received.partition(b"\0")
        return json.loads(message)

    def open(self, url, width, scheme, height=900):
        """Opens a page of this width in the color scheme `light` or `dark`, in a tab of its own, and waits
        until it is loaded."""
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.session, self.events = session, []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=False)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.bringToFront")
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + PATIENCE
        while self.evaluate("document.readyState") != "complete" or self.evaluate("location.href") != url:
            if time.monotonic() > deadline:
                raise Failure(f"{url} is not loaded within {PATIENCE} s")
            time.sleep(0.05)
        # After two frames, code that observes sizes has drawn.
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def evaluate(self, expression):
        """The value of a JavaScript expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise Failure(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def complaints(self):
        """The warnings and errors that the page wrote to the console, including exceptions."""
        self.evaluate("1")  # events come in order, so all earlier ones have arrived after this answer
        found = []
        for event in self.events:
            parameters = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(str(parameters["exceptionDetails"]))
            elif event.get("method") == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
                found.append(str(parameters["args"]))
            elif event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                found.append(parameters["entry"]["text"])
        return found

    def requests(self):
        """The addresses that the page asked for, including its own."""
        self.evaluate("1")
        return [event["params"]["request"]["url"] for event in self.events
                if event.get("method") == "Network.requestWillBeSent"]

    def screenshot(self, path):
        """A PNG of the whole page."""
        image = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(image["data"]))
