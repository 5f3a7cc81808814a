"""What a run's numbers depend on besides its configuration: versions of software, and which weights and data it read."""

import platform
from importlib.metadata import PackageNotFoundError, version

from pydantic import Field

from opdboard.domain.frozen import Frozen

PACKAGES = ("opdboard", "torch", "transformers", "tokenizers", "datasets", "math-verify", "vllm", "trl", "verl")
"""Those of them that are installed are told."""


class Provenance(Frozen):
    """All of it as texts, by name."""

    software: dict[str, str] = Field(default={}, description="Versions: python, packages, cuda and the driver.")
    models: dict[str, str] = Field(
        default={},
        description="The field that names a model -> the commit of a hub model, or the SHA-256 of the files that were loaded.",
    )
    files: dict[str, str] = Field(
        default={}, description="Data file, or verifier -> SHA-256 of its bytes; data set of the hub -> its commit."
    )

    def flat(self) -> dict[str, str]:
        """Every text by its path: 'software.torch'."""
        parts: dict[str, dict[str, str]] = {name: getattr(self, name) for name in Provenance.model_fields}
        return {f"{part}.{name}": value for part, values in parts.items() for name, value in values.items()}


def installed() -> dict[str, str]:
    """Versions of Python and of PACKAGES; none of them is imported."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def changes(before: Provenance, after: Provenance) -> list[str]:
    """What is not the same, in words: 'torch 2.13.0 instead of 2.12.1'."""
    old, new = before.flat(), after.flat()
    return [
        f"{path.split('.', 1)[1]} {new.get(path, 'absent')} instead of {old.get(path, 'absent')}"
        for path in dict.fromkeys([*old, *new])
        if old.get(path) != new.get(path)
    ]
