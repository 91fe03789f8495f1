"""The configuration of the service: one YAML file, checked before anything starts.

``schema`` says what may stand in it; ``loading`` reads file, environment and command line and tells every
flaw at once (``yaml_text``, ``overriding``, ``wording``, ``agreement``); ``showing`` shows it, without
secrets.
"""

from monitor.config.agreement import is_loopback
from monitor.config.flaws import Flaw, InvalidConfiguration
from monitor.config.loading import load_config, parse_config
from monitor.config.schema import ServiceConfig, StreamConfig
from monitor.config.secret_values import read_token, secrets_in
from monitor.config.showing import config_hash, json_schema, shown, shown_yaml

__all__ = [
    "Flaw",
    "InvalidConfiguration",
    "ServiceConfig",
    "StreamConfig",
    "config_hash",
    "is_loopback",
    "json_schema",
    "load_config",
    "parse_config",
    "read_token",
    "secrets_in",
    "shown",
    "shown_yaml",
]
