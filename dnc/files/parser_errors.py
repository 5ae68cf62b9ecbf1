"""Why a spreadsheet or a Parquet file is refused while it is parsed in the sandbox.

Only the name of such an error reaches the parent process. It is a key below `errors.parser` in the messages.
"""


class ParserError(Exception):
    """Raised with no text, since it might quote data."""


class Wide(ParserError):  # noqa: N818 (its name is what the parent process reads)
    """The file has more columns than a spreadsheet can have."""


class Long(ParserError):  # noqa: N818
    """A cell is longer than a line of CSV may be, or is a list of as many items."""


class Swollen(ParserError):  # noqa: N818
    """The file is small because equal cells are stored once; written out, they need too much memory."""


class Contradictory(ParserError):  # noqa: N818
    """The file has another number of rows than it says."""
