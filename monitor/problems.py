"""What can go wrong around the learner, and the exit code of each kind; the message says what to do."""

from __future__ import annotations

import enum

from stream_hmoe.errors import StreamHMoEError

__all__ = [
    "ConfigurationProblem",
    "ExitCode",
    "MessagesGone",
    "Problem",
    "SinkProblem",
    "StorageProblem",
    "TemporaryProblem",
    "UsageProblem",
]


class ExitCode(enum.IntEnum):
    """How a command ended, after sysexits.h."""

    OK = 0
    USAGE = 2
    TEMPORARY = 75
    CONFIGURATION = 78


class Problem(StreamHMoEError):
    """Something the operator has to know; ``exit_code`` tells a supervisor whether trying again can help."""

    exit_code = ExitCode.CONFIGURATION


class UsageProblem(Problem):
    """The command line itself is wrong: options that do not go together, a value out of range."""

    exit_code = ExitCode.USAGE


class ConfigurationProblem(Problem):
    """The command does not fit what it was given: no such file, no such column, an older run in the way."""

    exit_code = ExitCode.CONFIGURATION


class TemporaryProblem(Problem):
    """The same command may work later: a port in use, an incomplete file, a full disk."""

    exit_code = ExitCode.TEMPORARY


class StorageProblem(TemporaryProblem):
    """A disk does not take what is to be kept."""


class SinkProblem(TemporaryProblem):
    """What takes the results does not take them for now."""


class MessagesGone(ConfigurationProblem):
    """Messages were deleted from a log before they were read, and nobody said to pass over them."""
