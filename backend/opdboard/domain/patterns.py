"""Regular expressions that texts have to match, each with the words for one that does not."""

REPOSITORY = r"^[\w.-]+(/[\w.-]+)?$"
"""The name of a data set on the hub."""
SPLIT = r"^\w+([.-]\w+)*$"
UPLOADED = r"^[0-9a-f]{32}-[A-Za-z0-9_-][A-Za-z0-9._-]{0,180}$"
"""Never a path out of their folder."""
SET_NAME = r"^[a-z0-9]+([_-][a-z0-9]+)*$"
ADDRESS = r"^https?://\S+$"
VARIABLE = r"^[A-Za-z0-9_]*$"

_SPLIT_WORDS = "must be the name of a split, such as train or test"
_UPLOADED_WORDS = (
    "is no uploaded file: choose one in the form, or name a file of the worker under data.path with data.kind 'file'"
)


def or_empty(pattern: str) -> str:
    """The same where nothing may be given, too."""
    return f"^$|{pattern}"


PATTERNS = {
    REPOSITORY: "must be a name on the hub, such as openai/gsm8k",
    SPLIT: _SPLIT_WORDS,
    or_empty(SPLIT): _SPLIT_WORDS,
    UPLOADED: _UPLOADED_WORDS,
    or_empty(UPLOADED): _UPLOADED_WORDS,
    SET_NAME: "must be lower-case letters and digits, with - or _ between them",
    ADDRESS: "must be an address that begins with http:// or https://",
    VARIABLE: "must be the name of an environment variable: letters, digits and _",
}
"""What is wrong with a text that does not match, by the pattern."""
