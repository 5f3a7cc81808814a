"""Every causal language model family of the installed transformers on its way through all that depends on names.

    python benchmarks/families.py [FAMILY ...] [--write docs/families.md]

A tiny random model of each family (tests/support/families.py) is scored, trained for two steps, saved, read back by the
names in memory as a resume does, and opened as an import does, whose matrices must equal the live ones by name and bit for
bit; and it is tried whether what it samples has the log-probabilities of a plain pass. The table goes to stdout, and into a file where --write names one.
"""

import argparse
import sys
import tempfile
import warnings
from pathlib import Path

import torch
import transformers

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.families import FAMILIES, NOT_TINY, tiny_family
from support.whole_path import STAGES, stages

from opdboard.domain.errors import ModelProblem
from opdboard_worker.models.demo import build_tokenizer
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.training.agreement import tried_policy

LONGEST = 48
"""Tokens of a sequence, beyond the windows of the tiny models."""

_HEAD = """# Families

Made by `benchmarks/families.py` with transformers {version}: a tiny random model of every causal language model family, scored
by the trainer's own head, trained for two steps, saved, read back as a resume does (equal bit for bit), and opened as an import
does (equal matrices by name). *renamed*: saving gives tensors other names or takes them apart. *sampling*: with a cache or
without one, whichever gives the log-probabilities of a plain pass, or by how much neither does. Shares are those of the tiny
models: of the parameters in blocks, and of all; tables of positions, states and routers weigh more there than in real ones.

| family | score | two steps | save | resume | import | live modules | share of blocks | share of all | sampling |
|---|---|---|---|---|---|---|---|---|---|
"""


def row(family: str) -> str:
    """One line of the table."""
    found: dict[str, str] = {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            for stage, told in stages(tiny_family(family), Path(folder)):
                found[stage] = told
    except Exception as error:  # whatever a family raises is its row
        stage = next(stage for stage in STAGES if stage not in found)
        found[stage] = _in_cell(str(error) or type(error).__name__)
    cells = [found.get(stage, "") for stage in STAGES]
    return f"| {family} | {' | '.join(cells)} |{' | |' if 'modules' not in found else ''} {sampling(family)} |"


def sampling(family: str) -> str:
    """How the family samples what it scores."""
    model = tiny_family(family)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1 and parameter.is_floating_point():
                parameter.mul_(4)  # so that what came before tells
    try:
        policy = tried_policy(LoadedModel(model, build_tokenizer(), "tiny"), torch.device("cpu"), "float32", LONGEST)
    except ModelProblem as problem:
        found = problem.detail.partition(" lengths, ")[2].partition(", so that")[0]
        return f"refused: {_in_cell(found)}" if found else ""  # not even scored
    return "cached" if policy.cached else "without a cache"


def _in_cell(words: str) -> str:
    return words.splitlines()[0].split("; ")[0].replace("|", "/")[:150]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", nargs="*")
    parser.add_argument("--write", type=Path)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    lines = []
    for family in wanted.family or FAMILIES:
        if family not in NOT_TINY:
            lines.append(row(family))
            print(lines[-1], flush=True)
    missing = "\n".join(f"- {family}: {why}" for family, why in NOT_TINY.items())
    if wanted.write is not None:
        head = _HEAD.format(version=transformers.__version__)
        wanted.write.write_text(head + "\n".join(lines) + f"\n\nNot made tiny by the rule:\n\n{missing}\n")


if __name__ == "__main__":
    main()
