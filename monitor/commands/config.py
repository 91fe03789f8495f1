"""``hmoe config``: check, show and begin the configuration of the service."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands.output import print_json
from monitor.config.examples import Kind, example
from monitor.problems import ConfigurationProblem, UsageProblem

if TYPE_CHECKING:
    from monitor.config import ServiceConfig

__all__ = ["ConfigPath", "Settings", "app", "load", "settings_of"]

STREAM_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

app = typer.Typer(
    help=(
        "Check, show and begin the configuration of the service.\n\n"
        "A value is taken from --set, else from the environment (HMOE__HTTP__PORT=9090 sets http.port; with "
        "_FILE at the end, the variable names a file that holds the value), else from the file, else it is "
        "the default."
    ),
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

ConfigPath = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The configuration.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Set a value, e.g. http.port=9090; repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
USUAL = Path("hmoe.yaml")


@app.command("check")
def check(config: ConfigPath = USUAL, settings: Settings = None, as_json: AsJson = False) -> None:
    """Is everything right? Names every flaw at once, with its line and what to do; exit code 78 if any.

    Nothing is started or reached: that is what hmoe doctor -c does.

    Example: hmoe config check -c hmoe.yaml
    """
    from monitor.config import InvalidConfiguration, config_hash

    try:
        found = load(config, settings)
    except InvalidConfiguration as problem:
        if as_json:
            print_json({"valid": False, "file": str(config), "flaws": problem.to_json()})
        raise
    names = [stream.name for stream in found.streams]
    if as_json:
        print_json({"valid": True, "file": str(config), "hash": config_hash(found), "streams": names})
        return
    print(f"{config} is valid: streams {', '.join(names)}; hash {config_hash(found)}")


@app.command("show")
def show(config: ConfigPath = USUAL, settings: Settings = None, as_json: AsJson = False) -> None:
    """Print every value in effect, defaults too; secrets are masked.

    For example:

    * hmoe config show -c hmoe.yaml

    * HMOE__HTTP__PORT=9090 hmoe config show --json
    """
    from monitor.config import shown, shown_yaml

    found = load(config, settings)
    if as_json:
        print_json(shown(found))
        return
    print(shown_yaml(found), end="")


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of the file, for editors that check and complete it.

    Example: hmoe config schema > hmoe.schema.json, and as first line of the configuration:
    # yaml-language-server: $schema=hmoe.schema.json
    """
    from monitor.config import json_schema

    print(json.dumps(json_schema(), indent=2))


@app.command("init")
def init(
    path: Annotated[Path, typer.Argument(metavar="[FILE]", help="What to write; - prints it.")] = USUAL,
    kind: Annotated[Kind, typer.Option("--source", help="Where the records come from.")] = Kind.FILE,
    name: Annotated[str, typer.Option("--name", help="Name of the stream.")] = "main",
    target: Annotated[str, typer.Option("--target", "-t", help="The field to predict.")] = "label",
    is_regression: Annotated[bool, typer.Option("--regression", help="The target is a number.")] = False,
    is_forced: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Write a commented configuration to begin with.

    For example:

    * hmoe config init --source file --target price --regression

    * hmoe config init orders.yaml --source kafka --name orders --target is_fraud
    """
    if STREAM_NAME.fullmatch(name) is None:
        raise UsageProblem(f"--name {name!r}: lower case letters, digits, - and _ (at most 63)")
    text = example(kind, name, target, is_regression)
    if str(path) == "-":
        print(text, end="")
        return
    try:
        with path.open("w" if is_forced else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        message = f"{path} is there already; give another name, or --force to replace it"
        raise ConfigurationProblem(message) from error
    except OSError as error:
        raise ConfigurationProblem(f"cannot write {path}: {error.strerror}") from error
    print(f"wrote {path}; next: hmoe config check -c {path}", file=sys.stderr)


def load(path: Path, settings: list[str] | None) -> ServiceConfig:
    """The configuration of a command: its file, this process's environment and its ``--set`` options.

    Raises:
        ConfigurationProblem: it is not valid.
        UsageProblem: a ``--set`` is not PATH=VALUE.
    """
    from monitor.config import load_config

    return load_config(path, os.environ, settings_of(settings))


def settings_of(settings: list[str] | None) -> dict[str, str]:
    """``--set`` options as path -> value."""
    found: dict[str, str] = {}
    for setting in settings or ():
        path, equals, value = setting.partition("=")
        if not equals or not path:
            raise UsageProblem(f"--set {path!r}: write PATH=VALUE, for example --set http.port=9090")
        found[path] = value
    return found
