"""The service: several streams that take turns in one thread, an HTTP API beside them, an orderly end."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from monitor.config import ServiceConfig, config_hash, load_config, secrets_in
from monitor.http import HttpServer, build_app
from monitor.logs import get_logger, set_up_logging
from monitor.metrics import Process, registry_of
from monitor.problems import ExitCode
from monitor.run.stopping import StopRequest
from monitor.service.gateway import ModelGateway
from monitor.service.grace import Grace
from monitor.service.reload import ReloadRequest, reload_config
from monitor.service.supervisor import Standing, StreamSupervisor

__all__ = ["Service", "run_service"]

IDLE_SECONDS = 0.005


def run_service(
    config_path: Path, overrides: Mapping[str, str], environment: Mapping[str, str], *, is_standby: bool
) -> ExitCode:
    """Run the streams of a configuration until they have ended or a stop is requested.

    Args:
        config_path: the configuration.
        overrides: settings of the command line.
        environment: settings of the environment.
        is_standby: wait for streams that another worker holds.

    Raises:
        Problem: the service cannot begin; the message says why and what to do.
    """

    def load() -> ServiceConfig:
        return load_config(config_path, environment, overrides)

    config = load()
    set_up_logging(config.log, secrets_in(config))
    log = get_logger()
    with ExitStack() as stack:
        service = Service(config, is_standby=is_standby)
        grace = stack.enter_context(Grace())
        stack.callback(service.close)
        registry = registry_of(service.boards, Process(config.state, config_hash(config)))
        app = build_app(service.gateway, config.http, registry)
        server = stack.enter_context(HttpServer(app, config.http.host, config.http.port))
        log.info("http_listening", address=server.address)
        stop = stack.enter_context(StopRequest(lambda: grace.begin(service.config.grace_seconds)))
        hang_up = stack.enter_context(ReloadRequest())
        service.start()
        while not stop.is_requested:
            if hang_up.take():
                reload_config(service, load)
            if not service.turn():
                break
        grace.begin(service.config.grace_seconds)
        service.stop(stop.reason or "every source has ended")
        return ExitCode.OK


class Service:
    """Streams that take turns.

    Args:
        config: what to do.
        is_standby: wait for streams that another worker holds.
    """

    def __init__(self, config: ServiceConfig, *, is_standby: bool = False) -> None:
        self.config = config
        self.supervisors = {
            stream.name: StreamSupervisor(config, stream, is_standby=is_standby, log=get_logger(stream.name))
            for stream in config.streams
        }
        self.boards = [supervisor.board for supervisor in self.supervisors.values()]
        self.gateway = ModelGateway(config, self.supervisors)

    def start(self) -> None:
        """Open every stream.

        Raises:
            Problem: one of them can never run like this.
        """
        for supervisor in self.supervisors.values():
            supervisor.start()

    def turn(self) -> bool:
        """Let every stream take a turn; without work, wait a moment -> whether one may still have work."""
        self.gateway.serve()
        limit = self.gateway.turn_messages()
        streams = self.supervisors.values()
        taken = sum(supervisor.turn(limit, 0.0) for supervisor in streams)
        if not taken:
            self.gateway.wait(IDLE_SECONDS)
        return any(supervisor.standing is not Standing.ENDED for supervisor in streams)

    def stop(self, reason: str) -> None:
        """Stop every stream in order, with a checkpoint, and answer everybody who still waits."""
        for supervisor in self.supervisors.values():
            supervisor.stop(reason)
        self.gateway.close()

    def close(self) -> None:
        """Let go of everything."""
        self.gateway.close()
        for supervisor in self.supervisors.values():
            supervisor.close()
