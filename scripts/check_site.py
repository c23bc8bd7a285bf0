"""Check the built site in headless Chromium: every page on a desktop and on a phone, and searches.

    python scripts/check_site.py [--pictures FOLDER]

Fails if a page writes errors to the console, requests anything from another host, is wider than a phone, has code that is too
small there, or has a copy button that copies a prompt; or if a search does not find a page, or not first. Build the site first
(scripts/docs.py). Requires Chromium (Debian: `apt-get install chromium`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from _chromium import Chromium
from _generated import ROOT

SITE = ROOT / "site"
SEARCHES = {"wait_indexed": "knowledge", "StreamInterruptedError": "errors", "emulator": "emulator"}
# First results of searches: guides for common words, the reference for names.
FIRST = {
    "stream": "/streaming.html",
    "retry": "/errors.html",
    "timeout": "/errors.html",
    "upload file": "/files-and-audio.html",
    "conversation": "/chat.html",
    "workflow": "/workflows.html",
    "human input": "/human-input.html",
    "knowledge": "/knowledge.html",
    "proxy": "/configuration.html",
    "chat.send": "/reference/app-resources.html",
    "AsyncChatStream": "/reference/streams.html",
}
SMALLEST_CODE = 12  # CSS pixels
TOO_WIDE = "document.documentElement.scrollWidth - window.innerWidth"
CODE_SIZE = (
    "Math.min(...[...document.querySelectorAll('pre code')].map(e => parseFloat(getComputedStyle(e).fontSize)), 99)"
)
# Code that is wider than its block must scroll.
CUT = """[...document.querySelectorAll('pre')].filter(e => e.scrollWidth > e.clientWidth + 1
    && ![e, ...e.querySelectorAll('code')].some(x => ['auto', 'scroll'].includes(getComputedStyle(x).overflowX))).length"""
# The text that copy buttons copy, as the theme reads it; a line must not start with a prompt.
PROMPTS = """[...document.querySelectorAll('.language-console code')].filter(e => {
    e.setAttribute('data-md-copying', '')
    const text = e.innerText
    e.removeAttribute('data-md-copying')
    return /^[$] /m.test(text) || !text.trim()
}).length"""
# The dialog of the search is in a shadow tree.
SHADOWS = "[...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean)"
READY = f"{SHADOWS}.some(r => r.activeElement && r.activeElement.tagName === 'INPUT')"
RESULTS = f"{SHADOWS}.flatMap(r => [...r.querySelectorAll('[role=listbox] a')]).map(a => a.getAttribute('href'))"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without logging."""

    def log_message(self, format: str, *args: object) -> None:
        """Ignore the message."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free local port, and yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def look(browser: Chromium, origin: str, page: str, pictures: Path | None) -> Iterator[str]:
    """Yield the problems of a page at both sizes."""
    name = page.removesuffix(".html").replace("/", "-")
    browser.size(1400, 1000)
    browser.open(f"{origin}/{page}")
    if pictures:
        browser.picture(pictures / f"{name}-wide.png")
    browser.size(390, 844, phone=True)
    browser.wait_for("document.getAnimations().length === 0", 2)
    if pictures:
        browser.picture(pictures / f"{name}-phone.png")
    yield from (f"{page}: {said}" for said in browser.said)
    yield from (f"{page}: asks for {url}" for url in browser.asked if not url.startswith((origin, "data:", "blob:")))
    if (more := browser.ask(TOO_WIDE)) > 0:
        yield f"{page}: {more} pixels wider than a phone"
    if (size := browser.ask(CODE_SIZE)) < SMALLEST_CODE:
        yield f"{page}: code of {size} pixels on a phone"
    if cut := browser.ask(CUT):
        yield f"{page}: {cut} blocks of code are cut on a phone"
    browser.size(1400, 1000)
    if prompts := browser.ask(PROMPTS):
        yield f"{page}: {prompts} copy buttons copy a prompt or nothing"


def search(
    browser: Chromium, origin: str, word: str, page: str, pictures: Path | None, *, first: bool = False
) -> Iterator[str]:
    """Yield the problems of a search: the page is not among the results, or not the first one."""
    browser.size(1400, 1000)
    browser.open(f"{origin}/index.html")
    browser.ask("document.querySelector('.md-search__button').click()")
    browser.wait_for(READY)
    browser.type(word)
    wanted = (
        f"{RESULTS}.slice(0, 1).some(address => new URL(address, location).pathname === '{page}')"
        if first
        else f"{RESULTS}.some(address => address.includes('{page}'))"
    )
    found = browser.wait_for(wanted)
    if pictures:
        browser.picture(pictures / f"search-{word.replace(' ', '-')}.png")
    if not found:
        yield f"a search for {word} does not {'begin with' if first else 'find'} the page {page}: {browser.ask(RESULTS)}"
    yield from (f"search: {said}" for said in browser.said)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, help="a folder for screenshots of every page")
    pictures: Path | None = parser.parse_args().pictures
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    pages = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html") if path.name != "404.html")
    if not pages:
        print("no pages in site/; build it with scripts/docs.py", file=sys.stderr)
        return 1
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder, served(SITE) as origin, Chromium(Path(folder)) as browser:
        for page in pages:
            wrong += look(browser, origin, page, pictures)
        for word, page in SEARCHES.items():
            wrong += search(browser, origin, word, page, pictures)
        for word, page in FIRST.items():
            wrong += search(browser, origin, word, page, pictures, first=True)
    print(*wrong, sep="\n", file=sys.stderr, end="\n" if wrong else "")
    print(f"{len(pages)} pages at two sizes, {len(SEARCHES) + len(FIRST)} searches: {len(wrong)} problems")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
