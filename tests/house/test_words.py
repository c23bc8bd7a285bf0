"""House rules of language: the words of docstrings and comments in the package."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "dify"

QUESTION = re.compile(r"\s*(What|Whether|How|Where)\b")
BANNED = re.compile(
    r"\b(is told|are told|is given|are given|goes on|go on|by itself|by themselves|as a rule|the one .{1,40} the other"
    r"|nobody|at work|said|told|begun|theirs|took)\b",
    re.IGNORECASE,
)

# Folders and files that do not follow the rules yet. The list must shrink to nothing.
TO_DO: tuple[str, ...] = (
    "_async/_crew.py",
    "_async/_io.py",
    "_async/connections.py",
    "_async/pool.py",
    "_async/transport.py",
    "_net/aiohttp_client.py",
    "_net/asyncio_backend.py",
    "_net/decompression.py",
    "_net/http.py",
    "_net/sockets.py",
    "_protocol/cursor_pages.py",
    "_protocol/pickling.py",
    "_sync/_io.py",
    "errors.py",
    "testing/builders/error_replies.py",
    "testing/builders/pieces.py",
    "testing/builders/replies/_apps.py",
    "testing/builders/replies/_common.py",
    "testing/builders/replies/_documents.py",
    "testing/builders/replies/_generation.py",
    "testing/builders/replies/_knowledge.py",
    "testing/builders/replies/_runs.py",
    "testing/builders/responses.py",
    "testing/builders/wire.py",
    "testing/emulator/runs/live.py",
    "testing/emulator/runs/pipeline_runs.py",
    "testing/emulator/runs/running.py",
    "testing/emulator/runs/workflow_routes.py",
    "testing/mock/_calls.py",
    "testing/mock/_errors.py",
    "testing/mock/_fitting.py",
    "testing/mock/_generating.py",
    "testing/mock/_knowledge.py",
    "testing/mock/_mock.py",
    "testing/mock/_operations.py",
    "testing/mock/_plans.py",
    "testing/mock/_router.py",
    "testing/mock/_routes.py",
    "testing/script/messages.py",
)


def sources() -> list[Path]:
    """Return the files that are written by hand and follow the rules; `_sync` is generated from `_async`."""
    names = [path.relative_to(PACKAGE).as_posix() for path in sorted(PACKAGE.rglob("*.py"))]
    return [
        PACKAGE / name
        for name in names
        if not name.startswith(TO_DO) and (not name.startswith("_sync/") or name == "_sync/_io.py")
    ]


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Return the docstrings of a file and the strings below its attributes, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Return the comments of a file with their lines."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def without_code(text: str) -> str:
    """Return a docstring without its examples and literals, whose words are data."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    text = re.sub(r"^\s*(>>>|\.\.\.).*(?:\n(?!\s*$|\s*>>>).*)*", "", text, flags=re.MULTILINE)
    return re.sub(r"`[^`]*`|\"[^\"]*\"", "", text)


def test_no_docstring_begins_with_a_question_word():
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {text.strip().splitlines()[0]}"
        for path in sources()
        for line, text in docstrings(path)
        if QUESTION.match(text)
    ]
    assert found == []


@pytest.mark.parametrize("read", [docstrings, comments])
def test_no_docstring_and_no_comment_has_a_banned_word(read):
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {match[0]}"
        for path in sources()
        for line, text in read(path)
        if (match := BANNED.search(without_code(text)))
    ]
    assert found == []


def test_no_name_on_the_list_is_done_or_gone():
    assert [name for name in TO_DO if not (PACKAGE / name).exists()] == []
