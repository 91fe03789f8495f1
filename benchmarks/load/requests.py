"""The requests of a load, from a file of records."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, urlencode

__all__ = ["ROUTES", "Kind", "Labelled", "read_records", "requests"]

Kind = Literal["predict", "observe", "learn", "events"]
ROUTES: Mapping[str, str] = {
    "predict": "/predict",
    "observe": "/predict",
    "learn": "/learn",
    "events": "/events",
}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A record and its label."""

    features: Mapping[str, Any]
    target: str


def read_records(path: Path, limit: int) -> list[Labelled]:
    """The first rows of a gzip CSV file: a header row, features first, the target last."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(itertools.islice(csv.reader(file), limit + 1))
    *names, _ = rows[0]
    return [
        Labelled(dict(zip(names, map(_value, values), strict=True)), target) for *values, target in rows[1:]
    ]


def requests(
    kind: Kind, records: Sequence[Labelled], batch: int, url: SplitResult, token: str, stream: str, run: str
) -> Iterator[bytes]:
    """Whole HTTP requests without end, going round the records.

    Args:
        kind: what each asks for.
        records: what they carry.
        batch: events of one request, for ``events``.
        url: where the API is.
        token: for requests that change something; empty for none.
        stream: name of the stream; empty where there is one.
        run: begins every key, so that no key is used twice.
    """
    target = ROUTES[kind] + (f"?{urlencode({'stream': stream})}" if stream else "")
    head = f"POST {target} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
    head += f"Authorization: Bearer {token}\r\n" if token else ""
    turns = itertools.cycle(records)
    for number in itertools.count():
        if kind == "events":
            content: Any = [
                _example(record, f"{run}-{number}-{place}")
                for place, record in enumerate(itertools.islice(turns, batch))
            ]
        elif kind == "learn":
            content = _example(next(turns), f"{run}-{number}")
        else:
            key = {"key": f"{run}-{number}"} if kind == "observe" else {}
            content = {"features": next(turns).features, **key}
        body = json.dumps(content, separators=(",", ":")).encode()
        yield f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _example(record: Labelled, key: str) -> dict[str, Any]:
    return {"key": key, "features": record.features, "target": record.target}


def _value(text: str) -> float | str | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        return text
