"""The download faults of the catalogue: whatever the server names or sends, a file lands whole in its folder, or nowhere."""

from __future__ import annotations

import zipfile
from collections.abc import Awaitable, Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from dify import AsyncDify, Dify, DifyError

from .support import Faults, fault_server

NAMES = [
    "dl-traversal", "dl-traversal-star", "dl-backslash", "dl-absolute", "dl-drive", "dl-nul", "dl-dotfile", "dl-reserved",
    "dl-dot", "dl-empty-name", "dl-long-name", "dl-rtl-override", "dl-two-names", "dl-no-disposition", "dl-zip-slip",
]  # fmt: skip

Download = Callable[[str, Path | None], Awaitable[Any]]
"""Downloads from a base URL: to a folder, or, without one, whole into memory."""


@pytest.fixture(scope="module")
def faults() -> Iterator[Faults]:
    with fault_server() as server:
        yield server


@pytest.fixture(scope="module")
def urls(faults: Faults) -> dict[str, str]:
    return {fault["name"]: fault["base_url"] for fault in faults.catalogue("download")}


@pytest.fixture(params=["file", "zip of documents"])
def what(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def settings(url: str) -> dict[str, Any]:
    return {"base_url": url, "api_key": "app-test-key", "knowledge_api_key": "dataset-test-key", "user": "alice"}


def opened(client: Any, what: str) -> Any:
    if what == "file":
        return client.files.download("file-1")
    return client.knowledge.documents.download_zip("base-1", ["doc-1"])


@pytest.fixture(params=["async", "sync"])
def download(request: pytest.FixtureRequest, what: str) -> Download:
    async def waiting(url: str, folder: Path | None) -> Any:
        async with AsyncDify(**settings(url)) as client:
            bytes_ = opened(client, what)
            return await (bytes_.read() if folder is None else bytes_.save(folder, overwrite=True))

    async def blocking(url: str, folder: Path | None) -> Any:
        with Dify(**settings(url)) as client:
            bytes_ = opened(client, what)
            return bytes_.read() if folder is None else bytes_.save(folder, overwrite=True)

    return waiting if request.param == "async" else blocking


def test_these_are_the_download_faults_of_the_catalogue(urls: dict[str, str]) -> None:
    assert sorted(urls) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
async def test_saved_to_a_folder_the_file_lies_whole_in_it_and_nothing_else_anywhere(
    name: str, urls: dict[str, str], download: Download, tmp_path: Path
) -> None:
    folder = tmp_path / "outer" / "inner" / "folder"
    folder.mkdir(parents=True)
    saved = await download(urls[name], folder)
    assert saved.parent == folder
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == [saved]
    assert not saved.is_symlink()
    assert not Path("/tmp/evil.txt").exists()
    assert saved.name.isprintable()
    assert not saved.name.startswith(".")
    assert len(saved.name.encode()) < 256
    assert saved.stem.upper() != "CON"
    assert not set(saved.name) & set('/\\<>:"|?*')
    assert saved.stat().st_mode & 0o111 == 0
    if name != "dl-zip-slip":
        assert saved.read_bytes() == b"PAYLOAD"


@pytest.mark.parametrize("name", NAMES)
async def test_saved_to_a_file_the_servers_name_is_of_no_interest(
    name: str, urls: dict[str, str], download: Download, tmp_path: Path
) -> None:
    target = tmp_path / "mine.bin"
    assert await download(urls[name], target) == target
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", NAMES)
async def test_read_whole_nothing_touches_the_disk(
    name: str, urls: dict[str, str], download: Download, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = await download(urls[name], None)
    assert list(tmp_path.iterdir()) == []
    if name != "dl-zip-slip":
        assert content == b"PAYLOAD"


async def test_a_zip_is_kept_as_it_is_and_never_unpacked(
    urls: dict[str, str], download: Download, tmp_path: Path
) -> None:
    saved = await download(urls["dl-zip-slip"], tmp_path)
    assert saved.name == "docs.zip"
    assert list(tmp_path.iterdir()) == [saved]
    with zipfile.ZipFile(BytesIO(saved.read_bytes())) as content:
        assert content.namelist() == ["../../evil.txt", "/abs.txt", "ok.txt", "link"]


@pytest.mark.parametrize(
    "fault", ["cl-cut", "cl-rst", "chunked-cut", "gzip-truncated", "gzip-corrupt", "unknown-encoding"]
)
async def test_a_download_that_breaks_off_leaves_nothing_behind_and_what_was_there_alone(
    fault: str, faults: Faults, download: Download, tmp_path: Path
) -> None:
    target = tmp_path / "mine.bin"
    target.write_bytes(b"from before")
    with pytest.raises(DifyError):
        await download(f"{faults.base}/f/{fault}/v1", target)
    assert list(tmp_path.iterdir()) == [target]
    assert target.read_bytes() == b"from before"
