"""What a query can name, with values that the newest runs have: for autocompletion and for choosing columns."""

from collections.abc import Iterable

from opdboard.api.context import Context
from opdboard.api.rows import filled
from opdboard.api.runs.listing_schemas import RunFieldOut, RunFields
from opdboard.api.runs.paths import flattened
from opdboard.db import run_listing
from opdboard.domain.errors import BadInput
from opdboard.domain.run_fields import CONFIG_PREFIX, PROPERTIES, Field, configuration, find_field, measures

LOOKED_AT = 200
MOST_EXAMPLES = 12
LONGEST_EXAMPLE = 80
_MOMENTS = ["-1h", "-1d", "-7d", "-30d"]
_WITH_VALUES = ("group", "tag", "student", "teacher", "device", "worker", "error")


def fields(context: Context) -> RunFields:
    """The run's properties, then measures, then the configuration."""
    with context.database.read() as session:
        newest = run_listing.newest(session, LOOKED_AT)
        used = {name: run_listing.in_use(session, PROPERTIES[name], MOST_EXAMPLES) for name in _WITH_VALUES}
    configured: dict[str, dict[str, None]] = {}
    for run in newest:
        for path, value in flattened(run.config):
            configured.setdefault(path, {})[_shown(value)] = None
    reported = dict.fromkeys(key for run in newest for key in run.latest)
    known = [*PROPERTIES.values(), *measures().values(), *configuration().values()]
    more = [
        *_unknown(reported, measures(), ""),
        *_unknown(configured, configuration(), CONFIG_PREFIX),
    ]
    return RunFields(
        fields=[_field(field, list(used.get(field.name, configured.get(field.key, ())))) for field in [*known, *more]]
    )


def _unknown(names: Iterable[str], known: Iterable[str], prefix: str) -> Iterable[Field]:
    known = set(known)
    for name in names:
        if name not in known:
            try:
                yield find_field(prefix + name, lambda _field: True)
            except BadInput:  # a name that no query can spell
                continue


def _shown(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _field(field: Field, seen: list[str]) -> RunFieldOut:
    examples = (
        _MOMENTS if field.type == "time" else [*field.choices, *(one for one in seen if one not in field.choices)]
    )
    if field.source == "measure":
        examples = []
    shown = [one for one in examples if one and len(one) <= LONGEST_EXAMPLE][:MOST_EXAMPLES]
    return filled(RunFieldOut, field, examples=shown)
