"""One configuration from file, environment and command line: checked whole, every flaw told at once.

The command line counts more than the environment, that more than the file, and that more than the defaults.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from monitor.config.agreement import http_disagreements, stream_disagreements, streams_disagreements
from monitor.config.flaws import Flaw, InvalidConfiguration, Path, path_text, place_of
from monitor.config.overriding import apply_overrides, from_arguments, from_environment
from monitor.config.schema import HttpConfig, ServiceConfig, StreamConfig
from monitor.config.secret_values import hide_options
from monitor.config.wording import flaws_of
from monitor.config.yaml_text import Written, read_yaml
from monitor.problems import ConfigurationProblem

__all__ = ["load_config", "parse_config"]

MAX_BYTES = 1 << 20


def load_config(
    path: pathlib.Path, environment: Mapping[str, str], overrides: Mapping[str, str] | None = None
) -> ServiceConfig:
    """Read, complete and check a configuration.

    Args:
        path: a YAML file.
        environment: variables ``HMOE__SECTION__KEY`` in it count more than the file.
        overrides: dotted path -> value, as text; these count most.

    Raises:
        InvalidConfiguration: with every flaw that was found.
        ConfigurationProblem: the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        message = f"no such file: {path}; hmoe config init writes one to begin with"
        raise ConfigurationProblem(message) from error
    except OSError as error:
        raise ConfigurationProblem(f"cannot read {path}: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise ConfigurationProblem(f"{path} has {len(data):,} bytes; is it a configuration?")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationProblem(
            f"{path} is not UTF-8 text (byte {error.start}); save it as such"
        ) from error
    return parse_config(text, str(path), environment, overrides)


def parse_config(
    text: str, name: str, environment: Mapping[str, str], overrides: Mapping[str, str] | None = None
) -> ServiceConfig:
    """A configuration from YAML text; else as ``load_config``.

    Args:
        text: the YAML.
        name: how messages call it.
        environment: as in ``load_config``.
        overrides: as in ``load_config``.
    """
    written = read_yaml(text)
    is_readable = bool(written.values) or not written.flaws
    apply_overrides(written, [*from_environment(environment), *from_arguments(overrides or {})])
    values = hide_options(written.values)
    flaws, config = list(written.flaws), None
    try:
        config = ServiceConfig.model_validate(values)
    except ValidationError as error:
        if is_readable:
            flaws += flaws_of(error, values, written.places)
    flaws += _disagreements(values, written)
    if flaws or config is None:
        raise InvalidConfiguration(name, sorted(_located(flaws), key=_line))
    return config


def _disagreements(values: Mapping[str, Any], written: Written) -> Iterator[Flaw]:
    """Whatever parts are valid by themselves are looked at, so that one flaw does not hide another."""
    streams = values.get("streams")
    found: dict[int, StreamConfig] = {}
    for number, stream in enumerate(streams if isinstance(streams, list) else []):
        try:
            found[number] = StreamConfig.model_validate(stream)
        except ValidationError:
            continue
        for path, reason, remedy in stream_disagreements(found[number]):
            yield _flaw(("streams", number, *path), reason, remedy, written)
    for path, reason, remedy in streams_disagreements(found):
        yield _flaw(("streams", *path), reason, remedy, written)
    try:
        http = HttpConfig.model_validate(values.get("http", {}))
    except ValidationError:
        return
    for path, reason, remedy in http_disagreements(http):
        yield _flaw(("http", *path), reason, remedy, written)


def _flaw(path: Path, reason: str, remedy: str, written: Written) -> Flaw:
    return Flaw(path_text(path), place_of(path, written.places), "", reason, remedy)


def _located(flaws: list[Flaw]) -> list[Flaw]:
    """Flaws of the whole say less than those with a place, where there are such."""
    return [flaw for flaw in dict.fromkeys(flaws) if flaw.path or flaw.place] or flaws


def _line(flaw: Flaw) -> tuple[int, str]:
    """In the order of the file; what comes from elsewhere after it."""
    number = flaw.place.removeprefix("line ")
    return (int(number), "") if number.isdigit() else (1 << 30, flaw.place)
