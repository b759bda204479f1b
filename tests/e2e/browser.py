"""The system's Chromium, a `retrain ui` to look at with it, and an eye on what no page of ours may do."""

import contextlib
import re
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Error, sync_playwright

from tests.e2e.conftest import RETRAIN, ROOT, environment

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: As on a laptop, and as on a small phone.
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 380, "height": 800}

#: Every text that can be seen, with the contrast to what is behind it, if that is less than WCAG 2.1 AA asks for (4.5, large text 3).
FAINT = """() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = parts => {
    const [r, g, b] = parts.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = node => {
    for (; node; node = node.parentElement) {
      const parts = rgb(getComputedStyle(node).backgroundColor);
      if (parts.length === 3 || parts[3] === 1) return parts;
    }
    return canvas;
  };
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.backgroundColor = "Canvas";
  const canvas = rgb(getComputedStyle(probe).backgroundColor);
  probe.remove();
  const found = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), node = walk.currentNode.parentElement;
    if (!text || node.closest("script, style, noscript, title, desc, option, datalist") || !node.checkVisibility()) continue;
    const style = getComputedStyle(node), size = parseFloat(style.fontSize);
    const front = rgb(node.closest("svg") ? style.fill : style.color).slice(0, 3);
    const [low, high] = [light(front), light(behind(node).slice(0, 3))].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) found.add(`${ratio.toFixed(2)}: ${text.slice(0, 60)}`);
  }
  return [...found];
}"""

#: What has the focus, and whether a person sees that.
FOCUSED = """() => {
  const node = document.activeElement, style = getComputedStyle(node), box = node.getBoundingClientRect();
  const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")];
  return {
    place: all.filter(n => n.checkVisibility()).indexOf(node),
    tag: node.tagName.toLowerCase(),
    text: (node.innerText || node.getAttribute("aria-label") || node.name || "").trim(),
    ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
    inside: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""


#: The system's Chromium; None without one.
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
#: For a whole file: when a fixture skips, the runs that others need have been made already.
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)"
)


@contextlib.contextmanager
def launched():
    """The browser, without a window."""
    with sync_playwright() as playwright:
        # Root, as in a container, may have no sandbox.
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@dataclass
class Site:
    """A `retrain ui` at work.

    Attributes:
        first: the address that it printed, with the token.
    """

    folder: Path
    first: str

    @property
    def origin(self):
        return self.first.partition("/?")[0]

    @property
    def workspace(self):
        return self.folder / ".retrain"


@contextlib.contextmanager
def served(config):
    """Runs `retrain ui` for a while."""
    with subprocess.Popen(
        [*RETRAIN, "ui", str(config), "--port", "0"], cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            said = ""
            while not (address := re.search(r"open (http://\S+)", said)):
                line = process.stderr.readline()
                assert line, said
                said += line
            yield Site(config.parent, address[1])
        finally:
            process.terminate()


@dataclass
class Watch:
    """What a page did that it must not: ask others, complain, or open a dialog."""

    own: str
    problems: list = field(default_factory=list)

    def over(self, context):
        """Watches all pages of a browser context."""
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", lambda e: self.problems.append(f"error: {e.error}"))
        context.on("page", lambda page: page.on("dialog", self._dialog))

    def _request(self, request):
        if not request.url.startswith(self.own):
            self.problems.append(f"request: {request.url}")

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")

    def _dialog(self, dialog):
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@contextlib.contextmanager
def watched(browser, own, first=None, **options):
    """A page of a fresh context. At the end nothing may have gone wrong on it.

    Args:
        own: how the addresses begin that it may ask.
        first: an address to open before, to get the cookie of it.
    """
    context = browser.new_context(**{"viewport": DESKTOP, **options})
    try:
        watch = Watch(own)
        watch.over(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        if first:
            page.goto(first)
        yield page
        assert watch.problems == []
    finally:
        context.close()


#: The states of the stages on the page of a run at work; null on that of one that has ended.
STAGES = "document.querySelector('#live') && [...document.querySelectorAll('.flow li')].map(n => n.className)"


def followed(page, seconds):
    """Looks at the page of a run at work until it has ended: the states of its stages, look by look.

    Args:
        seconds: how long it may take.
    """
    frames, until = [], time.monotonic() + seconds
    while not frames or frames[-1] is not None:
        assert time.monotonic() < until, frames[-1:]
        # At the verdict the page loads itself again: asked in that moment, it has no answer.
        with contextlib.suppress(Error):
            frames.append(page.evaluate(STAGES))
        page.wait_for_timeout(200)
    page.wait_for_load_state()
    return frames[:-1]


def tab_to(page, text, most=60):
    """Presses Tab until what has the focus says so."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED)["text"] == text:
            return
    raise AssertionError(f"Tab does not reach {text}")


def unfold(page):
    """Opens all that is folded."""
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
