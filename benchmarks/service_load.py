"""How much the service takes from Kafka, and whether it stays the same size while it does.

``throughput`` lets a full log wait for the service and times how fast it is dealt with, on one core, with the
default model, detectors and journal on. ``overload`` has a producer send as fast as it can for a while, many
times faster than the model learns, and watches memory, then waits until lag goes down. ``soak`` keeps the
service at full speed and plots memory, open files and the size of the journal. What is learned changes every
100,000 records.

    python -m benchmarks.service_load throughput --records 200000
    python -m benchmarks.service_load overload --minutes 10
    python -m benchmarks.service_load soak --minutes 30 --plot docs/pictures/soak.png
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml
from confluent_kafka import Producer

from benchmarks.service_process import STREAM, ServiceProcess
from tests.brokers import start_tansu

NUM_FEATURES = 10
PARTITIONS = 4
CONCEPT_RECORDS = 100_000
WAITING_RECORDS = 100_000
POLL_SECONDS = 0.25
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Moment:
    """The service at one moment.

    Args:
        seconds: since the start.
        records: dealt with so far.
        sent: sent so far.
        memory_bytes: resident memory.
        open_files: file handles.
        journal_bytes: size of the journal with its log.
    """

    seconds: float
    records: int
    sent: int
    memory_bytes: int
    open_files: int
    journal_bytes: int


class Sender(threading.Thread):
    """Sends labelled records of a drifting stream, as fast as it can or only so far ahead of the service.

    Args:
        broker: where to.
        records: how many; None until it is stopped.
        most_waiting: pause while so many records wait; None never pauses.

    Attributes:
        dealt_with: records that the service has dealt with, as its watcher saw last.
    """

    def __init__(self, broker: str, records: int | None, most_waiting: int | None = None) -> None:
        super().__init__(daemon=True)
        self.sent = 0
        self.dealt_with = 0
        self.is_stopped = False
        self._broker = broker
        self._records = records
        self._most_waiting = most_waiting

    def run(self) -> None:
        """Send."""
        producer = Producer(
            {"bootstrap.servers": self._broker, "linger.ms": 20, "queue.buffering.max.messages": 100_000}
        )
        concepts = made_bodies(20_000)
        while not self.is_stopped and (self._records is None or self.sent < self._records):
            if self._most_waiting is not None and self.sent - self.dealt_with > self._most_waiting:
                producer.poll(0.05)
                continue
            try:
                bodies = concepts[self.sent // CONCEPT_RECORDS % 2]
                producer.produce("events", bodies[self.sent % len(bodies)], partition=self.sent % PARTITIONS)
            except BufferError:
                producer.poll(0.05)
                continue
            self.sent += 1
            if self.sent % 1_000 == 0:
                producer.poll(0)
        producer.flush(120.0)


def made_bodies(count: int) -> tuple[list[bytes], list[bytes]]:
    """JSON records with ten features and their label, under one concept and under another."""
    generator = np.random.default_rng(0)
    x_ND = generator.normal(size=(count, NUM_FEATURES)).round(5)
    features = [{f"f{d}": x for d, x in enumerate(x_D)} for x_D in x_ND.tolist()]
    first, second = (
        [
            msgspec.json.encode({**values, "label": bool(y)})
            for values, y in zip(features, x_ND[:, 0] + turn * x_ND[:, 1] > 0.0, strict=True)
        ]
        for turn in (1.0, -1.0)
    )
    return first, second


def configuration(folder: Path, broker: str) -> Path:
    """Labels with the record; all else as it is by default."""
    folder.mkdir(parents=True)
    source = {"kind": "kafka", "brokers": broker, "events": "events"}
    stream = {"name": STREAM, "target": "label", "task": "classification", "source": source}
    path = folder.with_suffix(".yaml")
    path.write_text(yaml.safe_dump({"state": str(folder), "http": {"port": 0}, "streams": [stream]}))
    return path


class Watch:
    """Looks at the service now and then.

    Args:
        process: the service.
        folder: its state.
        sender: who sends.
    """

    def __init__(self, process: ServiceProcess, folder: Path, sender: Sender) -> None:
        self.moments: list[Moment] = []
        self._process = process
        self._journal = folder / STREAM / "journal.sqlite"
        self.sender = sender
        self._begun = time.monotonic()

    def look(self) -> Moment:
        """One more moment."""
        account = self._process.account() or {"received": 0}
        process = Path(f"/proc/{self._process.process_id}")
        files = [self._journal, self._journal.with_name(self._journal.name + "-wal")]
        moment = Moment(
            seconds=time.monotonic() - self._begun,
            records=account["received"],
            sent=self.sender.sent,
            memory_bytes=int((process / "statm").read_text().split()[1]) * PAGE_BYTES,
            open_files=len(list((process / "fd").iterdir())),
            journal_bytes=sum(file.stat().st_size for file in files if file.exists()),
        )
        self.moments.append(moment)
        self.sender.dealt_with = moment.records
        return moment

    def until(self, records: int, limit_seconds: float) -> None:
        """Look until so many records are dealt with."""
        deadline = time.monotonic() + limit_seconds
        while self.look().records < records:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.moments[-1]}:\n{self._process.tail()}")
            time.sleep(POLL_SECONDS)


def throughput(process: ServiceProcess, folder: Path, broker: str, records: int) -> dict[str, Any]:
    """Records a second from a log that waits, by the wall and by the processor, after the first tenth."""
    sender = Sender(broker, records)
    sender.start()
    sender.join()
    process.start()
    on_one_core(process)
    watch = Watch(process, folder, sender)
    watch.until(records // 10, 300.0)
    begun, busy, first = time.monotonic(), processor_seconds(process), watch.moments[-1].records
    watch.until(records, 600.0)
    seconds, worked = time.monotonic() - begun, processor_seconds(process) - busy
    count = records - first
    return {"records": count, "records_per_second": count / seconds, "per_processor_second": count / worked}


def overload(process: ServiceProcess, folder: Path, broker: str, minutes: float) -> dict[str, Any]:
    """A producer many times faster than the model -> memory meanwhile, and whether the lag drains."""
    process.start()
    watch = Watch(process, folder, Sender(broker, 20_000))
    watch.sender.start()
    watch.until(20_000, 120.0)  # warm: everything is allocated that a quiet stream needs
    quiet = watch.moments[-1].memory_bytes
    sender = watch.sender = Sender(broker, None)
    sender.start()
    begun, first = time.monotonic(), watch.moments[-1].records
    while time.monotonic() - begun < 60.0 * minutes:
        watch.look()
        time.sleep(POLL_SECONDS)
    sender.is_stopped = True
    learned, sent = watch.moments[-1].records - first, sender.sent
    rate = learned / (time.monotonic() - begun)
    drained = min(sent - learned, int(30.0 * rate))
    watch.until(first + learned + drained, 120.0)
    peak = max(moment.memory_bytes for moment in watch.moments)
    return {
        "sent_per_second": sent / (60.0 * minutes),
        "learned_per_second": rate,
        "times_faster": sent / learned,
        "memory_quiet_bytes": quiet,
        "memory_peak_bytes": peak,
        "waiting_at_the_end": sent - learned,
        "drained_within_30_s": drained,
    }


def soak(
    process: ServiceProcess, folder: Path, broker: str, minutes: float, plot: Path | None
) -> dict[str, Any]:
    """Full speed for a while -> memory, open files and journal, early and late."""
    process.start()
    sender = Sender(broker, None, most_waiting=WAITING_RECORDS)
    watch = Watch(process, folder, sender)
    sender.start()
    while watch.look().seconds < 60.0 * minutes:
        time.sleep(1.0)
    sender.is_stopped = True
    early = watch.moments[len(watch.moments) // 5 : 2 * len(watch.moments) // 5]
    late = watch.moments[4 * len(watch.moments) // 5 :]
    if plot is not None:
        draw(watch.moments, plot)
    names = ("memory_bytes", "open_files", "journal_bytes")
    return {
        "records": watch.moments[-1].records,
        "records_per_second": watch.moments[-1].records / watch.moments[-1].seconds,
        **{f"{name} early": max(getattr(moment, name) for moment in early) for name in names},
        **{f"{name} late": max(getattr(moment, name) for moment in late) for name in names},
    }


def draw(moments: Sequence[Moment], path: Path) -> None:
    """Memory, open files and journal over time."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(3, 1, sharex=True, figsize=(8, 6), layout="constrained")
    minutes = [moment.seconds / 60.0 for moment in moments]
    for axis, (name, unit, scale) in zip(
        axes,
        (
            ("memory_bytes", "memory, MiB", 2**20),
            ("open_files", "open files", 1),
            ("journal_bytes", "journal, MiB", 2**20),
        ),
        strict=True,
    ):
        axis.plot(minutes, [getattr(moment, name) / scale for moment in moments])
        axis.set_ylabel(unit)
        axis.set_ylim(bottom=0)
    axes[-1].set_xlabel("minutes")
    figure.savefig(path, dpi=110)


