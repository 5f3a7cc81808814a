"""The demo pair: two six-layer Llama models of 0.32M parameters over 15 characters that add three-digit numbers.

The prompt '123+456=' is answered by the digits of the sum from the last to the first, '975', and the end token. `base` answers
about 12% of its samples correctly; `teacher` is base trained on until about 50%, near enough to be distilled from.
`python -m opdboard_worker.models.demo --out DIR` makes both anew; how is told in `demo_recipe.py`.
"""

import argparse
import logging
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from opdboard_worker.models.loaded import LoadedModel

ASSETS = Path(__file__).parent / "demo_assets"

_CHARACTERS = "0123456789+="
_PAD, _BOS, _EOS = "<pad>", "<bos>", "<eos>"
_VOCABULARY = {token: number for number, token in enumerate([*_CHARACTERS, _PAD, _BOS, _EOS])}
PAD_ID, BOS_ID, EOS_ID = (_VOCABULARY[name] for name in (_PAD, _BOS, _EOS))


def build_tokenizer() -> PreTrainedTokenizerFast:
    """One token per character, 15 in all: ten digits, plus, equals, and padding, begin and end; begin is put in front."""
    tokenizer = Tokenizer(models.WordLevel(_VOCABULARY, unk_token=None))  # pyright: ignore[reportArgumentType]
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), behavior="isolated")  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer.decoder = decoders.Fuse()  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer.post_processor = processors.TemplateProcessing(  # pyright: ignore[reportAttributeAccessIssue]
        single=f"{_BOS} $A", special_tokens=[(_BOS, BOS_ID)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=_PAD, bos_token=_BOS, eos_token=_EOS, clean_up_tokenization_spaces=False
    )


def build_model() -> LlamaForCausalLM:
    """The demo architecture with weights drawn from torch's global generator, float32."""
    config = LlamaConfig(
        vocab_size=len(_VOCABULARY),
        hidden_size=64,
        intermediate_size=192,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=1024,
        tie_word_embeddings=False,
        pad_token_id=PAD_ID,
        bos_token_id=BOS_ID,
        eos_token_id=EOS_ID,
        architectures=["LlamaForCausalLM"],
    )
    return LlamaForCausalLM(config)


def load_demo(role: Literal["base", "teacher"], dtype: torch.dtype = torch.float32) -> LoadedModel:
    """The shipped model of that role, in evaluation mode."""
    return LoadedModel(read_model(ASSETS / f"{role}.safetensors", dtype), build_tokenizer(), f"demo {role}")


def read_model(file: Path, dtype: torch.dtype = torch.float32) -> LlamaForCausalLM:
    """A demo model from its weights, which are stored in half precision; in evaluation mode."""
    # The weights drawn here are thrown away, so the caller's generator must not notice.
    with torch.random.fork_rng(devices=[]):
        model = build_model()
    model.load_state_dict(load_file(file))
    model.set_attn_implementation("sdpa")
    return model.to(dtype).eval()  # pyright: ignore[reportArgumentType, reportCallIssue]


def main() -> None:
    """Train the pair anew and write base.safetensors, teacher.safetensors and recipe.json."""
    from opdboard_worker.models.demo_recipe import Recipe, make_pair

    parser = argparse.ArgumentParser(prog="python -m opdboard_worker.models.demo", description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--seed", type=int, default=2, help="of weights and training sums")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)  # the order of sums, and with it the result, depends on their number
    print(make_pair(arguments.out, Recipe(seed=arguments.seed)))


if __name__ == "__main__":
    main()
