"""Uploads and downloads with progress bars, and downloads to standard output."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from dify import Dify
from dify.cli.command import Context
from dify.cli.exits import CommandError
from dify.cli.output import Output
from dify.cli.session import Session
from dify.cli.terminal.screen import Screen
from dify.cli.transfers import ProgressFile, save_download, upload_bars
from dify.testing import Emulator

Invoke = Callable[..., Any]


class LiveScreen(Screen):
    """A screen on a terminal whose content is in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.live = True
        self.shown = io.StringIO()
        self.console = Console(file=self.shown, force_terminal=True, width=400)


def test_bars_follow_each_file_and_all_of_them(tmp_path: Path) -> None:
    files = [tmp_path / "one.txt", tmp_path / "gone.txt"]
    files[0].write_bytes(b"12345")
    screen = LiveScreen()
    with upload_bars(screen, files) as bars:
        update, gone = bars.begin(files[0]), bars.begin(files[1])
        with ProgressFile(files[0], update) as file:
            assert file.read() == b"12345"
            file.seek(0)
            assert file.read(2) == b"12"
        gone(0)
        bars.failed(files[1], "it is \x1b[31mgone")
        bars.end(files[0])
        bars.end(files[1])
        update(5)  # too late
    shown = screen.shown.getvalue()
    assert "2 files" in shown
    assert "one.txt" in shown
    assert f"{files[1]}: it is �[31mgone" in re.sub(r"\x1b\[[0-9;]*m", "", shown)


def test_a_single_file_has_one_bar(tmp_path: Path) -> None:
    path = tmp_path / "one.txt"
    path.write_bytes(b"1")
    screen = LiveScreen()
    with upload_bars(screen, [path]) as bars:
        bars.begin(path)(1)
        bars.end(path)
    assert "files" not in screen.shown.getvalue()


def test_without_a_terminal_there_are_notes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with upload_bars(Screen(verbose=True), [tmp_path / "a", tmp_path / "b"]) as bars:
        bars.begin(tmp_path / "a")(1)
        bars.end(tmp_path / "a")
        bars.failed(tmp_path / "b", "gone")
    assert capsys.readouterr().err == f"sent {tmp_path / 'a'}\nError: {tmp_path / 'b'}: gone\n"


async def test_a_download_has_a_bar_on_a_terminal(tmp_path: Path) -> None:
    screen = LiveScreen()
    async with Emulator() as emulator, emulator.client(user="cli") as client:
        photo = await client.files.upload(("cat.png", b"meow"))
        await client.chat.send("What is this?", files=[photo])
        ctx = Context(Session("download"), client, screen, Output(screen, as_json=False), False, False)
        await save_download(ctx, client.files.download(photo.id), tmp_path, overwrite=False)
        with pytest.raises(CommandError, match=r"cannot write .*: there is no directory"):
            await save_download(ctx, client.files.download(photo.id), tmp_path / "no" / "cat.png", overwrite=False)
    [saved] = tmp_path.iterdir()
    assert saved.read_bytes() == b"meow"
    assert "download" in screen.shown.getvalue()


def test_a_download_goes_to_standard_output_as_it_is(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Emulator().serve() as base_url, Dify("app-x", base_url=base_url, user="cli") as client:
        photo = client.files.upload(("cat.bin", b"\x00meow\xff"))
        client.chat.send("What is this?", files=[photo])
        result = invoke("download", photo.id, "--out", "-", base_url=base_url)
    assert (result.exit_code, result.stdout_bytes) == (0, b"\x00meow\xff")


async def test_a_file_that_appears_during_the_download_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen, out = Screen(), tmp_path / "cat.png"

    def link(source: Path, target: Path) -> None:
        target.write_bytes(b"another")
        raise FileExistsError(17, "File exists")

    def no_links(source: Path, target: Path) -> None:
        raise OSError(1, "Operation not permitted")

    async with Emulator() as emulator, emulator.client(user="cli") as client:
        photo = await client.files.upload(("cat.png", b"meow"))
        await client.chat.send("What is this?", files=[photo])
        ctx = Context(Session("download"), client, screen, Output(screen, as_json=False), False, False)
        monkeypatch.setattr("dify.cli.transfers.os.link", link)
        with pytest.raises(CommandError, match="exists; pass --overwrite"):
            await save_download(ctx, client.files.download(photo.id), out, overwrite=False)
        assert out.read_bytes() == b"another"
        out.unlink()
        monkeypatch.setattr("dify.cli.transfers.os.link", no_links)
        await save_download(ctx, client.files.download(photo.id), out, overwrite=False)
        assert out.read_bytes() == b"meow"


def test_a_mistake_in_an_upload_is_not_hidden(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"1")

    def broken(*_: object) -> None:
        raise KeyError("a mistake")

    monkeypatch.setattr("dify.cli.transfers.ProgressFile", broken)
    with Emulator().serve() as base_url, pytest.raises(KeyError):
        invoke("upload", str(path), base_url=base_url)
