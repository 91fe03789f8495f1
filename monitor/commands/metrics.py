"""``hmoe metrics``: what the service tells Prometheus."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from monitor.commands.output import print_json

__all__ = ["command"]


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print every metric with its type, labels, unit and meaning (docs/metrics.md)."""
    from monitor.metrics.catalogue import CATALOGUE, catalogue_page

    if as_json:
        print_json({"metrics": [asdict(entry) for entry in CATALOGUE]})
    else:
        print(catalogue_page(), end="")
