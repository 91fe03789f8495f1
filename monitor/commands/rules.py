"""``hmoe rules``: what Prometheus records and alerts on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(help="Recording rules and alerts for Prometheus.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """Recording rules and alerts for Prometheus."""


@app.command()
def render(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write; standard output by default."),
    ] = None,
    lag: Annotated[int, typer.Option("--lag", metavar="N", help="Messages waiting, still growing.")] = 10_000,
    objective: Annotated[
        float, typer.Option("--objective", metavar="R", help="Share of records that must be usable.")
    ] = 0.99,
    dlq_ratio: Annotated[
        float, typer.Option("--dlq-ratio", metavar="R", help="Dead-lettered messages a record received.")
    ] = 0.05,
    label_ratio: Annotated[
        float, typer.Option("--label-ratio", metavar="R", help="Share of records whose labels never came.")
    ] = 0.2,
    loss_rise: Annotated[
        float, typer.Option("--loss-rise", metavar="NATS", help="Loss above the usual one that is harm.")
    ] = 0.1,
    recovery: Annotated[
        int, typer.Option("--recovery", metavar="MINUTES", help="Time to recover in after a drift.")
    ] = 15,
    dead_ratio: Annotated[
        float, typer.Option("--dead-ratio", metavar="R", help="Share of experts without work.")
    ] = 0.5,
    adaptations: Annotated[
        float, typer.Option("--adaptations", metavar="N", help="Challenges and rollbacks in 100,000 records.")
    ] = 8.0,
    challenge: Annotated[
        int, typer.Option("--challenge", metavar="MINUTES", help="Longest test of a challenger.")
    ] = 120,
    checkpoint: Annotated[
        int, typer.Option("--checkpoint", metavar="MINUTES", help="Oldest newest checkpoint.")
    ] = 10,
    free: Annotated[float, typer.Option("--free", metavar="GIB", help="Least free disk.")] = 2.0,
    samples: Annotated[int, typer.Option("--samples", metavar="N", help="Most series of a worker.")] = 5_000,
    job: Annotated[str, typer.Option("--job", metavar="NAME", help="Scrape job of the workers.")] = "hmoe",
    runbooks: Annotated[
        str, typer.Option("--runbooks", metavar="URL", help="Where docs/runbooks.md is served.")
    ] = "docs/runbooks.md",
    dashboard: Annotated[
        str, typer.Option("--dashboard", metavar="URL", help="Where the dashboard is served.")
    ] = "http://127.0.0.1:8501/",
    faster: Annotated[
        float,
        typer.Option("--faster", min=1.0, metavar="N", help="Windows and waits N times shorter, for trying."),
    ] = 1.0,
) -> None:
    """Write the rules file for given thresholds.

    Example: hmoe rules render --lag 50000 --objective 0.999 --output rules.yml
    """
    from monitor.alerts import Links, Thresholds
    from monitor.alerts import render as rendered

    limits = Thresholds(
        lag_records=lag,
        objective=objective,
        dlq_ratio=dlq_ratio,
        label_ratio=label_ratio,
        loss_rise_nats=loss_rise,
        recovery_minutes=recovery,
        dead_ratio=dead_ratio,
        adaptations=adaptations,
        challenge_minutes=challenge,
        checkpoint_minutes=checkpoint,
        free_gib=free,
        samples=samples,
    )
    text = rendered(limits, Links(runbooks, dashboard), job, faster)
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, encoding="utf-8")
