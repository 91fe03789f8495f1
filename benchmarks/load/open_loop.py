"""A client that sends at fixed times, whether or not the server keeps up.

A latency is counted from the time at which its request was due: waiting for a free connection counts too.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil

__all__ = ["Load", "drive", "quantile"]


@dataclass(slots=True)
class Load:
    """What came of a load.

    Args:
        latencies_seconds: of every request that was answered, whatever the answer.
        statuses: how often each status code came.
        seconds: from the first due time to the last answer.
    """

    latencies_seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0


async def drive(
    host: str, port: int, messages: Iterator[bytes], rate: float, count: int, connections: int
) -> Load:
    """Send ``count`` requests, ``rate`` a second, over so many connections that stay open."""
    load = Load()
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    streams = [await asyncio.open_connection(host, port) for _ in range(connections)]
    workers = [asyncio.create_task(_send(due, reader, writer, load)) for reader, writer in streams]
    begin = time.perf_counter()
    for number in range(count):
        moment = begin + number / rate
        message = next(messages)
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        due.put_nowait((moment, message))
    for _ in workers:
        due.put_nowait(None)
    await asyncio.gather(*workers)
    load.seconds = time.perf_counter() - begin
    for _, writer in streams:
        writer.close()
        await writer.wait_closed()
    return load


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that is at least as large as this share of all."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


async def _send(
    due: asyncio.Queue[tuple[float, bytes] | None],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    load: Load,
) -> None:
    while (item := await due.get()) is not None:
        moment, message = item
        writer.write(message)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(_content_length(head))
        load.latencies_seconds.append(time.perf_counter() - moment)
        load.statuses[int(head[9:12])] += 1


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
