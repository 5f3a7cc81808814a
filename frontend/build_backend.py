"""The build backend: setuptools, preceded by the build of the browser UI. `pip install .` calls the hooks below."""

import shutil
from pathlib import Path
from typing import Any

from build_ui import build_ui
from setuptools import build_meta
from setuptools.build_meta import (
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)
from setuptools.command.sdist import sdist

__all__ = [
    "Sdist",
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

HERE = Path(__file__).resolve().parent
SCRATCH = HERE.parent / "build"


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    """A wheel with the built UI inside; setuptools' scratch copy is removed, or a later wheel would inherit from it."""
    build_ui()
    shutil.rmtree(SCRATCH, ignore_errors=True)
    try:
        return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)


def build_editable(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    """An editable install; the UI is built where the package looks for it."""
    build_ui()
    return build_meta.build_editable(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    """A source archive that needs no Node any more."""
    build_ui()
    return build_meta.build_sdist(sdist_directory, config_settings)


class Sdist(sdist):
    """setuptools' sdist, which does not know that these files are needed to build from it."""

    def make_distribution(self) -> None:  # pyright: ignore[reportImplicitOverride]  # no package but setuptools is here yet
        """Add them to what an sdist holds anyway."""
        self.filelist.extend(f"{HERE.name}/{name}" for name in ("build_backend.py", "build_ui.py"))
        super().make_distribution()
