"""House rules of descriptions: every field of a public class has one, the string below it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import dify
import dify.testing

from ..support.public_face import public_classes

PACKAGE = Path(dify.__file__).parent
TYPES = sorted((PACKAGE / "types").glob("*.py"))
CLIENT = set(public_classes())
TEST_KIT = set(dify.testing.__all__)


def classes_of(path: Path) -> Iterator[ast.ClassDef]:
    yield from (node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef))


def classes_with_fields() -> Iterator[tuple[str, ast.ClassDef]]:
    """Every model, and every public dataclass and typed dictionary, with the name of its file."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for cls in classes_of(path):
            marks = " ".join(ast.unparse(node) for node in [*cls.decorator_list, *cls.bases])
            if (path in TYPES and not cls.name.startswith("_")) or (
                cls.name in (TEST_KIT if "testing" in path.parts else CLIENT)
                and re.search(r"\b(dataclass|TypedDict|\w*Model)\b", marks)
            ):
                yield path.relative_to(PACKAGE).as_posix(), cls


def fields_of(cls: ast.ClassDef) -> Iterator[tuple[str, str | None]]:
    """The fields of a class with their descriptions."""
    for number, node in enumerate(cls.body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and not node.target.id.startswith("_"):
            below = cls.body[number + 1] if number + 1 < len(cls.body) else None
            yield node.target.id, text_of(below) if below else None


def text_of(node: ast.stmt) -> str | None:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text
        case _:
            return None


FIELDS = {f"{path}: {cls.name}.{name}": text for path, cls in classes_with_fields() for name, text in fields_of(cls)}


def test_the_walk_finds_the_models_the_options_and_the_builders():
    found = {key.partition(": ")[2] for key in FIELDS}
    assert {
        "Message.answer",
        "HTTPInfo.status",
        "RequestOptions.timeout",
        "ResponseLimits.frame",
        "Node.title",
    } <= found
    assert len(FIELDS) > 1_000


def test_every_field_of_a_public_class_has_a_description():
    assert [field for field, text in FIELDS.items() if not (text or "").strip()] == []


def test_a_description_is_a_sentence_that_says_more_than_the_name():
    def is_filler(field: str, text: str) -> bool:
        words = re.findall(r"\w+", text.lower())
        return set(words) <= {"the", "a", "an", "of", "this", "its", *field.rpartition(".")[2].lower().split("_")}

    assert [field for field, text in FIELDS.items() if not (text or "").strip().endswith(".")] == []
    assert [field for field, text in FIELDS.items() if is_filler(field, text or "")] == []


def test_no_class_lists_its_fields_a_second_time_in_its_docstring():
    twice = [
        f"{path}: {cls.name}"
        for path, cls in classes_with_fields()
        if re.search(r"^Attributes:$", ast.get_docstring(cls) or "", re.MULTILINE)
    ]
    assert twice == []


def test_no_docstring_of_the_types_begins_with_a_question_word():
    found = [
        f"{path.name}:{node.lineno}: {text.strip().splitlines()[0]}"
        for path in TYPES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.stmt) and (text := text_of(node)) and re.match(r"\s*(What|Whether|How|Where)\b", text)
    ]
    assert found == []
