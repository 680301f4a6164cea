"""Errors that say what is wrong and what to do, one class for each kind of culprit."""


class SacmesError(Exception):
    """Base of every error that is meant to be read by a person; its text is a sentence."""


class ConfigError(SacmesError):
    """A setting, a command line or a file of ours is wrong."""


class FormatError(SacmesError):
    """A file cannot be read as a voltammogram.

    Attributes
    ----------
    reason
        A sentence for the chemist: what was found and what to do.
    line
        The line of the file, counted from 1, where reading stopped; None if it is no one line.
    """

    def __init__(self, reason: str, *, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"{reason} (line {line})")
        self.reason = reason
        self.line = line


class ProtocolError(SacmesError):
    """A topic or a payload from outside is not of the protocol; refused, counted, never fatal."""


class AnalysisError(SacmesError):
    """Settings and data do not fit together, so that no number can be computed."""
