"""Latency and throughput of a running HTTP API: ``python -m benchmarks.http_load --help``.

Requests go out at a fixed rate over connections that stay open; the service is another process.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from .comparison import write_json
from .load.open_loop import Load, drive, quantile
from .load.requests import Kind, read_records, requests
from .reports.tables import wide_console

__all__ = ["main"]

QUANTILES = (0.5, 0.99, 0.999, 1.0)
MAX_RECORDS = 20_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code: 1 when a request was refused."""
    options = _parser().parse_args(arguments)
    url = urlsplit(options.url)
    records = read_records(options.records, MAX_RECORDS)
    messages = requests(
        options.kind, records, options.batch, url, options.token, options.stream, f"run{os.getpid()}"
    )
    count = max(1, round(options.rate * options.seconds))
    load = asyncio.run(
        drive(url.hostname or "127.0.0.1", url.port or 80, messages, options.rate, count, options.connections)
    )
    found = _summary(load, options.batch if options.kind == "events" else 1)
    quantiles = ", ".join(f"p{100 * share:g} {found[f'p{100 * share:g}_ms']:.2f} ms" for share in QUANTILES)
    console = wide_console()
    console.print(
        f"{options.kind}: {count:,} requests at {options.rate:g}/s over {options.connections} connections: "
        f"{quantiles}; {found['events_per_second']:,.0f} events/s"
    )
    console.print(f"answers by status: {dict(sorted(load.statuses.items()))}", markup=False)
    if options.json:
        write_json(options.json, "http_load", {**vars(options), "token": ""}, **found)
    return 0 if all(status < 300 for status in load.statuses) else 1


def _summary(load: Load, batch: int) -> dict[str, float]:
    latencies = {
        f"p{100 * share:g}_ms": 1_000.0 * quantile(load.latencies_seconds, share) for share in QUANTILES
    }
    return {**latencies, "events_per_second": batch * len(load.latencies_seconds) / load.seconds}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http_load", description=__doc__)
    parser.add_argument("url", help="where the API is, for example http://127.0.0.1:8080")
    parser.add_argument("records", type=Path, help="gzip CSV: header row, features first, target last")
    parser.add_argument(
        "--kind", choices=get_args(Kind), default="predict", help="observe is predict with a key"
    )
    parser.add_argument("--rate", type=float, default=500.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long")
    parser.add_argument("--connections", type=int, default=16, help="connections that stay open")
    parser.add_argument("--batch", type=int, default=500, help="events of one request, for --kind events")
    parser.add_argument("--stream", default="", help="name of the stream, where there are several")
    parser.add_argument("--token", default="", help="http.token of the service")
    parser.add_argument("--json", type=Path, help="write what was measured here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
