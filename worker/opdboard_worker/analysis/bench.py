"""A student that takes on changed weights for a while, and the prompts on which all of them are scored alike.

Every set of weights answers the same prompts with the same random numbers (docs/decisions/0002): scores differ by the
weights alone, and are compared prompt by prompt.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import torch
from torch import Tensor

from opdboard.domain.interventions import Evaluation
from opdboard.domain.objectives import FullVocabulary
from opdboard.domain.optimizer import AllWeights
from opdboard.domain.run_config import RunConfig
from opdboard.settings import Settings
from opdboard_worker.core.interventions import Update, whole_norm
from opdboard_worker.data.examples import Example
from opdboard_worker.models.loading import RunFolder, load, weights_like
from opdboard_worker.models.matrices import matrices_of
from opdboard_worker.models.pair import eos_token_ids
from opdboard_worker.training.agreement import tried_policy
from opdboard_worker.training.assembly import device_of, fitting_examples
from opdboard_worker.training.probe import Answers, Scorer
from opdboard_worker.training.ranks import Alone
from opdboard_worker.training.reading import prompt_builder
from opdboard_worker.training.teaching import teacher_and_reference


@dataclass(frozen=True)
class Scored:
    """What a set of weights scored: means over the samples of each prompt, by measure; norm: ||W - W_0||_F."""

    norm: float
    per_prompt: Mapping[str, Tensor]
    """'accuracy' of the prompts with an answer, and with a teacher that tells whole distributions 'reverse_kl' [nats/token]
    of all of them; (N,), float64. A measure that there is nothing of is left out."""


class Bench:
    """Stands at W_0 whenever nobody asks for anything else. Beside the live student it keeps W_0 alone."""

    def __init__(self, scorer: Scorer, examples: Sequence[Example], evaluation: Evaluation) -> None:
        """scorer: its student at W_0; examples: the prompts."""
        self.scorer = scorer
        self.examples = examples
        self._evaluation = evaluation
        self._live = {name: one for name, one in scorer.student.model.named_parameters() if one.is_floating_point()}
        self.base = {name: parameter.detach().clone() for name, parameter in self._live.items()}
        self.held = matrices_of(scorer.student.model)

    def weights_in(self, folder: Path) -> dict[str, Tensor]:
        """Those of a checkpoint of the same model, by the names of `base`; ModelProblem where they cannot be read."""
        return weights_like(self.scorer.student.model, folder)

    @contextmanager
    def standing_at(self, update: Update) -> Iterator[None]:
        """While it lasts the student is at W_0 + dW; afterwards at W_0, bit for bit."""
        try:
            with torch.no_grad():
                for name, delta in update.items():
                    self._live[name].copy_(self.base[name] + delta.to(self.base[name].dtype))
            yield
        finally:
            with torch.no_grad():
                for name in update:
                    self._live[name].copy_(self.base[name])

    def score(self, update: Update) -> Scored:
        """Answer every prompt from W_0 + dW, `samples` times, and judge the answers."""
        with self.standing_at(update):
            answers = self.answers()
        accuracy_SN = torch.tensor([one.judged for one in answers], dtype=torch.float64)
        per_prompt = {"accuracy": accuracy_SN.mean(0)} if accuracy_SN.numel() else {}
        if self.scorer.measures_reverse_kl:
            kl_SN = torch.stack([one.reverse_kl_by_example().double().cpu() for one in answers])
            per_prompt["reverse_kl"] = kl_SN.mean(0)
        return Scored(whole_norm(update), per_prompt)

    def answers(self) -> list[Answers]:
        """What the student says where it stands, once per sample."""
        return [self.scorer.answer(self.examples, "analysis", sample) for sample in range(self._evaluation.samples)]

    def embeddings(self) -> dict[str, str]:
        """'input', and 'output' where the two are not tied -> name of the parameter."""
        model = self.scorer.student.model
        weights = {"input": model.get_input_embeddings().weight, "output": model.get_output_embeddings().weight}
        found: dict[str, str] = {}
        for place, weight in weights.items():
            name = next((name for name, parameter in self._live.items() if parameter is weight), None)
            if name is not None and name not in found.values():
                found[place] = name
        return found


def make_bench(
    config: RunConfig,
    evaluation: Evaluation,
    device: str,
    settings: Settings,
    run_folder: RunFolder,
    launched: datetime | None = None,
) -> Bench:
    """Student, teacher and held-out prompts of a run's configuration; BadInput and its kin say what does not fit.

    launched: when the run was, see PromptBuilder.
    """
    # Nothing is minimised here: no reference model is made, and LoRA's checkpoints hold whole weights.
    objective = FullVocabulary(chunk_tokens=config.objective.chunk_tokens)
    changes = {"objective": objective, "adapter": AllWeights(), "seed": evaluation.seed, "device": device}
    config = config.model_copy(update=changes)
    where = device_of(config, Alone())
    loaded = load(config.student, settings=settings, run_folder=run_folder)
    prompts = prompt_builder(config, loaded, settings, run_folder, launched)
    _, held_out, _ = fitting_examples(config, prompts, settings.root)
    eos = eos_token_ids(loaded, config.reading.student.end_tokens)
    teaching = teacher_and_reference(config, loaded, eos, prompts, where, settings, run_folder, held_out)
    loaded.model.requires_grad_(False)
    longest = prompts.longest(held_out) + config.budget.max_response_tokens
    student = tried_policy(loaded, where, config.precision, longest)
    student.vocabulary = teaching.vocabulary
    scorer = Scorer(config, student, teaching.teacher, prompts, eos, Alone())
    return Bench(scorer, held_out[: evaluation.prompts], evaluation)
