"""Every contestant by name, and what is missing where one cannot start."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence

from .capymoa_models import CAPYMOA
from .contestant import Entry
from .deep import DEEP
from .dummies import DUMMIES
from .project import PROJECT
from .river_models import RIVER
from .sklearn_models import SKLEARN
from .vowpal import VOWPAL

__all__ = ["CONTESTANTS", "PEERS", "UnknownPeer", "expand", "missing"]

PEERS: dict[str, Entry] = {**RIVER, **SKLEARN, **VOWPAL, **CAPYMOA, **DEEP}
CONTESTANTS: dict[str, Entry] = {**PROJECT, **PEERS, **DUMMIES}


class UnknownPeer(ValueError):
    """A name that is no contestant."""


def expand(wanted: Sequence[str]) -> list[str]:
    """Names, ``all`` or ``none`` -> peers, each once, in the order asked for."""
    families = {"all": tuple(PEERS), "none": ()}
    names: list[str] = []
    for entry in wanted:
        if entry not in families and entry not in CONTESTANTS:
            raise UnknownPeer(f"peer {entry!r} is not known; there are: all, none, {', '.join(CONTESTANTS)}")
        names.extend(families.get(entry, (entry,)))
    return list(dict.fromkeys(names))


def missing(entry: Entry) -> str | None:
    """What has to be installed before this contestant can start here; None if nothing."""
    for program in entry.programs:
        if shutil.which(program) is None:
            return f"not installed: {program}"
    if any(importlib.util.find_spec(module) is None for module in entry.modules):
        return f"not installed: pip install {entry.install}"
    return None
