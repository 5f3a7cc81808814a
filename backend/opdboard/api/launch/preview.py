"""A look into data files before any launch: what their rows are recognised as, and what is amiss with them."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from opdboard.api.context import Context
from opdboard.api.launch.preview_schemas import CountOut, DataIn, DataPreview, FieldOut, LengthsOut, RowOut, TurnOut
from opdboard.data_files.hub import commit_of
from opdboard.data_files.opening import files_of
from opdboard.data_files.recognition import Recogniser, Row
from opdboard.data_files.rows import read_rows
from opdboard.domain.data import FileData, HubData, UploadData
from opdboard.domain.errors import OpdboardError
from opdboard.model_roots import checked_place, place
from opdboard.regular_files import read_regular
from opdboard.settings import Settings

MOST_ROWS = 50_000
_MOST_SECONDS = 5.0
_LARGEST_JSON = 64 << 20
_LARGEST_TOKENIZER = 64 << 20
_MEASURED = 2000
_SHOWN = 5
_LONGEST_SHOWN = 2000
_BINS = 24


def preview(context: Context, wanted: DataIn) -> DataPreview:
    """From the first rows, as many as can be read in a moment; a row that is refused ends it with its sentence."""
    look = context.hub if isinstance(wanted.data, HubData) else context.files
    return look(lambda: _look(wanted, context.settings))


def _look(wanted: DataIn, settings: Settings) -> DataPreview:
    recogniser = Recogniser(wanted.data.columns, wanted.route_by)  # BadInput where the pattern is none
    asked: Counter[int] = Counter()
    first: list[Row] = []
    problem: OpdboardError | None = None
    complete, until = True, None
    try:
        _prepare(wanted.data, settings)
        for row in read_rows(wanted.data, recogniser, settings.root, largest_json=_LARGEST_JSON, stream=True):
            until = (
                until or time.monotonic() + _MOST_SECONDS
            )  # from the first row on, which the hub takes a while to send
            asked[hash((row.before, row.prompt, row.prefix))] += 1
            if len(first) < _MEASURED:
                first.append(row)
            if asked.total() == MOST_ROWS or time.monotonic() > until:
                complete = False
                break
    except OpdboardError as refused:
        problem, complete = refused, False
    return DataPreview(
        rows=asked.total(),
        complete=complete,
        problem=problem and problem.detail,
        where=problem and problem.where,
        formats=[CountOut(name=name, rows=rows) for name, rows in recogniser.formats.most_common()],
        fields=[
            FieldOut(field=field, column=column, rows=rows)
            for field, columns in recogniser.found.items()
            for column, rows in columns.most_common()
        ],
        duplicates=asked.total() - len(asked),
        lengths=_lengths(first, wanted, settings) if first else None,
        first=[_shown(row) for row in first[:_SHOWN]],
    )


def _prepare(data: FileData | UploadData | HubData, settings: Settings) -> None:
    """DataProblem and BadInput where the data may not be looked at."""
    if isinstance(data, HubData):
        commit_of.cache_clear()  # a branch may have moved since the last look
    if not isinstance(data, FileData):
        return
    # Before anything is looked for, and what was found once more: links lead elsewhere.
    checked_place(place(data.path), settings)
    for file in files_of(data.path):
        checked_place(file, settings)


def _lengths(rows: Sequence[Row], wanted: DataIn, settings: Settings) -> LengthsOut:
    count = _token_counter(wanted.tokenizer, settings)
    asked = ([*(turn.content for turn in row.before), row.prompt, row.prefix] for row in rows)
    texts = ["\n".join(filter(None, parts)) for parts in asked]
    lengths = [len(text) for text in texts] if count is None else count(texts)
    limit = None if count is None else wanted.max_prompt_tokens
    width = max(1, -(-max(*lengths, limit or 0, 1) // _BINS))
    bins = Counter(length // width for length in lengths)
    return LengthsOut(
        unit="characters" if count is None else "tokens",
        rows=len(lengths),
        width=width,
        counts=[bins[place] for place in range(max(bins) + 1)],
        longest=max(lengths),
        limit=limit,
        beyond=None if limit is None else sum(length > limit for length in lengths),
    )


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


def _shown(row: Row) -> RowOut:
    turns = [TurnOut(role=turn.role, content=_cut(turn.content)) for turn in row.before]
    turns.append(TurnOut(role="user", content=_cut(row.prompt)))
    turns += [TurnOut(role="assistant", content=_cut(row.prefix))] if row.prefix else []
    answer, solution = (None if text is None else _cut(text) for text in (row.answer, row.solution))
    return RowOut(where=row.where, turns=turns, answer=answer, solution=solution)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
