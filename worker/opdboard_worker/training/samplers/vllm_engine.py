"""A vLLM engine in this process, whose weights are replaced in place (sampler.Engine).

Written against LLM.generate and the worker's reload_weights, and run with vLLM's build for the CPU (test_vllm_engine.py, where that
is installed); never on a GPU (docs/gpu.md).
"""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from opdboard.domain.errors import BadInput
from opdboard.domain.run_config import RunConfig
from opdboard.domain.sampler import VllmSampler
from opdboard_worker.models.saving import as_saved, of_tokens_alone, save_tokens_alone
from opdboard_worker.training.policy import Policy
from opdboard_worker.training.samplers.sampler import Engine, EngineSampler, Generated, samples
from opdboard_worker.training.trained import Trained


@samples(VllmSampler)
def vllm_sampler(settings: VllmSampler, config: RunConfig, student: Policy, trained: Trained) -> EngineSampler:
    """An engine made from the student as it is, and told of its weights from then on. Raises BadInput.

    Its copy has no rows beyond the tokens: what it neither samples nor normalises over cannot differ from the trainer's head.
    """
    model, size = student.model, student.vocabulary.size

    with tempfile.TemporaryDirectory(prefix="opdboard-engine-") as name:
        whole = trained.state_dict() or model.state_dict()
        save_tokens_alone(model, student.tokenizer, Path(name), whole, size)
        engine = VllmEngine(
            Path(name),
            memory_share=settings.memory_share,
            longest=config.budget.max_prompt_tokens + config.longest_response,
            seed=config.seed,
        )

    def weights() -> dict[str, Tensor]:
        whole = trained.state_dict() or dict(model.named_parameters())
        return as_saved(model, of_tokens_alone(model, whole, size))

    return EngineSampler(engine, student, weights)


class VllmEngine(Engine):
    """Holds a bfloat16 copy of the model in `folder`."""

    def __init__(self, folder: Path, *, memory_share: float, longest: int, seed: int) -> None:
        """longest: tokens of prompt and response together. BadInput without a CUDA device or without vLLM."""
        if not torch.cuda.is_available():
            raise BadInput(
                "vLLM samples on a CUDA device and this worker has none; choose sampler.kind 'own'",
                where="sampler.kind",
            )
        # The engine's own process would get weights only through a pipe; in this one they are handed over as they are.
        os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
        try:
            from vllm import LLM, SamplingParams  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise BadInput(
                "vLLM is not installed on this worker; install 'opdboard[worker,vllm]' there, or choose sampler.kind 'own'",
                where="sampler.kind",
            ) from error
        self._parameters: Any = SamplingParams
        self._llm: Any = LLM(
            model=str(folder),
            dtype="bfloat16",
            skip_tokenizer_init=True,
            gpu_memory_utilization=memory_share,
            max_model_len=longest,
            enable_prefix_caching=False,  # keys and values of a prompt are those of the weights before
            logprobs_mode="processed_logprobs",  # of the distribution that is drawn from
            seed=seed,
        )

    @override
    def load(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        named = list(weights)
        # Not model.load_weights: what a layer has made of its weights, packed or fused, would stay as it was.
        self._llm.collective_rpc("reload_weights", kwargs={"weights_iterator": iter(named)})
        self._llm.reset_prefix_cache()

    @override
    def generate(
        self,
        prompts: Sequence[Sequence[int]],
        seeds: Sequence[int],
        *,
        longest: int,
        temperature: float,
        eos: Sequence[int],
        event: Sequence[int],
    ) -> list[Generated]:
        # Without an event the log-probability of the sampled token alone, else of the event's tokens at every place too.
        told = {"logprob_token_ids": list(event)} if event else {"logprobs": 0}
        parameters = [
            self._parameters(
                temperature=temperature,
                max_tokens=longest,
                seed=seed,
                stop_token_ids=[*eos, *event],
                ignore_eos=True,  # the ends named here are all there are
                detokenize=False,
                **told,
            )
            for seed in seeds
        ]
        asked = [{"prompt_token_ids": list(prompt)} for prompt in prompts]
        answers = [one.outputs[0] for one in self._llm.generate(asked, parameters, use_tqdm=False)]
        return [
            Generated(
                list(answer.token_ids),
                [
                    _log_sum([at[one].logprob for one in (event if token in event else [token])])
                    for at, token in zip(answer.logprobs, answer.token_ids, strict=True)
                ],
            )
            for answer in answers
        ]


def _log_sum(logp: Sequence[float]) -> float:
    return float(torch.tensor(logp, dtype=torch.float64).logsumexp(0))
