"""What everything that speaks to Kafka shares: settings for librdkafka, and errors in words with a remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from pydantic import SecretStr

from monitor.config.schema import KafkaConfig
from monitor.problems import ConfigurationProblem, Problem, TemporaryProblem

__all__ = [
    "END_OF_PARTITION",
    "QUERY_SECONDS",
    "client_settings",
    "first_error",
    "lasting_problem",
    "remedy_for",
]

QUERY_SECONDS = 5.0
"""Longest wait for an answer to a question about topics and offsets."""

END_OF_PARTITION = "_PARTITION_EOF"
"""Name of what a consumer reports when it has read a partition to its end."""

ONLY_EMERGENCIES = 0

_MISSING = "create the topic, or correct its name in the configuration"
_REFUSED = "allow this user to use it (kafka-acls --add), or correct options: sasl.username"
_SIGN_IN = "correct options: security.protocol, sasl.mechanism, sasl.username, sasl.password, ssl.ca.location"
_REMEDIES = {
    "UNKNOWN_TOPIC_OR_PART": _MISSING,
    "UNKNOWN_TOPIC_ID": _MISSING,
    "_UNKNOWN_TOPIC": _MISSING,
    "_UNKNOWN_PARTITION": _MISSING,
    "TOPIC_AUTHORIZATION_FAILED": _REFUSED,
    "GROUP_AUTHORIZATION_FAILED": _REFUSED,
    "CLUSTER_AUTHORIZATION_FAILED": _REFUSED,
    "_AUTHENTICATION": _SIGN_IN,
    "SASL_AUTHENTICATION_FAILED": _SIGN_IN,
    "UNSUPPORTED_SASL_MECHANISM": _SIGN_IN,
    "MSG_SIZE_TOO_LARGE": "raise max.message.bytes of the topic and options: message.max.bytes",
    "_BAD_MSG": "the log is damaged: repair it, or start after it with a new state folder",
    "_BAD_COMPRESSION": "the log is damaged: repair it, or start after it with a new state folder",
    "INVALID_MSG": "the log is damaged: repair it, or start after it with a new state folder",
}


def client_settings(
    config: KafkaConfig, fixed: Mapping[str, Any], suggested: Mapping[str, Any]
) -> dict[str, Any]:
    """Settings of a client.

    Args:
        config: addresses and the operator's options.
        fixed: settings that the program relies on.
        suggested: settings that an option may replace.

    Raises:
        ConfigurationProblem: an option is one that the program relies on.
    """
    own = {"bootstrap.servers": config.brokers, **fixed}
    for name in config.options:
        if name in own:
            raise ConfigurationProblem(f"options: {name} is set by the program; take it out")
    given = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in config.options.items()
    }
    # What librdkafka would log comes through its error callback as well, once and in one format.
    return {"log_level": ONLY_EMERGENCIES, "log.connection.close": False, **suggested, **given, **own}


def remedy_for(error: KafkaError) -> str | None:
    """What the operator can do; None for an error that may pass by itself."""
    if error.fatal():
        return "restart: it goes on from its last checkpoint"
    return _REMEDIES.get(error.name())


def lasting_problem(error: KafkaError, what: str) -> Problem | None:
    """The problem that an error means, or None when it may pass by itself.

    Args:
        error: what librdkafka reports.
        what: the topic, partition or cluster that it is about.
    """
    remedy = remedy_for(error)
    if remedy is None:
        return None
    kind = TemporaryProblem if error.fatal() else ConfigurationProblem
    return kind(f"{what}: {error.str()}; {remedy}")


def first_error(exception: KafkaException) -> KafkaError:
    """What an exception of the client is about."""
    error: KafkaError = exception.args[0]
    return error
