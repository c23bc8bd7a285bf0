"""Change the pure modules one operator at a time, and report which changes no test notices.

    python scripts/mutate.py                        all modules of TESTS, as many mutants of each as --limit allows
    python scripts/mutate.py dify/_protocol/retry.py         one module
    python scripts/mutate.py --limit 0              every mutant
    python scripts/mutate.py --seconds 600          stop after ten minutes, and report what has been tried

For each module the tests in TESTS run once for every mutant, in a copy of the repository, with `-x`: a mutant that makes a test
fail is killed, one that passes all of them survives and is printed with its line. Run it by hand: it takes minutes.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parent.parent

_STREAMS = [
    "tests/_async/test_folding.py",
    "tests/_async/test_reconnecting.py",
    "tests/_async/test_reconnecting_into_containers.py",
    "tests/_async/test_failed_runs.py",
    "tests/_async/test_stream_breaks.py",
    "tests/_async/test_forms.py",
    "tests/_async/test_recorded_streams.py",
    "tests/_async/test_recorded_replies.py",
    "tests/testing/builders/test_streams.py",
]
_ERRORS = [
    "tests/test_errors.py",
    "tests/_async/test_error_answers.py",
    "tests/_async/test_bad_answers.py",
    "tests/_async/test_answers_of_others.py",
    "tests/_async/test_refusals.py",
    "tests/_async/test_newer_servers.py",
    "tests/_async/test_audio.py",
]
_PAGES = ["tests/_protocol/test_paging.py", "tests/_async/test_pager.py", "tests/_async/knowledge/test_pages.py"]

TESTS: dict[str, list[str]] = {
    "dify/_protocol/retry.py": ["tests/_protocol/test_retry.py", "tests/_async/test_retries.py"],
    "dify/_streaming/folds.py": ["tests/_streaming/test_folds.py", *_STREAMS],
    "dify/_streaming/reconnect.py": ["tests/_streaming/test_reconnect.py", *_STREAMS],
    "dify/_streaming/interruptions.py": ["tests/_streaming/test_interruptions.py", *_STREAMS],
    "dify/_protocol/paging.py": _PAGES,
    "dify/_streaming/kinds.py": ["tests/_streaming/test_kinds.py", "tests/_streaming/test_decode.py", *_STREAMS],
    "dify/_streaming/decode.py": ["tests/_streaming/test_decode.py", "tests/faults/test_fuzz_streams.py", *_STREAMS],
    "dify/_streaming/sse.py": ["tests/_streaming/test_sse.py", "tests/faults/test_fuzz_streams.py"],
    "dify/_streaming/text.py": ["tests/_streaming/test_text.py", "tests/_async/test_text_stream.py", *_STREAMS],
    "dify/_protocol/download.py": [
        "tests/_protocol/test_download.py",
        "tests/_async/test_downloads.py",
        "tests/_async/test_answers_of_others.py",
        "tests/_async/sockets/test_downloads.py",
        "tests/_async/test_audio.py",
    ],
    "dify/_protocol/json.py": [
        "tests/_protocol",
        "tests/_async/test_bad_answers.py",
        "tests/_async/test_error_answers.py",
    ],
    "dify/_protocol/error_mapping.py": _ERRORS,
    "dify/_protocol/responses.py": _ERRORS,
}
"""The modules, each with the tests that are about it; the nearest tests first."""

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A module with one change."""

    line: int
    change: str
    source: str


