"""Versions of what computes a run, and which weights and data files it reads."""

import hashlib
from pathlib import Path

import torch

from opdboard.data_files.hub import cached_commit as data_commit
from opdboard.data_files.rows import data_files
from opdboard.domain.data import Data, FileData, HubData, RowData, UploadData
from opdboard.domain.model_sources import DemoModel, GgufModel, HubModel, ModelSource, RunModel
from opdboard.domain.provenance import Provenance, installed
from opdboard.domain.run_config import RunConfig
from opdboard.settings import Settings
from opdboard_worker.checksums import fingerprint
from opdboard_worker.models.demo import ASSETS
from opdboard_worker.models.hub import MODEL_FILES, cached_commit
from opdboard_worker.models.loading import RunFolder, resolved

_DRIVER = Path("/sys/module/nvidia/version")


def software() -> dict[str, str]:
    """Version by name; cuda and driver where torch sees a GPU."""
    found = installed()
    if torch.cuda.is_available():
        found["cuda"] = str(torch.version.cuda or torch.version.hip)
        if _DRIVER.is_file():
            found["driver"] = _DRIVER.read_text().strip()
    return found


def provenance_of(config: RunConfig, settings: Settings, run_folder: RunFolder) -> Provenance:
    """Of models that have been loaded and data that has been read, from where they were."""
    models = {path: _origin(source, settings, run_folder) for path, source in config.sources.items()}
    read = [config.data, *(one.data for one in config.evaluation.sets)]
    files = {path: digest for data in read for path, digest in files_read(data, settings.root).items()}
    return Provenance(software=software(), models=models, files=files)


def _origin(source: ModelSource, settings: Settings, run_folder: RunFolder) -> str:
    match source:
        case HubModel():
            return f"commit {cached_commit(source.repo_id, source.revision)}"
        case GgufModel():
            return f"sha256 {_digest(resolved(source.path, settings))}"
        case DemoModel():
            return f"sha256 {_digest(ASSETS / f'{source.role}.safetensors')}"
        case RunModel():
            return f"sha256 {fingerprint(run_folder(source), MODEL_FILES)}"
    return f"sha256 {fingerprint(resolved(source.path, settings), MODEL_FILES)}"


def files_read(data: Data, root: Path) -> dict[str, str]:
    """Digest by path of the files that data are read from, and judged by; of a hub data set its commit."""
    if isinstance(data, RowData) and data.verifier_file:
        verifier = Path(data.verifier_file).expanduser()
        return _rows_read(data, root) | {str(verifier): f"sha256 {_digest(verifier)}"}
    return _rows_read(data, root)


def _rows_read(data: Data, root: Path) -> dict[str, str]:
    if isinstance(data, HubData):
        return {f"{data.repo_id}@{data.revision}": f"commit {data_commit(data)}"}
    if not isinstance(data, FileData | UploadData):
        return {}
    paths = [*data_files(data, root), *(data_files(data, root, held_out=True) if data.held_out else ())]
    return {str(path): f"sha256 {_digest(path)}" for path in paths}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
