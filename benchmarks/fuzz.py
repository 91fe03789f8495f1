"""Rubbish for the service: what it does with a million bad messages among good ones.

Every message goes the way of the HTTP API behind its socket: into the inbox, through decoder, pipeline,
journal and dead letters, with checkpoints, and with one stop and start halfway. It counts as a failure when
the stream fails once, when a message is not accounted for in the status, the metrics and the journal alike,
when a refused one is not in the dead letters with a reason, and when memory passes the limit.

    python -m benchmarks.fuzz --records 1000000 --json fuzz.json

The same good messages by themselves are the control. ``--rubbish 0.8`` is the share of the mutated ones. The
limits of features and classes are such as an operator would set who knows the stream, which has about twelve
columns and two classes; with the service's defaults (1,000 and 100) every record costs several milliseconds
once rubbish has filled them.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from benchmarks.accounting import Sent, balance, letters_at_fault
from benchmarks.comparison import write_json
from benchmarks.measuring.memory import resident_bytes
from benchmarks.mutations import Mutator
from monitor.config import ServiceConfig, load_config
from monitor.made_deliveries import TARGET, MadeMessage, made_messages
from monitor.service import Service
from monitor.sources.inbox import InboxFull
from monitor.sources.inbox_entries import Entry
from monitor.sources.messages import Channel
from stream_hmoe.events import Account
from stream_hmoe.streams import DriftStream

__all__ = ["Fuzzed", "configuration", "fuzz", "main"]

STREAM = "trial"
TURN_MESSAGES = 2_000
GOOD_SEED, BAD_SEED = 1, 2
BEGIN_SECONDS = 1_700_000_000.0
FATAL = {"stream_failed", "stream_retrying", "stream_halted", "checkpoint_failed", "closing_failed"}


@dataclass(slots=True)
class Fuzzed:
    """What came of it.

    Args:
        messages: sent, good and bad.
        mutated: of these.
        flaws: what was not as it should be, in words.
        account: where everything went.
        columns: of encoded features, at the end.
        classes: at the end.
        good_right: share of the good records that were predicted right.
        good_predicted: good records that were predicted.
        peak_bytes: most resident memory.
        quarters_bytes: resident memory at the end of each quarter.
        seconds: all of it, messages made included.
        reasons: why messages were refused, and how often.
    """

    messages: int = 0
    mutated: int = 0
    flaws: list[str] = field(default_factory=list)
    account: dict[str, Any] = field(default_factory=dict)
    columns: int = 0
    classes: int = 0
    good_right: float = 0.0
    good_predicted: int = 0
    peak_bytes: int = 0
    quarters_bytes: list[int] = field(default_factory=list)
    seconds: float = 0.0
    reasons: dict[str, int] = field(default_factory=dict)


class Heard(logging.Handler):
    """Notes what no stream may say under rubbish."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.events: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Note one."""
        if record.getMessage() in FATAL or record.exc_info:
            trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
            self.events.append(f"{record.getMessage()} {getattr(record, 'hmoe_fields', '')} {trace}")


def configuration(folder: Path, **stream: Any) -> ServiceConfig:
    """A stream with late labels that takes whatever comes; it halts for no flood."""
    values = {
        "name": STREAM,
        "target": TARGET,
        "task": "classification",
        "source": {"kind": "http"},
        "labels": {
            "arrive": "later",
            "key": "id",
            "time": "time",
            "max_pending": 5_000,
            "max_age_seconds": 3_600.0,
        },
        "outputs": {"predictions": {"kind": "file"}},
        "dead_letters": {"max_ratio": 1.0},
        **stream,
    }
    path = folder / "hmoe.yaml"
    path.write_text(yaml.safe_dump({"state": str(folder / "state"), "streams": [values]}))
    return load_config(path, {}, {})


def messages(records: int, rubbish: float, seed: int, labels: dict[str, str]) -> Iterator[tuple[Entry, bool]]:
    """Good messages and rubbish, mixed -> each, and whether it is rubbish.

    Args:
        records: how many mutated ones; then it ends.
        rubbish: their share; 0 gives the good messages alone, as many as with a share of 0.8.
        seed: of everything random.
        labels: takes the labels of the good records, by key.
    """
    choose, mutator = random.Random(seed), Mutator(seed)
    good = made_messages(DriftStream(GOOD_SEED), BEGIN_SECONDS, 1_000.0, 0.05)
    base = made_messages(DriftStream(BAD_SEED), BEGIN_SECONDS - 1e6, 1_000.0, 0.05)
    mutated = 0
    while mutated < records:
        if choose.random() < rubbish:
            mutated += 1
            yield mutator.mutate(next(base)), True
        else:
            message = next(good)
            if message.channel is Channel.LABELS:
                labels[message.key] = json.loads(message.body)[TARGET]
            yield entry_of(message), False


def entry_of(message: MadeMessage) -> Entry:
    """A good message on its way into the inbox."""
    return Entry(message.body, message.channel, message.key.encode(), BEGIN_SECONDS + message.due_seconds)


