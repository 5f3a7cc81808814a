"""What the client of the Hugging Face hub raises, each in a sentence: for the web server and for workers alike."""

import errno
from collections.abc import Iterator
from typing import Literal

Asked = Literal["download", "read", "push", "search"]

_TOKEN = "store one on the page Settings or with `opdboard hub-token`, or set HF_TOKEN"
GATED = f"it asks for an agreement; accept it on the hub, and use a token of that account: {_TOKEN}"
NOT_FOUND = f"the hub has none of this name, or shows it only to a token that may see it: {_TOKEN}"
OUT_OF_REACH = "this machine's cache does not hold all of it; connect it to the hub, or name files that are here"
_TIME_OUT = {"TimeoutException", "Timeout", "TimeoutError"}
_NETWORK = {"TransportError", "ConnectionError", "RequestException"}
"""Names of classes: which HTTP library the client uses changes with its version."""
_TOO_MANY, _BROKEN = 429, 500


def hub_problem(error: BaseException, asked: Asked, what: str = "") -> str:
    """What failed, why, and what to do. what: the repository, with its revision where one was asked for."""
    failed = {
        "download": f"{what} cannot be downloaded",
        "read": f"{what} cannot be read",
        "push": f"{what} cannot be pushed to",
        "search": "the hub cannot be searched",
    }[asked]
    lines = str(error).splitlines() or [type(error).__name__]
    return f"{failed}: {hub_reason(error, asked) or lines[0]}"


def hub_reason(error: BaseException, asked: Asked) -> str:
    """Why, and what to do; nothing where it is no error of the hub, the network or the disk."""
    return next(filter(None, (_reason(one, asked) for one in _causes(error))), "")


def out_of_reach(error: BaseException) -> bool:
    """Whether the hub was not reached at all, or is not to be asked."""
    from huggingface_hub import errors  # which no other request needs

    names = {kind.__name__ for one in _causes(error) for kind in type(one).__mro__}
    return errors.OfflineModeIsEnabled.__name__ in names or bool(names & (_NETWORK | _TIME_OUT))


def may_pass(error: BaseException) -> bool:
    """Whether the hub may answer the same a while later: it was not reached, was overloaded or broken."""
    from huggingface_hub import errors, is_offline_mode  # which no other request needs

    causes = list(_causes(error))
    answered = [one for one in causes if isinstance(one, errors.HfHubHTTPError)]
    if answered:
        status: int = getattr(answered[0].response, "status_code", 0)
        return status == _TOO_MANY or status >= _BROKEN
    names = {kind.__name__ for one in causes for kind in type(one).__mro__}
    return bool(names & (_NETWORK | _TIME_OUT)) and not is_offline_mode()


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The first cause first."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _causes(before)
    yield error


def _reason(error: BaseException, asked: Asked) -> str:
    """Nothing of an error that tells nothing by itself."""
    from huggingface_hub import constants, errors, is_offline_mode  # which no other request needs

    names = {kind.__name__ for kind in type(error).__mro__}
    match error:
        case errors.HFValidationError():
            return "this is not a hub name, which looks like owner/name; a folder of the worker is a 'Local folder'"
        case errors.OfflineModeIsEnabled():
            return _offline(asked)
        case errors.GatedRepoError():
            return GATED
        case errors.RepositoryNotFoundError():
            return NOT_FOUND
        case errors.RevisionNotFoundError():
            return "it has no such branch, tag or commit"
        case errors.HfHubHTTPError():
            return _status(error.response)
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"the disk of the hub's cache ({constants.HF_HUB_CACHE}) is full; free some space, or set HF_HOME to a folder on another"
        case errors.LocalEntryNotFoundError():
            return OUT_OF_REACH
    if names & _TIME_OUT:
        return "the hub did not answer in time; try again later"
    if names & _NETWORK and is_offline_mode():
        return _offline(asked)  # not every library says so
    if names & _NETWORK:
        return f"the hub cannot be reached from this machine ({type(error).__name__}); is it connected?"
    return ""


def _offline(asked: Asked) -> str:
    elsewhere = "" if asked in ("push", "search") else " and its cache does not hold all of it"
    return f"this machine does not ask the hub (HF_HUB_OFFLINE){elsewhere}; type what you know, or unset the variable"


def _status(response: object) -> str:
    status: int = getattr(response, "status_code", 0)
    if status in (401, 403):
        able = (
            "wants a token, or does not know the one that it was sent"
            if status == 401
            else "does not let this token do that"
        )
        return f"the hub {able}: {_TOKEN}"
    if status == _TOO_MANY:
        seconds = _wait(getattr(response, "headers", {}))
        when = "in some minutes" if seconds is None else f"in {seconds} s"
        return f"the hub has had too many requests from here and answers again {when}"
    return f"the hub answers with status {status}" + ("; try again later" if status >= _BROKEN else "")


def _wait(headers: object) -> int | None:
    """Seconds, by the hub's own header or the standard one."""
    from huggingface_hub.utils import parse_ratelimit_headers

    told = {str(name).lower(): str(value) for name, value in dict(headers).items()}  # pyright: ignore[reportCallIssue, reportArgumentType]
    limit = parse_ratelimit_headers(told)
    if limit is not None:
        return limit.reset_in_seconds
    after = told.get("retry-after", "")
    return int(after) if after.isdigit() else None
