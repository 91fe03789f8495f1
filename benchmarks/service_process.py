"""The service as a process to be harmed, the log that it learns from, and what is compared afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from confluent_kafka import Producer

from stream_hmoe import checkpoint

__all__ = [
    "STREAM",
    "ServiceProcess",
    "account_of",
    "configuration",
    "outcome_of",
    "write_log",
]

STREAM = "trial"
NUM_FEATURES = 10
LABEL_DELAY = 500
MISSING_LABELS, EARLY_LABELS, DOUBLED, UNREADABLE = 0.02, 0.02, 0.01, 0.001
DISK_MEBIBYTES = 192
FAKE_TIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
FROM_THE_STREAM = ("drift", "decision", "change point", "rejected", "restructured")
TABLES = ("share", "topology", "evidence", "worth", "feature", "leaf_feature", "sample")
INTERVAL_COLUMNS = (
    "record, records, scored, loss_nats, metric, metric_window, gate_entropy_nats, level, rejected_total, "
    "num_leaves"
)


def configuration(folder: Path, broker: str) -> Path:
    """Write the configuration of a stream that learns from the log; its state is in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "state": str(folder),
        "http": {"port": 0},
        "checkpoint": {"records": 2_000, "seconds": 2.0},
        "streams": [
            {
                "name": STREAM,
                "target": "label",
                "task": "classification",
                "source": {"kind": "kafka", "brokers": broker, "events": "events", "labels": "labels"},
                "labels": {"arrive": "later", "key": "id", "max_pending": 5_000},
                "outputs": {"predictions": {"kind": "file"}},
            }
        ],
    }
    path = folder.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(values))
    return path


