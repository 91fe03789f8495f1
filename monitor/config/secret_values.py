"""The secrets of a configuration: kept from logs, from what is shown and from hashes."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

from monitor.config.fields import OPTIONS, is_secret_name
from monitor.config.schema import HttpConfig
from monitor.problems import ConfigurationProblem

__all__ = ["hide_options", "read_token", "secrets_in"]


def hide_options(values: Any) -> Any:
    """The same plain values, with the secrets among options of client libraries wrapped."""
    if isinstance(values, list):
        return [hide_options(value) for value in values]
    if not isinstance(values, dict):
        return values
    hidden = {name: hide_options(value) for name, value in values.items()}
    if isinstance(hidden.get(OPTIONS), dict):
        hidden[OPTIONS] = {
            name: SecretStr(str(value)) if is_secret_name(name) and isinstance(value, str | int) else value
            for name, value in hidden[OPTIONS].items()
        }
    return hidden


def read_token(http: HttpConfig) -> SecretStr | None:
    """The token of the HTTP API, from the configuration or from its file; None when there is none.

    Raises:
        ConfigurationProblem: the file cannot be read, it holds no token, or there are two.
    """
    if http.token is not None and http.token_file is not None:
        raise ConfigurationProblem("http.token and http.token_file are both given: keep one of them")
    name = "http.token" if http.token_file is None else f"http.token_file: {http.token_file}"
    text = _token_text(http)
    if text is None:
        return None
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        found = "is empty" if not token else "holds no token"
        raise ConfigurationProblem(f"{name} {found}; a token is printable ASCII without spaces")
    return SecretStr(token)


def secrets_in(part: Any) -> frozenset[str]:
    """Every secret text in a configuration, also the passwords inside addresses.

    Args:
        part: the configuration or a part of it.
    """
    if isinstance(part, SecretStr):
        return _secret_texts(part.get_secret_value())
    if isinstance(part, BaseModel):
        own = frozenset[str]()
        if isinstance(part, HttpConfig) and part.token_file is not None:
            own = secrets_in(read_token(part))
        return own.union(*(secrets_in(getattr(part, name)) for name in type(part).model_fields))
    if isinstance(part, dict):
        return frozenset[str]().union(*map(secrets_in, part.values()))
    if isinstance(part, list):
        return frozenset[str]().union(*map(secrets_in, part))
    return frozenset()


def _token_text(http: HttpConfig) -> str | None:
    if http.token_file is None:
        return None if http.token is None else http.token.get_secret_value()
    try:
        return http.token_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        message = f"http.token_file: cannot read {http.token_file}: {reason}"
        raise ConfigurationProblem(f"{message}; it must hold the token") from error


def _secret_texts(text: str) -> frozenset[str]:
    if "://" not in text:
        return frozenset({text} - {""})
    try:
        password = urlsplit(text).password
    except ValueError:
        password = None
    return frozenset({text, *([password, unquote(password)] if password else [])})
