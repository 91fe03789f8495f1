"""``hmoe produce``: a drifting stream with late labels, to Kafka or to standard output."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

__all__ = ["command"]

FIRST_CHANGE = 0.15  # of a period: see stream_hmoe.streams.deliveries
FULL_SPEED = 2_000.0  # records a second by the times of the stream, where it is written as fast as possible


def command(
    brokers: Annotated[
        str | None, typer.Option("--brokers", metavar="HOST:PORT", help="Kafka; standard output without it.")
    ] = None,
    events: Annotated[
        str, typer.Option("--events", metavar="TOPIC", help="Topic of the records.")
    ] = "deliveries",
    labels: Annotated[
        str, typer.Option("--labels", metavar="TOPIC", help="Topic of the labels.")
    ] = "delivery-labels",
    rate: Annotated[
        float, typer.Option("--rate", min=0, metavar="R", help="Records per second; 0 is full speed.")
    ] = 200.0,
    label_delay: Annotated[
        float,
        typer.Option(
            "--label-delay", min=0, metavar="SECONDS", help="Mean delay; 0 puts labels into the records."
        ),
    ] = 5.0,
    label_ratio: Annotated[
        float, typer.Option("--label-ratio", min=0, max=1, metavar="R", help="Share of records with a label.")
    ] = 1.0,
    records: Annotated[
        int | None, typer.Option("--records", min=1, metavar="N", help="Stop after N records.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, metavar="N", help="Another seed, another stream.")
    ] = 0,
    period: Annotated[
        int, typer.Option("--period", min=100, metavar="N", help="Records until the changes repeat.")
    ] = 40_000,
    change_at: Annotated[
        int | None,
        typer.Option("--change-at", min=15, metavar="N", help="First change at record N; sets the period."),
    ] = None,
    start: Annotated[
        float | None,
        typer.Option("--start", metavar="SECONDS", help="Unix time from which times are reckoned; now."),
    ] = None,
) -> None:
    """Send made-up parcel deliveries that change at known points, and their labels later.

    Records hold a key (id), a time (time) and features; labels hold key, time and the target (delivery). On
    standard output both come as JSON lines in the order in which they are due. Known changes are told on
    standard error as they begin.

    For example:

    * hmoe produce --brokers 127.0.0.1:9092 --rate 500 --label-delay 30

    * hmoe produce --rate 0 --records 10000 --start 0 > deliveries.jsonl
    """
    from monitor.made_deliveries import made_messages
    from monitor.producing import KafkaTopics, StandardOutput, produce
    from monitor.run.stopping import StopRequest
    from stream_hmoe.streams import DriftStream

    stream = DriftStream(seed, period if change_at is None else round(change_at / FIRST_CHANGE))
    begun = time.time() if start is None else start
    messages = made_messages(stream, begun, rate or FULL_SPEED, label_delay, label_ratio, records)
    target = StandardOutput(rate > 0) if brokers is None else KafkaTopics(brokers, events, labels)
    with StopRequest() as stop:
        sent = produce(stream, messages, target, rate > 0, lambda: stop.is_requested)
    print(f"sent {sent.records:,} records and {sent.labels:,} labels", file=sys.stderr)