def mutants_of(source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    count = sum(1 for _ in _changes(ast.parse(source)))
    for index in range(count):
        tree = ast.parse(source)
        node, change = list(_changes(tree))[index]
        before = ast.unparse(node)
        change()
        ast.fix_missing_locations(tree)
        yield Mutant(getattr(node, "lineno", 0), f"{before}  ->  {ast.unparse(node)}", ast.unparse(tree))


def _changes(tree: ast.AST) -> Iterator[tuple[ast.AST, Change]]:
    """Yield each node that can be changed with what changes it; annotations and docstrings stay."""
    for node in _code(tree):
        match node:
            case ast.Compare(ops=[operator]) if type(operator) in _COMPARISONS:
                yield node, Change(node, "ops", [_COMPARISONS[type(operator)]()])
            case ast.BoolOp(op=ast.And()):
                yield node, Change(node, "op", ast.Or())
            case ast.BoolOp():
                yield node, Change(node, "op", ast.And())
            case ast.BinOp(op=operator) | ast.AugAssign(op=operator) if type(operator) in _OPERATORS:
                yield node, Change(node, "op", _OPERATORS[type(operator)]())
            case ast.UnaryOp(op=ast.Not()):
                yield node, Change(node, "op", ast.UAdd())  # `+x` fails where x is no number, and is true where x is
            case ast.Constant(value=bool() as value):
                yield node, Change(node, "value", not value)
            case ast.Constant(value=int() | float() as value):
                yield node, Change(node, "value", value + 1)
            case ast.Constant(value=str() as value) if value:
                yield node, Change(node, "value", f"{value}-")
            case ast.If() | ast.While() | ast.IfExp():
                yield node, Change(node, "test", ast.UnaryOp(ast.Not(), node.test))
            case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
                yield node, Change(node, "value", ast.Constant(None))
            case ast.Break():
                yield node, Change(node, "__class__", ast.Continue)
            case ast.Continue():
                yield node, Change(node, "__class__", ast.Break)


@dataclass
class Change:
    """A field of a node, and what it becomes."""

    node: ast.AST
    field: str
    value: object

    def __call__(self) -> None:
        setattr(self.node, self.field, self.value)


def _code(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        children = value if isinstance(value, list) else [value]
        if name == "args" and isinstance(node, ast.Call) and ast.unparse(node.func) == "cast":
            children = children[1:]  # the first argument is a type
        for child in children:
            docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            exported = isinstance(child, ast.Assign) and ast.unparse(child.targets[0]) == "__all__"
            if isinstance(child, ast.AST) and not docstring and not exported and not _only_for_types(child):
                yield from _code(child)


def _only_for_types(node: ast.AST) -> bool:
    match node:
        case ast.If(test=test):
            return "TYPE_CHECKING" in ast.unparse(test)
        case ast.Assign(
            value=ast.Subscript(value=ast.Name("Literal")) | ast.Call(func=ast.Name("TypeVar" | "ParamSpec"))
        ):
            return True
        case _:
            return isinstance(node, ast.Raise)  # the words of errors


class Copies:
    """Copies of the repository, one for each process that runs tests."""

    def __init__(self, folder: Path, count: int) -> None:
        self._free: SimpleQueue[Path] = SimpleQueue()
        skipped = shutil.ignore_patterns(
            ".venv", ".git", "site", "__pycache__", ".*_cache", ".hypothesis", ".coverage*"
        )
        for number in range(count):
            copy = folder / str(number)
            shutil.copytree(ROOT, copy, ignore=skipped)
            self._free.put(copy)

    def survives(self, module: str, source: str, tests: list[str]) -> bool:
        """Run the tests with this source in place of the module's."""
        copy = self._free.get()
        target = copy / module
        original = target.read_text(encoding="utf-8")
        target.write_text(source, encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-n",
            "0",
            "-p",
            "no:cacheprovider",
            "--timeout",
            "60",
            *tests,
        ]
        environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=300, check=False)
            return done.returncode == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            target.write_text(original, encoding="utf-8")
            self._free.put(copy)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(TESTS)}")
    parser.add_argument(
        "--limit", type=int, default=40, help="mutants to try of each module, drawn at random; 0 for all"
    )
    parser.add_argument("--seconds", type=float, default=1800, help="time after which no more mutants are tried")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants to try at the same time")
    arguments = parser.parse_args()
    until = time.monotonic() + arguments.seconds
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(arguments.jobs) as threads:
        copies = Copies(Path(folder), arguments.jobs)
        for module in arguments.modules or TESTS:
            tests = TESTS[module]
            source = (ROOT / module).read_text(encoding="utf-8")
            if not copies.survives(module, ast.unparse(ast.parse(source)), tests):
                print(f"{module}: its tests fail without a change")
                return 1
            mutants = list(mutants_of(source))
            count = len(mutants)
            if arguments.limit and count > arguments.limit:
                mutants = random.Random(module).sample(mutants, arguments.limit)

            def alive(mutant: Mutant, module: str = module, tests: list[str] = tests) -> bool | None:
                return None if time.monotonic() > until else copies.survives(module, mutant.source, tests)

            results = list(zip(mutants, threads.map(alive, mutants), strict=True))
            tried = [(mutant, survived) for mutant, survived in results if survived is not None]
            survivors = sorted((mutant for mutant, survived in tried if survived), key=lambda mutant: mutant.line)
            share = f", {100 * (len(tried) - len(survivors)) / len(tried):.0f} %" if tried else ""
            print(
                f"{module}: {len(tried) - len(survivors)} of {len(tried)} killed{share} ({count} mutants)", flush=True
            )
            for mutant in survivors:
                print(f"  line {mutant.line}: {mutant.change[:150]}".replace("\n", " "), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
