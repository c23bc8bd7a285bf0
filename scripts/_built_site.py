"""What must hold for the built site: links and anchors lead somewhere, nothing is loaded from elsewhere, no name is missing."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADING = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}
LINKS_ONLY = {"canonical", "alternate", "prev", "next", "edit"}


class Page(HTMLParser):
    """The anchors of a page, where its links lead, and what a browser loads for it."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called with every tag."""
        given = dict(attrs)
        if given.get("id"):
            self.ids.add(given["id"] or "")
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        address = given.get(LOADING.get(tag, ""))
        if address and not (tag == "link" and given.get("rel") in LINKS_ONLY):
            self.loads.append(address)


def problems(site: Path, names: set[str]) -> list[str]:
    """Everything that is wrong with a site."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    if not pages:
        return [f"there is no site in {site.name}/"]
    wrong: list[str] = []
    for path, page in pages.items():
        where = path.relative_to(site).as_posix()
        wrong += [f"{where}: loads {address}" for address in page.loads if urlsplit(address).netloc]
        if where != "404.html":  # it is shown for addresses of any depth
            wrong += [f"{where}: {link} leads nowhere" for link in lost(path, page.links, pages, site)]
            wrong += [f"{where}: {link} is not there" for link in lost(path, page.loads, pages, site)]
    shown = {name for path, page in pages.items() if path.parent.name == "reference" for name in page.ids}
    wrong += [f"the reference misses {name}" for name in sorted(names - shown)]
    wrong += ["llms.txt is missing"] if not (site / "llms.txt").is_file() else []
    return wrong


def lost(path: Path, links: list[str], pages: dict[Path, Page], site: Path) -> Iterator[str]:
    """Links within the site that lead to no file, or to no anchor of it."""
    for link in links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.is_dir():
            target /= "index.html"
        found = target.is_file() and target.is_relative_to(site.resolve())
        if not found or (parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids):
            yield link
