"""The browser's types are made from frontend/openapi.json, which must be the API's own description."""

import json
from pathlib import Path

from opdboard.api.app import create_app
from opdboard.settings import Settings

FILE = Path(__file__).parents[2] / "frontend" / "openapi.json"


def test_the_committed_description_is_the_apps_own(tmp_path):
    described = create_app(Settings(data_dir=tmp_path)).openapi()
    assert json.loads(FILE.read_text(encoding="utf-8")) == described, "run 'make types' and commit what it changes"
