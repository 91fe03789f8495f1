"""Which episodes to tell of."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.control.episodes import Episode

__all__ = ["EpisodeKind", "EpisodeLevel", "choose"]


class EpisodeKind(enum.StrEnum):
    """A diagnosis, by one word."""

    NONE = "none"
    COVARIATE = "covariate"
    LOCAL = "local"
    GLOBAL = "global"
    BOTH = "both"


class EpisodeLevel(enum.StrEnum):
    """How far an episode came."""

    WARNING = "warning"
    DRIFT = "drift"


def choose(
    episodes: Sequence[Episode],
    kind: EpisodeKind | None = None,
    level: EpisodeLevel = EpisodeLevel.DRIFT,
    since: int = 0,
    limit: int | None = None,
) -> tuple[list[Episode], int]:
    """The episodes that are asked for, oldest first, and how many mere warnings were left out.

    Args:
        episodes: of a run.
        kind: only those with this diagnosis; None for any, or none yet.
        level: only those that came so far; a warning that never became an alarm is no drift.
        since: only those whose alarm, or without one whose begin, is at this record or later.
        limit: only the newest so many.
    """
    from stream_hmoe.events import Diagnosis

    wanted = [episode for episode in episodes if _record(episode) >= since]
    if kind is not None:
        wanted = [episode for episode in wanted if episode.diagnosis == Diagnosis[kind.name]]
    drifts = [episode for episode in wanted if episode.alarm is not None]
    found = drifts if level is EpisodeLevel.DRIFT else wanted
    return found[-limit:] if limit is not None else found, len(wanted) - len(found)


def _record(episode: Episode) -> int:
    return episode.begin if episode.alarm is None else episode.alarm
