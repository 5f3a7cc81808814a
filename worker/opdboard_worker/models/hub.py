"""Models of the Hugging Face hub, as a folder in the local cache, and folders that go there.

Pickled weights are not even downloaded: only the kinds of file that a safetensors model consists of are asked for.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huggingface_hub import DryRunFileInfo, HfApi, constants, is_offline_mode, snapshot_download
from huggingface_hub.errors import DryRunError

from opdboard.domain.errors import ModelProblem, ModelUnreachable
from opdboard.domain.transfer import Transfer, bytes_told
from opdboard.hub_problems import Asked, hub_problem, may_pass
from opdboard_worker.checksums import NAME as CHECKSUMS
from opdboard_worker.models.transfers import StopAsked, Undrawn, moving

MODEL_FILES = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken"]
"""What a safetensors model consists of."""
_UNWANTED = ["*/*", "consolidated*"]
"""Sub-folders hold other formats; `consolidated` files are a second copy of the weights."""


def download(repo_id: str, revision: str) -> Path:
    """The folder with that revision; what is already cached is not fetched again. Raises ModelProblem, StopAsked."""
    named = f"{repo_id}@{revision}"
    wanted: dict[str, Any] = {"revision": revision, "allow_patterns": MODEL_FILES, "ignore_patterns": _UNWANTED}
    with _worded("download", named):
        missing = [one for one in _files(repo_id, wanted) if one.will_download]
        if not missing:
            return Path(snapshot_download(repo_id, **wanted, tqdm_class=Undrawn))
    total = sum(one.file_size or 0 for one in missing)
    _check_room(named, total)
    with moving(Transfer(doing="downloading", what=named, files=len(missing), total=total, done=0)) as meter:  # noqa: SIM117
        with _worded("download", named):
            return Path(snapshot_download(repo_id, **wanted, tqdm_class=meter.bars()))


@contextmanager
def _worded(asked: Asked, what: str) -> Iterator[None]:
    """Whatever the hub's client raises as a ModelProblem."""
    try:
        yield
    except StopAsked:
        raise
    except Exception as error:  # which HTTP library it uses, and so what it raises, changes with its version
        kind = ModelUnreachable if may_pass(error) else ModelProblem
        raise kind(hub_problem(error, asked, what), where=what.partition("@")[0]) from error


def _files(repo_id: str, wanted: dict[str, Any]) -> list[DryRunFileInfo]:
    """What the hub has of it; nothing where it cannot be asked, so that the cache decides."""
    try:
        return [] if is_offline_mode() else snapshot_download(repo_id, **wanted, dry_run=True, tqdm_class=Undrawn)
    except DryRunError:
        return []


def _check_room(named: str, total: int) -> None:
    """The client would only warn, and fill the disk."""
    cache = Path(constants.HF_HUB_CACHE)
    there = next(place for place in (cache, *cache.parents) if place.exists())
    free = shutil.disk_usage(there).free
    if total > free:
        raise ModelProblem(
            f"{named} cannot be downloaded: it takes {bytes_told(total)}, and the disk of the hub's cache ({cache}) has "
            f"{bytes_told(free)} free; free some space, or set HF_HOME to a folder on another disk",
            where=named.partition("@")[0],
        )


def cached_commit(repo_id: str, revision: str) -> str:
    """The commit that was downloaded last for a revision; the hub is not asked."""
    return Path(snapshot_download(repo_id, revision=revision, local_files_only=True)).name


def upload(folder: Path, repo_id: str, *, private: bool) -> str:
    """Push a folder to a repository, which is made where there is none; the address of the commit.

    private: of a repository that is made; one that is there stays as it is. Raises ModelProblem, StopAsked.
    """
    hub = HfApi()
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != CHECKSUMS]
    total = sum(path.stat().st_size for path in files)
    # The client tells nobody how far an upload is.
    with moving(Transfer(doing="pushing", what=repo_id, files=len(files), total=total, done=None)):  # noqa: SIM117
        with _worded("push", repo_id):
            hub.create_repo(repo_id, private=private, exist_ok=True)
            commit = hub.upload_folder(
                repo_id=repo_id,
                folder_path=folder,
                commit_message="Weights exported by opdboard",
                ignore_patterns=[CHECKSUMS],
            )
    return commit.commit_url
