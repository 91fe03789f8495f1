"""A configuration as people and editors see it: complete, without secrets, and with a hash of its own."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import yaml

from monitor.config.fields import OPTIONS, is_secret_name
from monitor.config.schema import ServiceConfig

__all__ = ["MASK", "config_hash", "json_schema", "shown", "shown_yaml"]

MASK = "********"
PYDANTIC_MASK = "**********"
HASH_DIGITS = 16


def shown(config: ServiceConfig) -> dict[str, Any]:
    """Every value in effect, defaults too, as plain JSON values; secrets are masked."""
    masked: dict[str, Any] = _masked(config.model_dump(mode="json"))
    return masked


def shown_yaml(config: ServiceConfig) -> str:
    """What ``shown`` gives, as YAML in the order of the models."""
    return yaml.safe_dump(shown(config), sort_keys=False, allow_unicode=True, width=110)


def config_hash(config: ServiceConfig) -> str:
    """Sixteen hexadecimal digits that change with the configuration, but not with its secrets."""
    text = json.dumps(shown(config), sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the configuration file, for editors."""
    schema = ServiceConfig.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "stream-hmoe"}


def _masked(values: Any) -> Any:
    if isinstance(values, list):
        return [_masked(value) for value in values]
    if not isinstance(values, dict):
        return MASK if values == PYDANTIC_MASK else values
    masked = {name: _masked(value) for name, value in values.items()}
    if isinstance(masked.get(OPTIONS), dict):
        masked[OPTIONS] = {
            name: MASK if is_secret_name(name) else value for name, value in masked[OPTIONS].items()
        }
    return masked
