"""Checks of the built site: links and anchors have a target, nothing is loaded from other hosts, no name is missing."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}
"""Attribute of the elements whose address a browser loads."""
NOT_LOADED = {"canonical", "alternate", "prev", "next", "edit"}
"""Relations of `link` elements that a browser does not load."""


class Page(HTMLParser):
    """A page of the site.

    Attributes:
        ids: Its anchors.
        links: Targets of its links.
        loads: Addresses that a browser loads for it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the anchor, link or address of an element."""
        attributes = dict(attrs)
        if attributes.get("id"):
            self.ids.add(attributes["id"] or "")
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"] or "")
        address = attributes.get(LOADED.get(tag, ""))
        if address and not (tag == "link" and attributes.get("rel") in NOT_LOADED):
            self.loads.append(address)


def problems(site: Path, names: set[str]) -> list[str]:
    """Return a line for every problem of a site.

    Args:
        site: Folder of the site.
        names: Names that the reference must contain.
    """
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    if not pages:
        return [f"no pages in {site.name}/"]
    found: list[str] = []
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        found += [f"{name}: loads {address} from another host" for address in page.loads if urlsplit(address).netloc]
        if name != "404.html":  # served for addresses of any depth
            found += [f"{name}: no target for the link {link}" for link in lost(path, page.links, pages, site)]
            found += [f"{name}: no such file: {link}" for link in lost(path, page.loads, pages, site)]
    shown = {name for path, page in pages.items() if path.parent.name == "reference" for name in page.ids}
    found += [f"not in the reference: {name}" for name in sorted(names - shown)]
    found += ["llms.txt is missing"] if not (site / "llms.txt").is_file() else []
    return found


def lost(path: Path, links: list[str], pages: dict[Path, Page], site: Path) -> Iterator[str]:
    """Yield links within the site that lead to no file, or to no anchor of a page."""
    for link in links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.is_dir():
            target /= "index.html"
        exists = target.is_file() and target.is_relative_to(site.resolve())
        if not exists or (parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids):
            yield link
