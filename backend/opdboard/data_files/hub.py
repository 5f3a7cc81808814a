"""Rows of data sets of the Hugging Face hub, by the library datasets: imported where one is read, and part of opdboard[worker]."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from opdboard.data_files.arrow import Placed, batch_rows
from opdboard.domain.data import HubData
from opdboard.domain.errors import DataProblem, DataUnreachable
from opdboard.hub_problems import GATED, NOT_FOUND, OUT_OF_REACH, hub_reason, may_pass, out_of_reach

if TYPE_CHECKING:
    import pyarrow
    from datasets import DatasetBuilder

_MOST_NAMED = 20
_BATCH = 1000


@lru_cache(maxsize=32)
def commit_of(repo_id: str, revision: str) -> tuple[str, str | None]:
    """(full name, commit) of a data set on the hub; the commit is None where the hub cannot be asked. DataProblem else.

    Asked once: what a process reads of a branch is of one commit. `commit_of.cache_clear()` looks anew.
    """
    from huggingface_hub import HfApi

    try:
        found = HfApi().dataset_info(repo_id, revision=revision, timeout=20)
        if found.gated:
            HfApi().auth_check(repo_id, repo_type="dataset")
    except Exception as error:
        if out_of_reach(error):
            return repo_id, None
        raise _problem(error, repo_id, revision) from error
    return found.id, found.sha


def cached_commit(data: HubData) -> str:
    """The commit whose rows are read, on the hub or where that is out of reach in the cache."""
    return _builder(data).hash or ""


def split_rows(data: HubData, split: str, wanted: set[str], *, stream: bool = False) -> Iterator[Placed]:
    """The rows of a split, each with its place, as in 'openai/gsm8k train:12'. DataProblem where they cannot be had.

    wanted: columns that may be needed. stream: without keeping anything, which a limit of rows does by itself.
    """
    builder = _builder(data)
    try:
        splits = _splits(builder)
        if split not in splits:
            raise DataProblem(
                f"{data.repo_id} has no split {split!r}; it has {', '.join(splits[:_MOST_NAMED]) or 'none'}",
                where="data.held_out" if split != data.split else "data.split",
            )
        number = 0
        for batch in _batches(builder, data.rows, split, wanted, stream=stream):
            for values in batch:
                number += 1
                yield f"{data.repo_id} {split}:{number}", values
    except DataProblem:
        raise
    except Exception as error:  # of the hub's client, of pyarrow, of the disk, and the library's own
        raise _problem(error, data.repo_id, data.revision) from error


def configurations_of(repo_id: str, revision: str) -> list[str]:
    """The configurations of a data set on the hub. DataProblem where they cannot be had."""
    datasets = _library(repo_id)
    name, commit = commit_of(repo_id, revision)
    try:
        return datasets.get_dataset_config_names(f"hf://datasets/{name}", revision=commit)
    except Exception as error:
        raise _problem(error, repo_id, revision) from error


def splits_of(data: HubData) -> list[str]:
    """The names of the splits of a configuration, of which none is fetched. DataProblem where they cannot be had."""
    return _splits(_builder(data))


def _splits(builder: "DatasetBuilder") -> list[str]:
    return [str(name) for name in builder.info.splits or builder.config.data_files or ()]


def _library(repo_id: str) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise DataProblem(
            "data sets of the hub are read by the library datasets, which is not installed here; it comes with opdboard[worker]",
            where=repo_id,
        ) from error
    datasets.disable_progress_bars()
    return datasets


def _builder(data: HubData) -> "DatasetBuilder":
    datasets = _library(data.repo_id)
    name, commit = commit_of(data.repo_id, data.revision)
    try:
        # By its address: a bare name may also be that of a folder here, or of a format.
        made = datasets.load_dataset_builder(
            f"hf://datasets/{name}", data.configuration or None, revision=commit or data.revision
        )
    except ValueError as error:
        if "onfig" in str(error):
            raise _no_such_configuration(data) from error
        raise _problem(error, data.repo_id, data.revision) from error
    except Exception as error:
        raise _problem(error, data.repo_id, data.revision) from error
    pinned = commit or (data.revision if len(data.revision) == 40 else None)
    if pinned and made.hash != pinned:  # the library falls back to what it has kept, of whichever commit
        raise DataProblem(
            f"{data.repo_id} could not be read from the hub at commit {pinned[:8]}, and another one is kept here; try again later",
            where=data.repo_id,
        )
    return made


def _batches(
    builder: "DatasetBuilder", rows: int | None, split: str, wanted: set[str], *, stream: bool
) -> Iterator[list[Mapping[str, Any]]]:
    import datasets

    dataset: Any
    if rows is None and not stream:
        builder.download_and_prepare()
        dataset = builder.as_dataset(split=split)
    else:
        dataset = builder.as_streaming_dataset(split=split)
    features = dataset.features
    if features is not None:
        dataset = dataset.select_columns([name for name in features if name in wanted] or list(features)[:1])
    if isinstance(dataset, datasets.IterableDataset) and rows is not None:
        dataset = dataset.take(rows)
    for table in _tables(dataset.with_format("arrow")):
        names = list(features or table.column_names)
        of_batch = features or datasets.Features.from_arrow_schema(table.schema)
        yield [
            {name: _plain(value, of_batch[name]) if name in of_batch else value for name, value in values.items()}
            for values in batch_rows(table, wanted, names)
        ]


def _tables(dataset: Any) -> "Iterable[pyarrow.Table]":
    return dataset.iter(batch_size=_BATCH)


def _plain(value: Any, feature: Any) -> Any:
    """A value as its file had it: of a class label its name, of JSON what it says."""
    import datasets

    if value is None:
        return None
    if isinstance(feature, datasets.ClassLabel):
        return feature.int2str(value) if isinstance(value, int) and value >= 0 else None
    if isinstance(feature, datasets.Json):
        return json.loads(value) if isinstance(value, str) else value
    if isinstance(feature, dict) and isinstance(value, Mapping):
        return {name: _plain(inner, feature.get(name)) for name, inner in value.items()}
    inner = getattr(feature, "feature", feature[0] if isinstance(feature, list) and feature else None)
    if inner is not None and isinstance(value, list):
        return [_plain(one, inner) for one in value]
    return value


def _no_such_configuration(data: HubData) -> DataProblem:
    names = configurations_of(data.repo_id, data.revision)
    offered = ", ".join(names[:_MOST_NAMED]) + (", ..." if len(names) > _MOST_NAMED else "")
    said = f"no configuration {data.configuration!r}" if data.configuration else "several configurations"
    return DataProblem(f"{data.repo_id} has {said}; choose one of {offered}", where="data.configuration")


def _told(error: BaseException, repo_id: str, revision: str) -> str:
    """What is wrong, for whoever chose the data set."""
    import pyarrow
    from datasets import data_files, exceptions

    said = " ".join(str(error).split())[:300]
    if "scripts are no longer supported" in said:
        return f"{repo_id} is read by a program of its own, which is not run; choose one whose files are Parquet, JSON or CSV"
    if isinstance(error, exceptions.DataFilesNotFoundError | data_files.EmptyDatasetError):
        return f"{repo_id} has no files that can be read as rows"
    reason = hub_reason(error, "read")
    if not reason and isinstance(error, exceptions.DatasetNotFoundError):  # whose cause the library leaves out
        reason = GATED if "is a gated dataset" in said else NOT_FOUND
    if not reason and "Couldn't reach" in said:
        reason = OUT_OF_REACH
    if not reason:
        table = next((one for one in _causes(error) if isinstance(one, pyarrow.ArrowException)), None)
        reason = " ".join(str(table).split())[:300] if table else said or type(error).__name__
    return f"{repo_id}@{revision} cannot be read: {reason}"


def _problem(error: BaseException, repo_id: str, revision: str) -> DataProblem:
    kind = DataUnreachable if may_pass(error) else DataProblem
    return kind(_told(error, repo_id, revision), where=repo_id)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it."""
    at: BaseException | None = error
    while at is not None:
        yield at
        at = at.__cause__ or at.__context__
