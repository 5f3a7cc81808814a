"""The web server's look into data before any launch; a worker's is part of a check."""

from collections.abc import Callable, Iterator
from pathlib import Path

from opdboard.api.context import Context
from opdboard.api.launch.places import files_in_roots
from opdboard.api.launch.preview_schemas import DataIn
from opdboard.data_files.hub import commit_of
from opdboard.data_files.look import Measure, look, texts_of
from opdboard.data_files.recognition import Recogniser, Row
from opdboard.data_files.rows import read_rows
from opdboard.domain.data import FileData, HubData
from opdboard.domain.data_look import DataLook
from opdboard.model_roots import checked_place, place
from opdboard.regular_files import read_regular
from opdboard.settings import Settings

_LARGEST_JSON = 64 << 20
_LARGEST_TOKENIZER = 64 << 20


def preview(context: Context, wanted: DataIn) -> DataLook:
    """From the first rows, as many as can be read in a moment; see data_files.look."""
    given = context.hub if isinstance(wanted.data, HubData) else context.files
    return given(lambda: _look(wanted, context.settings))


def _look(wanted: DataIn, settings: Settings) -> DataLook:
    recogniser = Recogniser(wanted.data.columns, wanted.route_by)  # BadInput where the pattern is none
    apart = Recogniser(wanted.data.columns, wanted.route_by)
    commit_of.cache_clear()  # a branch may have moved since the last look
    return look(
        _rows(wanted, settings, recogniser, held_out=False),
        recogniser,
        _measure(wanted, settings),
        _rows(wanted, settings, apart, held_out=True) if wanted.data.held_out else None,
    )


def _rows(wanted: DataIn, settings: Settings, recogniser: Recogniser, *, held_out: bool) -> Iterator[Row]:
    if isinstance(wanted.data, FileData):
        files_in_roots(wanted.data.held_out if held_out else wanted.data.path, settings)
    yield from read_rows(
        wanted.data, recogniser, settings.root, held_out=held_out, largest_json=_LARGEST_JSON, stream=True
    )


def _measure(wanted: DataIn, settings: Settings) -> Measure:
    count = _token_counter(wanted.tokenizer, settings)
    if count is None:
        return Measure("characters", False, lambda rows: [len(text) for text in texts_of(rows)], None)
    return Measure("tokens", False, lambda rows: count(texts_of(rows)), wanted.max_prompt_tokens)


def _token_counter(folder: str, settings: Settings) -> Callable[[list[str]], list[int]] | None:
    """Counts tokens by the tokenizer.json in a folder; None where there is none, or nothing here reads it."""
    if not folder:
        return None
    try:
        import tokenizers

        file = checked_place(_beside_data(place(folder), settings) / "tokenizer.json", settings)
        tokenizer = tokenizers.Tokenizer.from_str(read_regular(file, _LARGEST_TOKENIZER).decode())
    except Exception:  # tokenizers raises no narrower one, and characters do as well
        return None
    return lambda texts: [len(one.ids) for one in tokenizer.encode_batch(texts, add_special_tokens=False)]


def _beside_data(folder: Path, settings: Settings) -> Path:
    beside = settings.root / folder
    return beside if not folder.exists() and beside.exists() else folder
