"""Harms the service at random moments and compares what comes of it with a run that was left alone.

A log of observations and late labels stands in a Kafka broker; the service learns from all of it, once in
peace and once under each kind of harm. Afterwards the newest checkpoint (every array and count of model,
watches and controller), the journal's rows and the predictions, repeats dropped by id, must be the same.

    python -m benchmarks.chaos --events 200000 --kills 50
    python -m benchmarks.chaos --events 20000 --harm sigstop broker-down disk-full
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.service_process import (
    STREAM,
    ServiceProcess,
    account_of,
    configuration,
    outcome_of,
    write_log,
)
from tests.brokers import MockControl, start_mock_cluster, start_tansu

PARTITIONS = 16
PATIENCE_SECONDS = 600.0


class Trial:
    """One run of the service over the whole log, with harm.

    Args:
        folder: where it keeps its state.
        broker: address of the broker.
        expected: (observations, labels) in the log.
        seed: of the moments at which harm is done.
        control: orders to a mock cluster; None for another broker.
    """

    def __init__(
        self, folder: Path, broker: str, expected: tuple[int, int], seed: int, control: MockControl | None
    ) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.control = control
        self.harms = 0
        self._config = configuration(folder, broker)
        self._expected = expected
        self.process = ServiceProcess(self._config)

    def wait_for(self, share: float) -> bool:
        """Wait until this share of the log is dealt with -> whether all of it is."""
        wanted = share * sum(self._expected)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            account = self.process.account()
            done = 0 if account is None else account["received"] + account["labels_received"]
            if account is not None and done >= wanted:
                return bool(done >= sum(self._expected))
            if not self.process.is_alive:
                self.process.start()
            time.sleep(0.002)
        raise TimeoutError(f"{share:.0%} of the log was not reached:\n{self.process.tail()}")

    def moments(self, count: int) -> Sequence[float]:
        """Random shares of the log, ascending."""
        return sorted(self.random.uniform(0.0, 0.98) for _ in range(count))


def sigkill(trial: Trial, kills: int) -> None:
    """Kill the process; start it again at once."""
    for share in trial.moments(kills):
        trial.wait_for(share)
        time.sleep(trial.random.uniform(0.0, 0.05))
        trial.process.kill()
        trial.process.start()
        trial.harms += 1


def sigstop(trial: Trial, kills: int) -> None:
    """Stop the process for a while, then let it go on."""
    for share in trial.moments(kills):
        trial.wait_for(share)
        trial.process.pause(trial.random.uniform(0.1, 1.0))
        trial.harms += 1


def broker_down(trial: Trial, kills: int) -> None:
    """The brokers refuse connections for a while."""
    assert trial.control is not None, "only the mock cluster goes down and comes back with what it held"
    for share in trial.moments(kills):
        trial.wait_for(share)
        trial.control.down()
        time.sleep(trial.random.uniform(0.1, 1.0))
        trial.control.up()
        trial.harms += 1


def protocol_errors(trial: Trial, kills: int) -> None:
    """The brokers answer with errors that pass."""
    assert trial.control is not None, "only the mock cluster answers with errors on demand"
    not_leader, timed_out, not_available = 6, 7, 8
    for share in trial.moments(kills):
        trial.wait_for(share)
        for request in ("Fetch", "Produce", "ListOffsets", "OffsetCommit"):
            trial.control.fail(request, not_leader, timed_out, not_available)
        trial.harms += 1


def standby(trial: Trial, kills: int) -> None:
    """A second worker waits; the first is killed and the second takes over."""
    for share in trial.moments(kills):
        trial.wait_for(share)
        second = trial.process.beside()
        trial.process.kill()
        trial.process = second
        trial.harms += 1


def damaged_checkpoints(trial: Trial, kills: int) -> None:
    """Kill the process, cut or flip the newest checkpoint, start again."""
    for number, share in enumerate(trial.moments(kills)):
        trial.wait_for(share)
        trial.process.kill()
        points = sorted((trial.folder / STREAM / "checkpoint").glob("state-????????"))
        if len(points) > 1:
            arrays = points[-1] / "arrays.safetensors"
            content = bytearray(arrays.read_bytes())
            if number % 2:
                content[trial.random.randrange(len(content))] ^= 1 << trial.random.randrange(8)
            else:
                del content[trial.random.randrange(len(content)) :]
            arrays.write_bytes(content)
            trial.harms += 1
        trial.process.start()


def disk_full(trial: Trial, kills: int) -> None:
    """Fill the disk for a while."""
    for share in trial.moments(kills):
        trial.wait_for(share)
        filler = trial.folder / "filler"
        try:
            with filler.open("wb") as file:
                while True:
                    file.write(bytes(1 << 16))
                    file.flush()
        except OSError:
            trial.harms += 1
        time.sleep(trial.random.uniform(0.5, 2.0))
        filler.unlink()


def clock_back(trial: Trial, kills: int) -> None:
    """The clock of the process jumps back by hours."""
    for share in trial.moments(kills):
        trial.wait_for(share)
        trial.process.set_clock(trial.random.uniform(-7_200.0, 0.0))
        trial.harms += 1


HARMS: Mapping[str, Callable[[Trial, int], None]] = {
    "sigkill": sigkill,
    "sigstop": sigstop,
    "broker-down": broker_down,
    "protocol-errors": protocol_errors,
    "standby": standby,
    "damaged-checkpoints": damaged_checkpoints,
    "disk-full": disk_full,
    "clock-back": clock_back,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare; the exit code is the number of harms after which something differed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--events", type=int, default=200_000, help="observations in the log")
    parser.add_argument("--kills", type=int, default=50, help="how often each kind of harm is done")
    parser.add_argument("--harm", nargs="+", choices=HARMS, default=["sigkill"], help="which kinds")
    parser.add_argument("--broker", choices=("mock", "tansu"), default="mock", help="which broker")
    parser.add_argument("--seed", type=int, default=0, help="of the log and of the moments")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here")
    asked = parser.parse_args(arguments)
    with ExitStack() as stack:
        topics = {"events": PARTITIONS, "labels": PARTITIONS}
        control: MockControl | None = None
        if asked.broker == "mock":
            broker, control = stack.enter_context(start_mock_cluster(topics))
        else:
            broker = stack.enter_context(start_tansu(topics))
        expected = write_log(broker, asked.events, PARTITIONS, asked.seed)
        print(f"{expected[0]:,} observations and {expected[1]:,} labels in {asked.broker}", flush=True)
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        peace = Trial(root / "peace", broker, expected, asked.seed, control)
        wanted, seconds = _run(peace, lambda trial, kills: None, 0)
        print(f"in peace: {seconds:.1f} s, {account_of(wanted)}", flush=True)
        results = [
            _compare(name, Trial(root / name, broker, expected, asked.seed, control), asked.kills, wanted)
            for name in asked.harm
        ]
    if asked.json is not None:
        asked.json.write_text(json.dumps(results, indent=2) + "\n")
    return sum(bool(result["differences"]) for result in results)


def _compare(name: str, trial: Trial, kills: int, wanted: Mapping[str, Any]) -> dict[str, Any]:
    found, seconds = _run(trial, HARMS[name], kills)
    differences = [part for part in wanted if found[part] != wanted[part]]
    verdict = "the same" if not differences else "DIFFERENT: " + ", ".join(differences)
    print(f"{name}: {trial.harms} times in {seconds:.1f} s: {verdict}", flush=True)
    return {"harm": name, "times": trial.harms, "seconds": seconds, "differences": differences}


def _run(trial: Trial, harm: Callable[[Trial, int], None], kills: int) -> tuple[dict[str, Any], float]:
    begun = time.monotonic()
    with ExitStack() as stack:
        if harm is disk_full:
            stack.enter_context(trial.process.small_disk(trial.folder))
        trial.process.start()
        stack.callback(lambda: trial.process.kill())
        harm(trial, kills)
        trial.wait_for(1.0)
        trial.process.terminate()
        return outcome_of(trial.folder / STREAM), time.monotonic() - begun


if __name__ == "__main__":
    sys.exit(main())
