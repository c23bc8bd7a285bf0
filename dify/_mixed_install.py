"""Detection of another package with the name `dify` in the same folder."""

from __future__ import annotations

import os
import warnings

__all__ = ["PUBLIC", "warn_of_other_packages"]

PUBLIC = frozenset({"cli", "errors.py", "py.typed", "streams.py", "testing", "types"})
"""Names in the folder of this package that do not start with an underscore."""


def warn_of_other_packages(folder: str) -> None:
    """Warn if the folder of this package holds files of another one."""
    try:
        foreign = sorted(name for name in os.listdir(folder) if name[0] not in "_." and name not in PUBLIC)
    except OSError:  # in a ZIP file
        return
    if foreign:
        warnings.warn(
            f"{folder} also holds files of another package: {', '.join(foreign[:5])}. Packages such as dify-sdk install a "
            "package of the same name: uninstall them, and reinstall this one",
            RuntimeWarning,
            stacklevel=3,
        )
