"""What each side reads is configured by itself: prompt_format of the data is the student's template."""

import re
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

RUNS = sa.table("runs", sa.column("id", sa.String), sa.column("kind", sa.String), sa.column("config", sa.JSON))
TEXTS = (("saved_views", "search"), ("alert_rules", "runs"))
"""Tables and columns with queries and names of columns in them."""

# In an address a sign may stand as it is or as its code: spaces, '=', '!', and quotes.
_START, _END, _SPACE = r"(?:(?<![\w.])|(?<=%[0-9A-Fa-f]{2}))(?:config\.)?", r"(?![\w.])", r"(?:\s|\+|%20)*"
_VALUE = rf"{_SPACE}(?:!|%21)?(?:=|%3D){_SPACE}(?:\"|'|%22|%27)?\w+"
_VALUES = rf"{_SPACE}(?:not{_SPACE})?in{_SPACE}\([^)]*\)"
_ASKED = rf"(?P<asked>{_VALUE}|{_VALUES})?"
_OLD = re.compile(rf"{_START}(?:data\.)?prompt_format{_END}{_ASKED}", re.IGNORECASE)
_NEW = re.compile(rf"{_START}reading\.student\.template{_END}{_ASKED}", re.IGNORECASE)


def upgrade() -> None:
    """Templates as they were, in runs, saved views and rules."""
    _change_runs(_moved)
    _change_texts(_renamed)


def downgrade() -> None:
    """Back to one format for both sides; what that cannot say is lost."""
    _change_runs(_moved_back)
    _change_texts(_renamed_back)


def _change_runs(change: Any) -> None:
    bind = op.get_bind()
    # A configuration is long: a few at a time, by id, whatever the number of runs.
    ids = bind.execute(sa.select(RUNS.c.id).where(RUNS.c.kind == "trained")).scalars().all()
    for run_id in ids:
        config = bind.execute(sa.select(RUNS.c.config).where(RUNS.c.id == run_id)).scalar_one()
        bind.execute(sa.update(RUNS).where(RUNS.c.id == run_id).values(config=change(config)))


def _moved(config: dict[str, Any]) -> dict[str, Any]:
    data = dict(config.get("data") or {})
    plain = data.pop("prompt_format", "chat") == "plain"
    if data.get("kind") == "file":
        data["instruction_place"] = "after"
    side = {"template_arguments": {}, "end_tokens": []}
    reading = {
        "system_prompt": "",
        "student": {"template": "plain" if plain else "own", **side},
        "teacher": {"template": "student", **side},
        "ends": "leave",
    }
    return {**config, "data": data, "reading": reading}


def _moved_back(config: dict[str, Any]) -> dict[str, Any]:
    reading = config.get("reading") or {}
    data = dict(config.get("data") or {})
    data.pop("instruction_place", None)
    if data.get("kind") == "file":
        plain = (reading.get("student") or {}).get("template") == "plain"
        data["prompt_format"] = "plain" if plain else "chat"
    return {**{name: value for name, value in config.items() if name != "reading"}, "data": data}


def _change_texts(change: Any) -> None:
    bind = op.get_bind()
    for name, column in TEXTS:
        table = sa.table(name, sa.column("id", sa.Integer), sa.column(column, sa.Text))
        for row_id, text in bind.execute(sa.select(table.c.id, table.c[column])).all():
            changed = change(text)
            if changed != text:
                bind.execute(sa.update(table).where(table.c.id == row_id).values({column: changed}))


def _renamed(text: str) -> str:
    return _OLD.sub(lambda found: "reading.student.template" + _said(found, "chat", "own"), text)


def _renamed_back(text: str) -> str:
    return _NEW.sub(lambda found: "data.prompt_format" + _said(found, "own", "chat"), text)


def _said(found: re.Match[str], before: str, after: str) -> str:
    """What is asked of the field, in the new words."""
    return re.sub(rf"(?<![A-Za-z]){before}(?![A-Za-z])", after, found["asked"] or "", flags=re.IGNORECASE)
