"""Models from wherever they are: the demo pair, a folder, the hub, a GGUF file, a checkpoint of a run.

Only safetensors and GGUF are read: a pickle can run any program while it is loaded, so it is refused by name. Code that comes
with a model is never run. Everything ends in a plain float model in evaluation mode with transformers' default attention: sdpa where
the architecture supports it, else eager; both are equal bit for bit from run to run on CPU.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from opdboard.domain.errors import ModelProblem
from opdboard.domain.model_sources import DemoModel, FolderModel, GgufModel, HubModel, ModelSource, RunModel
from opdboard.regular_files import open_regular
from opdboard.settings import Settings
from opdboard_worker.checksums import check_weights
from opdboard_worker.models.candidates import move_to_candidate
from opdboard_worker.models.demo import build_tokenizer, load_demo
from opdboard_worker.models.folder_check import check_folder
from opdboard_worker.models.hub import download
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.models.saving import save
from opdboard_worker.models.weight_files import first_line

__all__ = ["LoadedModel", "load", "load_tokenizer", "save", "weights_like"]

log = logging.getLogger(__name__)

RunFolder = Callable[[RunModel], Path]


def load(
    source: ModelSource,
    *,
    settings: Settings,
    run_folder: RunFolder,
    dtype: torch.dtype = torch.float32,
) -> LoadedModel:
    """Load model and tokenizer on the CPU; parameters keep requires_grad.

    run_folder gives the folder of a run's checkpoint, or of the candidates it tried at a step. Raises ModelProblem with a sentence
    that says what is wrong and what to do; `where` is the folder, file or repository.
    """
    if isinstance(source, DemoModel):
        return load_demo(source.role, dtype)
    place = _placed(source, settings, run_folder)
    if isinstance(source, RunModel):
        check_weights(place.folder)
    _check_place(place)
    loaded = _pretrained(place, dtype)
    if isinstance(source, RunModel) and source.factor is not None:
        move_to_candidate(loaded.model, place.folder, source.factor)
    return loaded


def load_tokenizer(source: ModelSource, *, settings: Settings, run_folder: RunFolder) -> PreTrainedTokenizerBase:
    """The model's tokenizer alone, as its files have it. Raises ModelProblem as `load` does."""
    if isinstance(source, DemoModel):
        return build_tokenizer()
    place = _placed(source, settings, run_folder)
    _check_place(place)
    return _tokenizer(place)


@dataclass(frozen=True)
class _Place:
    """Where a model's files are, and what people call it; gguf: the file's name, for such a model."""

    folder: Path
    label: str
    gguf: str | None = None

    @property
    def where(self) -> str:
        return str(self.folder / self.gguf if self.gguf else self.folder)

    @property
    def how(self) -> dict[str, Any]:
        """What transformers is told for tokenizer and model alike."""
        return {"trust_remote_code": False, "local_files_only": True} | ({"gguf_file": self.gguf} if self.gguf else {})


def _placed(source: ModelSource, settings: Settings, run_folder: RunFolder) -> _Place:
    match source:
        case GgufModel():
            file = resolved(source.path, settings)
            return _Place(file.parent, file.stem, file.name)
        case HubModel():
            return _Place(download(source.repo_id, source.revision), f"{source.repo_id}@{source.revision}")
        case FolderModel():
            folder = resolved(source.path, settings)
            return _Place(folder, folder.name)
        case RunModel():
            label = f"run {source.run_id}, {'latest checkpoint' if source.step is None else f'step {source.step}'}"
            factor = "" if source.factor is None else f", factor {source.factor:g}"
            return _Place(run_folder(source), label + factor)
        case DemoModel():
            raise AssertionError("the demo models are no files")


def _check_place(place: _Place) -> None:
    if place.gguf:
        _check_gguf(place.folder / place.gguf)
    else:
        check_folder(place.folder)


def weights_like(model: PreTrainedModel, folder: Path) -> dict[str, Tensor]:
    """The parameters of a model saved in a folder, by the names that they have in the same model in memory, in its precision.

    Saving renames and takes apart what transformers holds otherwise in memory; its own loading is the way back, bit for bit.
    ModelProblem when the folder cannot be read, or is not a whole model of this kind.
    """
    transformers.logging.disable_progress_bar()
    kind: Any = type(model)
    read, found = _translated(
        str(folder),
        "model",
        lambda: kind.from_pretrained(
            folder,
            dtype=model.dtype,
            use_safetensors=True,
            weights_only=True,
            local_files_only=True,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        ),
    )
    _check_complete(read, found, str(folder))
    return {name: parameter.detach() for name, parameter in read.named_parameters()}


def resolved(path: str, settings: Settings) -> Path:
    """Relative paths are looked for in the working folder of the worker, then in the data folder."""
    given = Path(path).expanduser()
    beside_data = settings.root / given
    return beside_data if not given.exists() and beside_data.exists() else given


def _tokenizer(place: _Place) -> PreTrainedTokenizerBase:
    read = _translated(place.where, "tokenizer", lambda: AutoTokenizer.from_pretrained(place.folder, **place.how))
    if not len(read):
        raise ModelProblem(
            f"the tokenizer of {place.label} has no tokens; provide its tokenizer.json", where=place.where
        )
    return read


