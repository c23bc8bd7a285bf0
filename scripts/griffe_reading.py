"""How the reference reads the source. Loaded by the site's configuration, as extensions of griffe.

- An `Example:` is a section of examples, as `Examples:` is, and no boxed remark.
- The fields of a model are a list in its docstring, with those it inherits: a heading for each would bury them.
"""

from __future__ import annotations

import re
from typing import Any

from griffe import Alias, Attribute, Class, Docstring, Extension, Module, Object

MODELS = "dify.types."


class Examples(Extension):
    """Make every `Example:` of a docstring a section, so that its prompts are shown as code."""

    def on_instance(self, *, obj: Object, **kwargs: Any) -> None:
        """Called with everything that has been read."""
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)


class Fields(Extension):
    """Move the fields of models into their docstrings."""

    def on_package(self, *, pkg: Module, **kwargs: Any) -> None:
        """Called when a package has been read, its aliases resolved."""
        models = list(_models(pkg))
        fields = {model.path: _fields(model) for model in models}
        for model in models:
            if fields[model.path]:
                words = model.docstring.value.rstrip() if model.docstring else ""
                listed = "\n".join(_line(field) for field in fields[model.path])
                model.docstring = Docstring(f"{words}\n\nAttributes:\n{listed}", parent=model, parser="google")
        for model in models:
            for name in [name for name, member in model.members.items() if member.is_attribute and _is_field(name)]:
                if "property" not in model.members[name].labels:
                    del model.members[name]


def _models(pkg: Module) -> list[Class]:
    modules = [module for module in pkg.modules["types"].modules.values() if not module.is_alias]
    return [one for module in modules for one in module.classes.values() if isinstance(one, Class)]


def _fields(model: Class) -> list[Attribute]:
    found: dict[str, Attribute] = {}
    bases = [base for base in reversed(model.mro()) if base.path.startswith(MODELS)]
    for owner in [*bases, model]:
        for name, member in owner.members.items():
            target = member.final_target if isinstance(member, Alias) else member
            if isinstance(target, Attribute) and _is_field(name) and "property" not in target.labels:
                found[name] = target
    return list(found.values())


def _is_field(name: str) -> bool:
    return not name.startswith("_") and name != "model_config"


def _line(field: Attribute) -> str:
    words = " ".join(field.docstring.value.split()) if field.docstring else ""
    return f"    {field.name} ({field.annotation}): {words}"