def fuzz(
    config: ServiceConfig, sending: Iterator[tuple[Entry, bool]], labels: dict[str, str], count: int
) -> Fuzzed:
    """Send everything, stop and start once, and look at what came of it.

    Args:
        config: what ``configuration`` made.
        sending: the messages.
        labels: of the good records, known once they were sent.
        count: about how many messages there are: the stop is at half of them.
    """
    heard, found, sent = Heard(), Fuzzed(), Sent(config.streams[0])
    begun = time.monotonic()
    logging.getLogger("hmoe").addHandler(heard)
    try:
        service = Service(config)
        service.start()
        has_stopped, quarter = False, max(1, count // 4)
        while entries := list(islice(sending, TURN_MESSAGES)):
            found.mutated += sum(is_mutated for _, is_mutated in entries)
            take(service, [entry for entry, _ in entries], sent)
            found.peak_bytes = max(found.peak_bytes, resident_bytes())
            if sent.messages // quarter > len(found.quarters_bytes):
                found.quarters_bytes.append(resident_bytes())
                print(f"{sent.messages:,} messages, {resident_bytes() >> 20} MiB", file=sys.stderr)
            if sent.messages > count // 2 and not has_stopped:
                service.stop("halfway")
                has_stopped, service = True, Service(config)
                service.start()
        worker = service.supervisors[STREAM].worker
        found.flaws += balance(service, sent)
        if worker is not None:
            found.columns = worker.parts.pipeline.model.incremental.encoder.width
            found.classes = worker.parts.pipeline.model.incremental.num_columns
        found.account = asdict(service.boards[0].current.account or Account())
        service.stop("done")
        service.close()
    finally:
        logging.getLogger("hmoe").removeHandler(heard)
    found.messages, found.seconds = sent.messages, time.monotonic() - begun
    found.flaws += heard.events
    folder = config.state / STREAM
    found.flaws += letters_at_fault(folder / "dead-letters.jsonl", sent, found.account)
    found.reasons = reasons(folder / "dead-letters.jsonl")
    found.good_predicted, found.good_right = right(folder / "predictions.jsonl", labels)
    return found


def take(service: Service, entries: Sequence[Entry], sent: Sent) -> None:
    """Put messages into the inbox, and let the service take all of them."""
    worker = service.supervisors[STREAM].worker
    if worker is None or worker.parts.inbox is None:
        raise RuntimeError(f"the stream stands still: {service.supervisors[STREAM].reason}")
    while True:
        try:
            numbers = worker.parts.inbox.append(entries)
        except InboxFull:
            service.turn()  # as a sender who comes back later: a checkpoint makes room
        else:
            break
    sent.add(numbers, entries)
    while sum(worker.parts.intake.lag().values()) and service.supervisors[STREAM].worker is worker:
        service.turn()


def right(predictions: Path, labels: dict[str, str]) -> tuple[int, float]:
    """Good records that were predicted, and the share that was right."""
    count = hits = 0
    with predictions.open("rb") as lines:
        for line in lines:
            made = json.loads(line)
            label = labels.get(made["key"])
            if label is not None:
                count += 1
                hits += made["prediction"] == label
    return count, hits / max(count, 1)


def reasons(letters: Path) -> dict[str, int]:
    """Why messages were refused, the most frequent first."""
    with letters.open("rb") as lines:
        counts = Counter(str(json.loads(line)["reason"]) for line in lines)
    return dict(counts.most_common())


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 1 when something is not as it should be."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fuzz", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--records", type=int, default=1_000_000, help="mutated messages")
    parser.add_argument("--rubbish", type=float, default=0.8, help="their share of all messages")
    parser.add_argument("--max-features", type=int, default=200, help="model.max_features of the stream")
    parser.add_argument("--max-classes", type=int, default=20, help="model.max_classes of the stream")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit-mib", type=int, default=2_048, help="most resident memory")
    parser.add_argument("--json", type=Path, help="write what was found here")
    asked = parser.parse_args(arguments)
    count = round(asked.records / asked.rubbish)
    runs: dict[str, Fuzzed] = {}
    for name in ("among rubbish", "alone"):
        labels: dict[str, str] = {}
        sending = messages(asked.records, asked.rubbish, asked.seed, labels)
        if name == "alone":
            sending = (pair for pair in sending if not pair[1])
        with tempfile.TemporaryDirectory() as folder:
            model = {"max_features": asked.max_features, "max_classes": asked.max_classes}
            runs[name] = fuzz(configuration(Path(folder), model=model), sending, labels, count)
    found = runs["among rubbish"]
    if found.peak_bytes > asked.limit_mib << 20:
        found.flaws.append(f"memory: {found.peak_bytes >> 20} MiB, the limit is {asked.limit_mib}")
    for name, run in runs.items():
        print(f"good messages {name}: {run.good_right:.4f} of {run.good_predicted:,} predicted right")
    print(f"{found.mutated:,} mutated of {found.messages:,} messages in {found.seconds:,.0f} s")
    print(f"columns {found.columns}, classes {found.classes}, peak {found.peak_bytes >> 20} MiB")
    print("memory by quarters, MiB:", [size >> 20 for size in found.quarters_bytes])
    print(", ".join(f"{name} {value:,.0f}" for name, value in found.account.items()))
    print("\n".join(found.flaws) or "nothing at fault")
    if asked.json is not None:
        write_json(asked.json, "fuzz", vars(asked), **{name: asdict(run) for name, run in runs.items()})
    return 1 if any(run.flaws for run in runs.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
