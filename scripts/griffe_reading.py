"""Adjustments to the way that griffe reads the source for the reference, loaded by the site's configuration.

- An `Example:` is a section of examples, as `Examples:` is, and not an admonition.
- The fields of models, dataclasses and typed dictionaries are a list in the docstring of their class, inherited ones included.
  A heading for each would bury them. Their descriptions are the strings below the fields.
- The aliases for values, such as `Timestamp`, are shown as the types that they stand for.

The extension `dataclasses` must run before this one: it makes the signatures from the fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from griffe import Alias, Attribute, Class, Docstring, Extension, Module, Object

MODELS = "dify.types."
PLAIN = {"Epoch": "datetime", "IsoTime": "datetime", "Money": "Decimal", "Text": "str", "Timestamp": "datetime"}
ALIAS = re.compile(rf"\b({'|'.join(PLAIN)})\b")
SECTION = re.compile(r"^(?:Examples?|Raises):$", re.MULTILINE)


class Examples(Extension):
    """Make every `Example:` of a docstring a section, so that its prompts are shown as code."""

    def on_instance(self, *, obj: Object, **kwargs: Any) -> None:
        """Called with everything that has been read."""
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)


class Fields(Extension):
    """Move the fields of models, dataclasses and typed dictionaries into the docstrings of their classes."""

    def on_package(self, *, pkg: Module, **kwargs: Any) -> None:
        """Called when a package has been read, its aliases resolved."""
        owners = [owner for owner in _classes(pkg) if _has_fields(owner)]
        fields = {owner.path: _fields(owner) for owner in owners}
        for owner in owners:
            if fields[owner.path]:
                text = owner.docstring.value.rstrip() if owner.docstring else ""
                owner.docstring = Docstring(_with_fields(text, fields[owner.path]), parent=owner, parser="google")
        for owner in owners:
            for name in [name for name, member in owner.members.items() if _is_field(name, member)]:
                del owner.members[name]


def _classes(module: Module) -> Iterator[Class]:
    for child in module.modules.values():
        if not child.is_alias:
            yield from _classes(child)
    yield from (one for one in module.classes.values() if isinstance(one, Class))


def _has_fields(owner: Class) -> bool:
    decorators = {decorator.callable_path for decorator in owner.decorators}
    typed_dict = any(str(base).endswith("TypedDict") for base in owner.bases)
    return owner.path.startswith(MODELS) or "dataclasses.dataclass" in decorators or typed_dict


def _fields(owner: Class) -> list[Attribute]:
    found: dict[str, Attribute] = {}
    bases = [base for base in reversed(owner.mro()) if base.path.startswith(MODELS)]
    for cls in [*bases, owner]:
        for name, member in cls.members.items():
            target = member.final_target if isinstance(member, Alias) else member
            if isinstance(target, Attribute) and _is_field(name, target):
                found[name] = target
    return list(found.values())


def _is_field(name: str, member: Object | Alias) -> bool:
    if name.startswith("_") or name == "model_config" or not member.is_attribute:
        return False
    return "property" not in member.labels


def _with_fields(text: str, fields: list[Attribute]) -> str:
    """Put the list of fields before the first example."""
    section = SECTION.search(text)
    end = section.start() if section else len(text)
    listed = "\n".join(_line(field) for field in fields)
    return f"{text[:end].rstrip()}\n\nAttributes:\n{listed}\n\n{text[end:]}".rstrip()


def _line(field: Attribute) -> str:
    text = " ".join(field.docstring.value.split()) if field.docstring else ""
    annotation = ALIAS.sub(lambda match: PLAIN[match[0]], str(field.annotation))
    return f"    {field.name} ({annotation}): {text}"
