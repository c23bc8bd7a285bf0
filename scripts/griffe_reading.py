"""A griffe extension for the reference, loaded by zensical.toml.

- An `Example:` section of a docstring is shown like `Examples:`, not as an admonition.
- Fields of models, dataclasses and typed dictionaries, including inherited ones, become a list in the docstring of their class
  instead of a heading each. Their descriptions are the strings below the fields.
- Keyword arguments written as `**options: Unpack[ClientOptions]` are listed one by one.
- Aliases of values, such as `Timestamp`, are replaced by the types that they stand for.

The extension `dataclasses` must run before this one, because it creates signatures from the fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from griffe import (
    Alias,
    Attribute,
    Class,
    Docstring,
    ExprSubscript,
    Extension,
    Function,
    Module,
    Object,
    Parameter,
    ParameterKind,
)

MODELS = "dify.types."
PLAIN = {"Epoch": "datetime", "IsoTime": "datetime", "Money": "Decimal", "Text": "str", "Timestamp": "datetime"}
ALIAS = re.compile(rf"\b({'|'.join(PLAIN)})\b")
SECTION = re.compile(r"^(?:Examples?|Raises):$", re.MULTILINE)


class Examples(Extension):
    """Rename every `Example:` section to `Examples:`, so that its prompts are shown as code."""

    def on_instance(self, *, obj: Object, **kwargs: Any) -> None:
        """Rename the section in the docstring of an object."""
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)


class Fields(Extension):
    """Move the fields of models, dataclasses and typed dictionaries into the docstrings of their classes."""

    def on_package(self, *, pkg: Module, **kwargs: Any) -> None:
        """Move the fields of all classes of a package."""
        for function in _functions(pkg):
            _unpack_keywords(function)
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
    yield from (cls for cls in module.classes.values() if isinstance(cls, Class))


def _functions(module: Module) -> Iterator[Function]:
    for owner in [module, *_classes(module)]:
        yield from (function for function in owner.functions.values() if isinstance(function, Function))
    for child in module.modules.values():
        if not child.is_alias:
            yield from (function for function in child.functions.values() if isinstance(function, Function))


def _unpack_keywords(function: Function) -> None:
    """Replace `**options: Unpack[...]` by the fields of the typed dictionary, unless the docstring describes `options`."""
    for keywords in [parameter for parameter in function.parameters if parameter.kind is ParameterKind.var_keyword]:
        annotation = keywords.annotation
        described = function.docstring is not None and f"{keywords.name}:" in function.docstring.value
        if isinstance(annotation, ExprSubscript) and str(annotation.left) == "Unpack" and not described:
            owner = function.modules_collection[annotation.slice.canonical_path]
            fields = {name: field for cls in [*reversed(owner.mro()), owner] for name, field in cls.attributes.items()}
            del function.parameters[keywords.name]
            for name, field in fields.items():
                if name not in function.parameters:
                    function.parameters.add(
                        Parameter(name, annotation=field.annotation, kind=ParameterKind.keyword_only, default="...")
                    )


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
    """Return a docstring with the list of fields before its first example."""
    section = SECTION.search(text)
    end = section.start() if section else len(text)
    listed = "\n".join(_line(field) for field in fields)
    return f"{text[:end].rstrip()}\n\nAttributes:\n{listed}\n\n{text[end:]}".rstrip()


def _line(field: Attribute) -> str:
    text = " ".join(field.docstring.value.split()) if field.docstring else ""
    annotation = ALIAS.sub(lambda match: PLAIN[match[0]], str(field.annotation))
    return f"    {field.name} ({annotation}): {text}"