def write_log(broker: str, count: int, partitions: int, seed: int) -> tuple[int, int]:
    """Write observations that drift and their labels: late, early, doubled, missing -> how many of each."""
    generator = np.random.default_rng(seed)
    choose = random.Random(seed)
    x_ND = generator.normal(size=(count, NUM_FEATURES))
    angle_N = np.where(np.arange(count) < count // 2, 0.0, 1.2)
    y_N = x_ND[:, 0] * np.cos(angle_N) + x_ND[:, 1] * np.sin(angle_N) + 0.3 * x_ND[:, 2] * x_ND[:, 3] > 0.0
    producer = Producer({"bootstrap.servers": broker, "queue.buffering.max.messages": 0, "linger.ms": 20})
    written = {"events": 0, "labels": 0}

    def send(topic: str, number: int, milliseconds: int, body: bytes) -> None:
        producer.produce(
            topic, body, key=b"%d" % number, partition=number % partitions, timestamp=milliseconds
        )
        written[topic] += 1

    begin = 1_700_000_000_000
    for number in range(count):
        now = begin + number
        features = {f"f{d}": round(float(x_ND[number, d]), 4) for d in range(NUM_FEATURES)}
        send("events", number, now, json.dumps({"id": f"r{number}", **features}).encode())
        if choose.random() < DOUBLED:
            send("events", number, now, json.dumps({"id": f"r{number}", **features}).encode())
        if choose.random() < UNREADABLE:
            send("events", number, now, b'{"id": broken')
        producer.poll(0)
    labels = []  # in the order of their times: a log's messages are taken to be as late as the latest before
    for number in range(count):
        if choose.random() >= MISSING_LABELS:
            is_early = choose.random() < EARLY_LABELS
            labels.append((begin + number + (-5 if is_early else LABEL_DELAY), number))
    for when, number in sorted(labels):
        label = json.dumps({"id": f"r{number}", "label": bool(y_N[number])}).encode()
        send("labels", number, when, label)
        if choose.random() < DOUBLED:
            send("labels", number, when, label)
        producer.poll(0)
    assert producer.flush(120.0) == 0, "the broker did not take everything"
    return written["events"], written["labels"]


class ServiceProcess:
    """The service, started, killed and started again.

    Args:
        config: its configuration.
    """

    def __init__(self, config: Path) -> None:
        self._config = config
        self._log = config.with_suffix(".log")
        self._clock = config.with_suffix(".clock")
        self._process: subprocess.Popen[bytes] | None = None
        self._begin = 0
        self._address: str | None = None

    @property
    def is_alive(self) -> bool:
        """It runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def process_id(self) -> int:
        """Number of the process."""
        assert self._process is not None
        return self._process.pid

    def start(self, *options: str) -> None:
        """Start it; what it says goes to a file."""
        environment = dict(os.environ)
        if self._clock.exists():
            environment |= {
                "LD_PRELOAD": str(FAKE_TIME),
                "FAKETIME_TIMESTAMP_FILE": str(self._clock),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        command = [sys.executable, "-m", "monitor", "run", "--config", str(self._config), *options]
        self._begin = self._log.stat().st_size if self._log.exists() else 0
        self._address = None
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stderr=log, stdout=log, env=environment)

    def beside(self) -> ServiceProcess:
        """A second worker that waits for this one's stream."""
        second = ServiceProcess(self._config)
        second._log = self._log.with_name(f"{self._log.stem}-{time.monotonic_ns()}.log")
        second.start("--standby")
        return second

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def terminate(self) -> None:
        """SIGTERM, and wait for the orderly end."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(60.0)
        assert code == 0, f"exit code {code}:\n{self.tail()}"

    def pause(self, seconds: float) -> None:
        """SIGSTOP, a while later SIGCONT."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)

    def set_clock(self, seconds: float) -> None:
        """From now on its clock is off by so much; the first time needs a start anew."""
        is_new = not self._clock.exists()
        self._clock.write_text(f"{seconds:+.0f}s\n")
        if is_new:
            self.kill()
            self.start()

    @contextmanager
    def small_disk(self, folder: Path) -> Iterator[None]:
        """A small disk of its own under ``folder``; needs the right to mount."""
        folder.mkdir(parents=True, exist_ok=True)
        options = f"size={DISK_MEBIBYTES}m"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
        try:
            yield
        finally:
            self.kill()
            subprocess.run(["umount", str(folder)], check=True)

    def account(self) -> dict[str, Any] | None:
        """Where every event went, as the service says; None while it does not answer."""
        address = self._address or self._find_address()
        if address is None:
            return None
        try:
            with urllib.request.urlopen(f"{address}/status?stream={STREAM}", timeout=5.0) as answer:  # noqa: S310
                found: dict[str, Any] | None = json.load(answer)["account"]
                return found
        except (OSError, urllib.error.URLError, ValueError):
            return None

    @property
    def address(self) -> str | None:
        """Where its API listens; None until it does."""
        return self._address or self._find_address()

    def tail(self) -> str:
        """The last of what it said."""
        return self._log.read_text()[-4_000:]

    def _find_address(self) -> str | None:
        if not self._log.exists():
            return None
        with self._log.open() as log:
            log.seek(self._begin)
            for line in log:
                if '"http_listening"' in line:
                    self._address = str(json.loads(line)["address"])
        return self._address


def account_of(outcome: Mapping[str, Any]) -> str:
    """The account in one line."""
    return ", ".join(f"{name} {value:,}" for name, value in outcome["account"].items() if value)


def outcome_of(folder: Path) -> dict[str, Any]:
    """What is to be the same whatever happened: digests of the state, the journal, the outputs."""
    state = checkpoint.load(folder / "checkpoint")
    account = dict(state["pipeline"]["tally"])
    found: dict[str, Any] = {"account": account}
    for part in ("pipeline", "fold", "counts", "audit", "guard", "position"):
        found[part] = _digest(state[part])
    with closing(sqlite3.connect(f"file:{folder / 'journal.sqlite'}?mode=ro", uri=True)) as journal:
        rows = journal.execute(f"SELECT {INTERVAL_COLUMNS} FROM interval ORDER BY record").fetchall()  # noqa: S608
        found["journal intervals"] = _digest([list(row) for row in rows])
        for table in TABLES:
            rows = sorted(journal.execute(f"SELECT * FROM {table}").fetchall(), key=repr)  # noqa: S608
            found[f"journal {table}"] = _digest([list(row) for row in rows])
        marks = ",".join("?" * len(FROM_THE_STREAM))
        columns = "record, kind, signal, level, message, detail"
        query = f"SELECT {columns} FROM event WHERE kind IN ({marks}) ORDER BY id"  # noqa: S608
        found["journal events"] = _digest([list(row) for row in journal.execute(query, FROM_THE_STREAM)])
    for name in ("predictions", "dead-letters"):
        lines = (folder / f"{name}.jsonl").read_bytes().splitlines()
        found[name] = _digest([line.decode() for line in dict.fromkeys(lines)])
        found[f"{name} lines"] = len(lines)
    found["audit file"] = _digest((folder / "audit.jsonl").read_text())
    return found


def _digest(value: Any) -> str:
    digest = hashlib.sha256()
    _add(digest, value)
    return digest.hexdigest()


def _add(digest: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Mapping):
        for key, item in value.items():
            digest.update(repr(key).encode())
            _add(digest, item)
    elif isinstance(value, list | tuple):
        digest.update(f"[{len(value)}".encode())
        for item in value:
            _add(digest, item)
    else:
        digest.update(repr(value).encode())
