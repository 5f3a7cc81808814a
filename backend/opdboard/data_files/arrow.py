"""Rows of Parquet files, and of any other table that pyarrow holds."""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opdboard.data_files.opening import opened, pyarrow_or_refuse
from opdboard.domain.errors import DataProblem

if TYPE_CHECKING:
    import pyarrow

Placed = tuple[str, Mapping[str, Any]]
"""(place, columns): a place is 'file:line', and in JSON and Parquet 'file:row', counted from 1."""


def parquet_rows(file: Path, wanted: set[str]) -> Iterator[Placed]:
    """All rows of a file; of its columns those that are wanted, the others as None. DataProblem names file and row."""
    pyarrow_or_refuse(file)
    import pyarrow
    import pyarrow.parquet

    try:
        with opened(file) as content, pyarrow.parquet.ParquetFile(content) as table:
            schema = table.schema_arrow
            columns = [name for name in schema.names if name in wanted]
            if twice := next((name for name in columns if schema.names.count(name) > 1), None):
                raise DataProblem(f"{file.name} has two columns {twice!r}; keep the one that counts", where=str(file))
            number = 0
            for batch in table.iter_batches(batch_size=1024, columns=columns):
                for values in batch_rows(batch, wanted, schema.names):
                    number += 1
                    yield f"{file}:{number}", values
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataProblem(
            f"{file.name} is not a readable Parquet file ({reason}); write it anew", where=str(file)
        ) from error


def batch_rows(
    batch: "pyarrow.RecordBatch | pyarrow.Table", wanted: set[str], names: Collection[str]
) -> Iterator[Mapping[str, Any]]:
    """Rows of a batch; numbers of narrow types with the digits that they have. names: all columns, of which the batch may lack some."""
    columns = [name for name in batch.schema.names if name in wanted]
    narrow = {name: kind for name in columns if _has_narrow(kind := batch.schema.field(name).type)}
    unread = {name: None for name in islice(names, 100) if name not in wanted}
    for values in batch.select(columns).to_pylist() if columns else [{}] * batch.num_rows:
        yield values | {name: _exact(values[name], kind) for name, kind in narrow.items()} | unread


def _has_narrow(kind: Any) -> bool:
    import pyarrow.types as types

    if types.is_struct(kind):
        return any(_has_narrow(kind.field(index).type) for index in range(kind.num_fields))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _has_narrow(kind.value_type)
    return types.is_float16(kind) or types.is_float32(kind)


def _exact(value: Any, kind: Any) -> Any:
    """As many digits as a narrow float holds: 0.1 is no 0.10000000149011612."""
    if value is None or not _has_narrow(kind):
        return value
    if isinstance(value, Mapping):
        return {name: _exact(inner, kind.field(name).type) for name, inner in value.items()}
    if isinstance(value, list):
        return [_exact(inner, kind.value_type) for inner in value]
    return Decimal(str(kind.to_pandas_dtype()(value)))
