"""Models of the Hugging Face hub, as a folder in the local cache, and folders that go there.

Pickled weights are not even downloaded: only the kinds of file that a safetensors model consists of are asked for.
"""

from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from opdboard.domain.errors import ModelProblem
from opdboard_worker.checksums import NAME as CHECKSUMS
from opdboard_worker.models.weight_files import first_line

MODEL_FILES = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken"]
"""What a safetensors model consists of."""
_UNWANTED = ["*/*", "consolidated*"]
"""Sub-folders hold other formats; `consolidated` files are a second copy of the weights."""


def download(repo_id: str, revision: str) -> Path:
    """The folder with that revision; what is already cached is not fetched again. Raises ModelProblem."""
    try:
        return Path(
            snapshot_download(repo_id, revision=revision, allow_patterns=MODEL_FILES, ignore_patterns=_UNWANTED)
        )
    except HFValidationError as error:
        reason = (
            f"'{repo_id}' is not a hub name; it looks like owner/name. For a folder on the worker choose 'Local folder'"
        )
        raise ModelProblem(reason, where=repo_id) from error
    except GatedRepoError as error:
        reason = f"{repo_id} asks for an agreement; accept it on the hub and give the worker a token (HF_TOKEN)"
        raise ModelProblem(reason, where=repo_id) from error
    except RepositoryNotFoundError as error:
        reason = f"the hub has no model {repo_id}, or the worker may not see it; check the name, or set HF_TOKEN"
        raise ModelProblem(reason, where=repo_id) from error
    except RevisionNotFoundError as error:
        raise ModelProblem(f"{repo_id} has no branch, tag or commit '{revision}'", where=repo_id) from error
    except LocalEntryNotFoundError as error:
        reason = (
            f"{repo_id}@{revision} is not in the worker's cache and the hub cannot be reached; "
            "connect the worker, or copy the model there and choose 'Local folder'"
        )
        raise ModelProblem(reason, where=repo_id) from error
    except (
        Exception
    ) as error:  # which HTTP library the hub's client uses, and so what it raises, changes with its version
        raise ModelProblem(f"{repo_id}@{revision} cannot be downloaded ({first_line(error)})", where=repo_id) from error


def cached_commit(repo_id: str, revision: str) -> str:
    """The commit that was downloaded last for a revision; the hub is not asked."""
    return Path(snapshot_download(repo_id, revision=revision, local_files_only=True)).name


def upload(folder: Path, repo_id: str, *, private: bool) -> str:
    """Push a folder to a repository, which is made where there is none; the address of the commit. Raises ModelProblem.

    private: of a repository that is made; one that is there stays as it is.
    """
    hub = HfApi()
    try:
        hub.create_repo(repo_id, private=private, exist_ok=True)
        commit = hub.upload_folder(
            repo_id=repo_id,
            folder_path=folder,
            commit_message="Weights exported by opdboard",
            ignore_patterns=[CHECKSUMS],
        )
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            reason = f"the hub does not let this worker write to {repo_id}: give it a token with that right (HF_TOKEN)"
        elif status == 429:
            reason = f"the hub takes no more from this worker for now; resume this job later to push to {repo_id}"
        else:
            reason = f"the hub refuses {repo_id}: status {status}, {first_line(error)}"
        raise ModelProblem(reason, where=repo_id) from error
    except Exception as error:  # as above
        raise ModelProblem(
            f"{repo_id} cannot be pushed to ({first_line(error)}); what was exported is in {folder}", where=repo_id
        ) from error
    return commit.commit_url