def on_one_core(process: ServiceProcess) -> None:
    """Hold the service, its threads included, to one core, and everybody else to the others."""
    cores = sorted(os.sched_getaffinity(0))
    subprocess.run(
        ["taskset", "-a", "-p", "-c", str(cores[0]), str(process.process_id)],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def processor_seconds(process: ServiceProcess) -> float:
    """Processor time that the service has used."""
    fields = Path(f"/proc/{process.process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("what", choices=("throughput", "overload", "soak"))
    parser.add_argument("--records", type=int, default=200_000, help="for throughput")
    parser.add_argument("--minutes", type=float, default=10.0, help="for overload and soak")
    parser.add_argument("--plot", type=Path, help="for soak: where the picture goes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here")
    asked = parser.parse_args(arguments)
    with ExitStack() as stack:
        broker = stack.enter_context(start_tansu({"events": PARTITIONS}))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "state"
        process = ServiceProcess(configuration(folder, broker))
        stack.callback(process.kill)
        if asked.what == "throughput":
            result = throughput(process, folder, broker, asked.records)
        elif asked.what == "overload":
            result = overload(process, folder, broker, asked.minutes)
        else:
            result = soak(process, folder, broker, asked.minutes, asked.plot)
    for name, value in result.items():
        print(f"{name:<24} {value:>16,.0f}")
    if asked.json is not None:
        asked.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