def _pretrained(place: _Place, dtype: torch.dtype) -> LoadedModel:
    where, how = place.where, place.how
    transformers.logging.disable_progress_bar()  # the log of a run is lines, not a terminal
    if place.gguf:
        log.info("reading and de-quantising %s, which may take a minute", where)
    tokenizer = _tokenizer(place)
    if place.gguf and hasattr(transformers, "GgufConfig"):
        how["quantization_config"] = transformers.GgufConfig(dequantize=True)  # packed weights cannot be trained
    model, found = _translated(
        where,
        "model",
        lambda: AutoModelForCausalLM.from_pretrained(
            place.folder,
            dtype=dtype,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # reported below, with shapes
            weights_only=True,
            output_loading_info=True,
            **how,
        ),
    )
    _check_complete(model, found, where)
    if place.gguf:
        _forget_quantization(model)
        _end_turns_too(model, place.folder / place.gguf)
    complete_tokens(model, tokenizer)
    log.info("loaded %s: %.1fM parameters", place.label, sum(p.numel() for p in model.parameters()) / 1e6)
    return LoadedModel(model.eval(), tokenizer, place.label)


def _translated(where: str, what: str, read: Callable[[], Any]) -> Any:
    """read(), with whatever transformers raises over a bad file turned into one kind of error."""
    try:
        return read()
    except (MemoryError, torch.OutOfMemoryError, ModelProblem):
        raise
    except Exception as error:
        raise ModelProblem(
            f"the {what} in {where} cannot be loaded ({first_line(error)}); "
            "it must be a causal language model in Hugging Face or GGUF format that transformers supports",
            where=where,
        ) from error


def _check_complete(model: PreTrainedModel, found: dict[str, Any], where: str) -> None:
    for name, stored, wanted in sorted(found["mismatched_keys"]):
        raise ModelProblem(
            f"{name} in {where} has shape {tuple(stored)}, but config.json asks for {tuple(wanted)}; they do not belong together",
            where=where,
        )
    missing = sorted(found["missing_keys"])
    if missing:
        raise ModelProblem(
            f"{len(missing)} weights that the model needs are not in {where}, first {missing[0]}; "
            "they would be random numbers. Provide the complete model",
            where=where,
        )
    for name, parameter in model.named_parameters():
        if not parameter.is_floating_point():
            raise ModelProblem(
                f"{name} is stored as {parameter.dtype}, which cannot be trained; de-quantise the model first",
                where=where,
            )
        if not bool(torch.isfinite(parameter).all()):
            raise ModelProblem(
                f"{name} in {where} holds NaN or infinite values; the file is damaged or its training diverged",
                where=where,
            )


def _check_gguf(file: Path) -> None:
    if not file.is_file():
        raise ModelProblem(f"there is no file {file} on this worker; give the path of a .gguf file", where=str(file))
    if not os.access(file, os.R_OK):
        raise ModelProblem(f"{file} may not be read by the worker; change its permissions", where=str(file))
    try:
        with open_regular(file) as start:
            mark = start.read(4)
    except OSError as error:
        raise ModelProblem(f"{file} cannot be read: {error.strerror}", where=str(file)) from error
    if mark != b"GGUF":
        raise ModelProblem(
            f"{file} is not a GGUF file; for a Hugging Face model name its folder instead", where=str(file)
        )
    adapter = file.parent / "adapter_config.json"
    if adapter.is_file():
        raise ModelProblem(
            f"{adapter} lies beside {file.name}, and transformers would add that adapter to its weights; move one of them into "
            "a folder of its own",
            where=str(adapter),
        )


def complete_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Give the tokenizer the end token that only generation_config.json names, and a padding token that has an embedding."""
    embeddings: Any = model.get_input_embeddings()
    pad: Any = tokenizer.pad_token_id
    if tokenizer.eos_token_id is None and model.generation_config is not None:
        declared: Any = model.generation_config.eos_token_id
        known = tokenizer.get_vocab().values()
        ends = [token for token in (declared if isinstance(declared, list) else [declared]) if token in known]
        if ends:
            tokenizer.eos_token = tokenizer.convert_ids_to_tokens(ends[0])
    # Padding is masked everywhere, so any token will do; the end token is one that every usable tokenizer has.
    if pad is None or not 0 <= pad < embeddings.weight.shape[0]:
        tokenizer.pad_token = tokenizer.eos_token


def _end_turns_too(model: PreTrainedModel, file: Path) -> None:
    """Let responses end where the file says that turns and messages end, which transformers does not read."""
    from gguf import GGUFReader

    fields = GGUFReader(file).fields
    found = [fields.get(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot", "eom")]
    ends = sorted({int(field.contents()) for field in found if field is not None})
    if ends and model.generation_config is not None:
        model.generation_config.eos_token_id = ends


def _forget_quantization(model: PreTrainedModel) -> None:
    """The weights are plain floats by now, but transformers would still refuse to save a model that came from GGUF."""
    vars(model).pop("hf_quantizer", None)
    for name in ("quantization_config", "_pre_quantization_dtype"):
        if hasattr(model.config, name):
            delattr(model.config, name)
