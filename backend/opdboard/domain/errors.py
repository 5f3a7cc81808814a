"""Every error that opdboard raises on purpose.

OpdboardError
|-- BadInput             what was asked for is wrong              422
|   |-- ModelProblem     weights or tokenizer cannot be used
|   |   |-- VocabularyMismatch
|   |   `-- ModelUnreachable
|   |-- DataProblem      a data set cannot be used
|   |   `-- DataUnreachable
|   `-- QueryProblem     a query of the runs table cannot be read
|-- TooLarge             more bytes than are taken              413
|-- NotFound             no such run, checkpoint, ...             404
|-- Conflict             not possible in the present state        409
|   |-- IllegalTransition
|   `-- StaleAttempt     a newer attempt owns the run
|-- Unavailable          not answered now; try again later        503
|-- DatabaseUnavailable  no answer from it                        503
`-- TrainingProblem      training cannot go on
    |-- NonFiniteLoss
    |-- RemoteTeacherProblem
    |-- OutOfMemory
    `-- DiskFull
"""

from typing import ClassVar


class OpdboardError(Exception):
    """Base of the tree: a sentence for the user, and where it applies (a field path, a file, a run id).

    may_pass: whether a run that failed by it may succeed when it is begun again as it is. field: what to change of its
    configuration where the error itself names nothing.
    """

    status = 500
    may_pass: ClassVar[bool] = False
    field: ClassVar[str | None] = None

    def __init__(self, detail: str, *, where: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.where = where

    @property
    def code(self) -> str:
        """Machine-readable name: the class name."""
        return type(self).__name__

    def as_dict(self) -> dict[str, str | None]:
        """The shape of every error that leaves opdboard."""
        return {"error": self.code, "detail": self.detail, "where": self.where}


class BadInput(OpdboardError):
    """What was asked for is wrong; the sentence says what is allowed."""

    status = 422


class ModelProblem(BadInput):
    """Weights or tokenizer are missing, unreadable, unsafe or do not fit."""


class VocabularyMismatch(ModelProblem):
    """Student and teacher differ in their tokens or in how they cut a text."""


class ModelUnreachable(ModelProblem):
    """The hub that has the model does not answer."""

    may_pass = True


class DataProblem(BadInput):
    """A data set is missing, unreadable or empty, or a row lacks what is needed."""


class DataUnreachable(DataProblem):
    """The hub that has the data set does not answer."""

    may_pass = True


class QueryProblem(BadInput):
    """A query cannot be read; where is 'query:<start>-<end>', the characters it is about, counted from 0."""

    def __init__(self, detail: str, *, start: int, end: int) -> None:
        super().__init__(detail, where=f"query:{start}-{end}")


class TooLarge(OpdboardError):
    """More bytes than are taken; the sentence names the limit."""

    status = 413


class NotFound(OpdboardError):
    """No such thing."""

    status = 404


class Conflict(OpdboardError):
    """Possible in principle, but not in the present state."""

    status = 409


class IllegalTransition(Conflict):
    """The transition table does not allow this move."""


class StaleAttempt(Conflict):
    """A newer attempt owns the run: the writer must stop."""


class DatabaseUnavailable(OpdboardError):
    """The database does not answer."""

    status = 503
    may_pass = True


class Unavailable(OpdboardError):
    """Something that is needed does not answer now; the same may succeed later."""

    status = 503
    may_pass = True


class TrainingProblem(OpdboardError):
    """Training cannot go on; what was stored stays."""


class NonFiniteLoss(TrainingProblem):
    """The loss or its gradient is NaN or infinite."""

    field = "optimizer.learning_rate"


class RemoteTeacherProblem(TrainingProblem):
    """A teacher behind an endpoint stays away, refuses, or gives answers that cannot be right."""

    may_pass = True
    field = "teacher"


class OutOfMemory(TrainingProblem):
    """Host or device memory does not suffice; that of a device may be another's a moment later."""

    may_pass = True
    field = "budget.micro_batch_size"


class DiskFull(TrainingProblem):
    """The data folder cannot be written to."""

    may_pass = True
