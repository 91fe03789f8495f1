"""Evidence against "nothing has changed", as e-processes: safe to look at after every record.

``reference`` says what is known of the gate while nothing changes; ``leaves`` and ``starts`` are the bets,
``mixture`` runs them as one e-detector whose threshold is the wanted average run length; ``calibration``
finds the threshold where records depend on each other; ``attribution`` and ``severity`` read the accounts.
"""

from .attribution import flagged_leaves, group_shares, leaf_log_capital, leaf_shares
from .banks import make_bets, make_capital
from .calibration import Calibration
from .mixture import Bets, Capital, accumulate
from .reference import Reference, estimate, known, one_hot, restored, run_length, run_means
from .severity import Severity, measure, richest_start

__all__ = [
    "Bets",
    "Calibration",
    "Capital",
    "Reference",
    "Severity",
    "accumulate",
    "estimate",
    "flagged_leaves",
    "group_shares",
    "known",
    "leaf_log_capital",
    "leaf_shares",
    "make_bets",
    "make_capital",
    "measure",
    "one_hot",
    "restored",
    "richest_start",
    "run_length",
    "run_means",
]
