"""SIGHUP: read the configuration again and take over what can change while streams run."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from monitor.config import ServiceConfig, secrets_in
from monitor.logs import get_logger, set_up_logging
from monitor.problems import Problem

if TYPE_CHECKING:
    from monitor.service.service import Service

__all__ = ["ReloadRequest", "reload_config"]

CHANGEABLE = ("log", "checkpoint", "grace_seconds")


class ReloadRequest:
    """Notes SIGHUP while it is entered."""

    def __init__(self) -> None:
        self._is_asked = False
        self._before: Any = None

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGHUP, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGHUP, self._before)

    def take(self) -> bool:
        """Whether it was asked for since the last time."""
        asked, self._is_asked = self._is_asked, False
        return asked

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._is_asked = True


def reload_config(service: Service, load: Callable[[], ServiceConfig]) -> None:
    """Take over log and checkpoint settings; say what else has changed and needs a new start.

    A configuration that cannot be used changes nothing.
    """
    log = get_logger()
    try:
        config = load()
    except Problem as problem:
        log.error("reload_refused", err=str(problem))
        return
    before = service.config
    changed = [name for name in ServiceConfig.model_fields if getattr(config, name) != getattr(before, name)]
    taken = {name: getattr(config, name) for name in changed if name in CHANGEABLE}
    service.config = before.model_copy(update=taken)
    for supervisor in service.supervisors.values():
        supervisor.service = service.config
        if supervisor.worker is not None:
            supervisor.worker.saving = service.config.checkpoint
    set_up_logging(service.config.log, secrets_in(service.config))
    needs_restart = sorted(set(changed) - set(taken))
    log.info("reloaded", taken=", ".join(sorted(taken)), needs_restart=", ".join(needs_restart))
