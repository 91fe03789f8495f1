"""What the inbox took in is read again, once, in order: whatever process, disk and senders do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.problems import ConfigurationProblem, Problem, TemporaryProblem
from monitor.sources import inbox_source
from monitor.sources.inbox import Entry, Inbox, InboxFull
from monitor.sources.inbox_entries import pack, whole_entries
from monitor.sources.inbox_source import InboxSource
from monitor.sources.messages import Channel, Message

ROOM = 1 << 20
ENTRIES = [Entry(f'{{"x":{n}}}'.encode(), Channel.EVENTS, b"k%d" % n, float(n)) for n in range(20)]
entries = st.builds(
    Entry,
    body=st.binary(max_size=60),
    channel=st.sampled_from(Channel),
    key=st.none() | st.binary(max_size=5),
    time_seconds=st.floats(0, 2e9),
)


def opened(directory: Path, max_bytes: int = ROOM, is_synced: bool = False) -> Inbox:
    return Inbox(directory, max_bytes, is_synced)


def everything(source: InboxSource, limit: int = 7) -> list[Message]:
    found: list[Message] = []
    while batch := source.poll(limit, 0.0).messages:
        assert len(batch) <= limit
        found += batch
    return found


def as_entries(messages: Sequence[Message]) -> list[Entry]:
    return [Entry(message.body, message.channel, message.key, message.time_seconds) for message in messages]


def offsets(messages: Sequence[Message]) -> list[int]:
    return [int(message.offset) for message in messages]


@given(batches=st.lists(st.lists(entries, max_size=5), max_size=6), limit=st.integers(1, 9))
def test_what_was_appended_is_read_in_order_also_by_the_next_process(
    batches: list[list[Entry]], limit: int
) -> None:
    wanted = [entry for batch in batches for entry in batch]
    with TemporaryDirectory() as folder:
        inbox = opened(Path(folder))
        given_offsets = [offset for batch in batches for offset in inbox.append(batch)]
        assert given_offsets == list(range(len(wanted)))
        assert as_entries(everything(InboxSource(inbox, None), limit)) == wanted
        inbox.close()
        again = everything(InboxSource(opened(Path(folder)), None), limit)
        assert as_entries(again) == wanted
        assert offsets(again) == given_offsets


@given(cut=st.integers(0, 20), limit=st.integers(1, 9))
def test_reading_goes_on_after_the_position(cut: int, limit: int) -> None:
    with TemporaryDirectory() as folder:
        inbox = opened(Path(folder), max_bytes=2_000)  # several files
        inbox.append(ENTRIES[:10])
        inbox.append(ENTRIES[10:])
        source = InboxSource(inbox, None)
        position = source.poll(cut, 0.0).position if cut else {"offset": 0}
        rest = everything(InboxSource(inbox, position), limit)
        assert as_entries(rest) == ENTRIES[int(position["offset"]) :]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("written")
    inbox = opened(folder)
    inbox.append(ENTRIES)
    inbox.close()
    return next(folder.iterdir()).read_bytes()


def borders(data: bytes) -> list[tuple[int, int]]:
    """First byte of every entry, and first byte behind it."""
    ends = [stored.end for stored in whole_entries(data)]
    return list(zip([0, *ends], ends, strict=False))


def reopened(folder: str, data: bytes) -> tuple[Inbox, list[Message], int]:
    (Path(folder) / f"{0:020d}.inbox").write_bytes(data)
    inbox = opened(Path(folder))
    source = InboxSource(inbox, None)
    messages, skipped = list[Message](), 0
    while source.lag()["inbox"]:
        batch = source.poll(3, 0.0)
        messages += batch.messages
        skipped += batch.skipped.get("inbox", 0)
    return inbox, messages, skipped


@given(data=st.data())
def test_a_file_that_ends_anywhere_gives_its_whole_entries(written: bytes, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(written)))
    whole = [number for number, (_, last) in enumerate(borders(written)) if last <= end]
    with TemporaryDirectory() as folder:
        inbox, messages, skipped = reopened(folder, written[:end])
        assert as_entries(messages) == [ENTRIES[number] for number in whole]
        assert skipped == 0
        assert inbox.torn_bytes == end - (borders(written)[whole[-1]][1] if whole else 0)
        assert inbox.append([ENTRIES[0]]) == range(len(whole), len(whole) + 1)
        assert as_entries(everything(InboxSource(inbox, {"offset": len(whole)}))) == [ENTRIES[0]]


@given(data=st.data())
def test_a_flipped_bit_takes_its_own_entry_and_no_other(written: bytes, data: st.DataObject) -> None:
    place, bit = data.draw(st.integers(0, len(written) - 1)), data.draw(st.integers(0, 7))
    flipped = bytearray(written)
    flipped[place] ^= 1 << bit
    hit = next(number for number, (first, end) in enumerate(borders(written)) if first <= place < end)
    with TemporaryDirectory() as folder:
        inbox, messages, skipped = reopened(folder, bytes(flipped))
        assert as_entries(messages) == [*ENTRIES[:hit], *ENTRIES[hit + 1 :]]
        is_last = hit == len(ENTRIES) - 1
        assert skipped == (0 if is_last else 1)
        assert (inbox.torn_bytes > 0) == is_last
        assert offsets(messages) == [number for number in range(len(ENTRIES)) if number != hit]


@given(garbage=st.binary(max_size=200), kept=st.lists(entries, max_size=4))
def test_bytes_that_are_no_entry_are_passed_over(garbage: bytes, kept: list[Entry]) -> None:
    data = garbage + b"".join(map(pack, range(len(kept)), kept))
    assert [stored.entry for stored in whole_entries(data)] == kept


def test_an_entry_longer_than_one_read_is_found(tmp_path: Path) -> None:
    inbox = opened(tmp_path, max_bytes=1 << 26)
    long = Entry(b"x" * (inbox_source.READ_BYTES * 5))
    inbox.append([ENTRIES[0], long, ENTRIES[1]])
    assert as_entries(everything(InboxSource(inbox, None))) == [ENTRIES[0], long, ENTRIES[1]]


def test_damage_in_the_middle_of_several_files_is_counted(tmp_path: Path) -> None:
    inbox = opened(tmp_path, max_bytes=2_000)
    for entry in ENTRIES:
        inbox.append([entry])
    inbox.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) > 3
    files[1].write_bytes(b"?" * files[1].stat().st_size)
    lost = range(int(files[1].stem), int(files[2].stem))
    source = InboxSource(opened(tmp_path, max_bytes=2_000), None)
    messages, skipped = list[Message](), 0
    while source.lag()["inbox"]:
        batch = source.poll(5, 0.0)
        messages += batch.messages
        skipped += batch.skipped.get("inbox", 0)
    assert skipped == len(lost)
    assert offsets(messages) == [number for number in range(20) if number not in lost]


def test_what_is_gone_before_it_was_read_is_counted(tmp_path: Path) -> None:
    inbox = opened(tmp_path, max_bytes=2_000)
    for entry in ENTRIES:
        inbox.append([entry])
    inbox.close()
    first, second = sorted(tmp_path.iterdir())[:2]
    first.unlink()
    batch = InboxSource(opened(tmp_path, max_bytes=2_000), {"offset": 0}).poll(5, 0.0)
    assert batch.skipped == {"inbox": int(second.stem)}
    assert int(batch.messages[0].offset) == int(second.stem)


def test_a_damaged_end_that_was_dealt_with_gives_its_numbers_to_nobody(tmp_path: Path) -> None:
    inbox = opened(tmp_path)
    inbox.append(ENTRIES[:3])
    inbox.close()
    file = next(tmp_path.iterdir())
    file.write_bytes(file.read_bytes()[:-1])
    again = opened(tmp_path)
    source = InboxSource(again, {"offset": 3})
    assert again.append([ENTRIES[5]]) == range(3, 4)
    assert as_entries(everything(source)) == [ENTRIES[5]]


def test_what_is_acknowledged_is_deleted_and_makes_room(tmp_path: Path) -> None:
    inbox = opened(tmp_path, max_bytes=1_000)
    source = InboxSource(inbox, None)
    taken = 1_000 // len(pack(0, ENTRIES[0]))
    for _ in range(taken):
        inbox.append(ENTRIES[:1])
    with pytest.raises(InboxFull, match="max_inbox_bytes = 1000"):
        inbox.append(ENTRIES[:1])
    assert inbox.waiting_bytes <= 1_000
    batch = source.poll(taken - 1, 0.0)
    source.acknowledge(batch.position)
    assert inbox.append(ENTRIES[:1]) == range(taken, taken + 1)
    assert offsets(everything(source)) == [taken - 1, taken]
    source.acknowledge({"offset": taken + 1})
    assert inbox.waiting_bytes <= 1_000 / 8
    assert len(list(tmp_path.iterdir())) == 1
    inbox.close()
    assert opened(tmp_path).next_offset == taken + 1


def test_an_empty_inbox_has_all_its_room_once_it_is_wanted(tmp_path: Path) -> None:
    inbox = opened(tmp_path, max_bytes=10_000)
    source = InboxSource(inbox, None)
    inbox.append(ENTRIES[:1])
    source.acknowledge(source.poll(1, 0.0).position)
    assert inbox.waiting_bytes > 0
    whole = [Entry(b"x" * (10_000 - len(pack(0, Entry(b"")))))]
    with pytest.raises(InboxFull) as full:
        inbox.append(whole)
    assert not full.value.is_hopeless
    source.acknowledge({"offset": 1})
    assert inbox.append(whole) == range(1, 2)
    assert as_entries(everything(source)) == whole


def test_an_acknowledged_position_survives_every_file(tmp_path: Path) -> None:
    inbox = opened(tmp_path)
    source = InboxSource(inbox, None)
    inbox.append(ENTRIES)
    assert len(everything(source)) == 20
    source.acknowledge({"offset": 20})
    inbox.append(ENTRIES[:2])
    assert offsets(everything(source)) == [20, 21]


def test_nothing_of_a_batch_without_room_is_kept(tmp_path: Path) -> None:
    inbox = opened(tmp_path, max_bytes=250)
    inbox.append(ENTRIES[:2])
    with pytest.raises(InboxFull) as full:
        inbox.append(ENTRIES)
    assert full.value.is_hopeless
    with pytest.raises(InboxFull) as full:
        inbox.append(ENTRIES[:4])
    assert not full.value.is_hopeless
    assert as_entries(everything(InboxSource(inbox, None))) == ENTRIES[:2]


def test_numbers_are_announced_before_a_reader_meets_them(tmp_path: Path) -> None:
    inbox = opened(tmp_path)
    source = InboxSource(inbox, None)
    seen: list[object] = []

    def announce(numbers: range) -> None:
        seen.append((numbers, list(source.poll(10, 0.0).messages)))

    inbox.append(ENTRIES[:3], announce)
    assert seen == [(range(3), [])]
    assert len(everything(source)) == 3


@pytest.mark.parametrize("is_synced", [False, True])
def test_many_senders_lose_nothing_and_keep_their_own_order(tmp_path: Path, is_synced: bool) -> None:
    inbox = opened(tmp_path, is_synced=is_synced)
    source = InboxSource(inbox, None)
    found: list[Message] = []

    def send(name: bytes) -> None:
        for number in range(25):
            inbox.append([Entry(b"%d" % number, key=name), Entry(b"and", key=name)])

    senders = [threading.Thread(target=send, args=(name,)) for name in (b"a", b"b", b"c", b"d")]
    for sender in senders:
        sender.start()
    while len(found) < 200:
        found += source.poll(50, 10.0).messages
    for sender in senders:
        sender.join()
    assert offsets(found) == list(range(200))
    for name in (b"a", b"b", b"c", b"d"):
        own = [message for message in found if message.key == name]
        assert [message.body for message in own[::2]] == [b"%d" % number for number in range(25)]
        pairs = zip(offsets(own)[::2], offsets(own)[1::2], strict=True)
        assert all(second == first + 1 for first, second in pairs)


def test_a_reader_wakes_when_something_comes(tmp_path: Path) -> None:
    inbox = opened(tmp_path)
    source = InboxSource(inbox, None)
    found: list[Message] = []
    reader = threading.Thread(target=lambda: found.extend(source.poll(1, 600.0).messages))
    reader.start()
    inbox.append(ENTRIES[:1])
    reader.join()
    assert as_entries(found) == ENTRIES[:1]


def test_closing_wakes_the_reader_and_refuses_senders(tmp_path: Path) -> None:
    inbox = opened(tmp_path)
    source = InboxSource(inbox, None)
    found: list[Message] = []
    reader = threading.Thread(target=lambda: found.extend(source.poll(1, 600.0).messages))
    reader.start()
    source.close()
    source.close()
    reader.join()
    assert found == []
    with pytest.raises(TemporaryProblem, match="is closed"):
        inbox.append(ENTRIES[:1])


def test_a_full_disk_is_said_and_what_was_kept_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = opened(tmp_path)
    inbox.append(ENTRIES[:2])
    real = os.pwrite

    def half_then_full(descriptor: int, data: bytes, at: int) -> int:
        if at == inbox.waiting_bytes and len(data) > 40:
            return real(descriptor, data[:40], at)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", half_then_full)
    with pytest.raises(TemporaryProblem, match=r"No space left.*make room"):
        inbox.append(ENTRIES[:3])
    monkeypatch.undo()
    assert inbox.append(ENTRIES[4:5]) == range(2, 3)
    inbox.close()
    assert as_entries(everything(InboxSource(opened(tmp_path), None))) == [*ENTRIES[:2], ENTRIES[4]]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ConfigurationProblem, match=r"cannot keep an inbox in .*taken"):
        opened(tmp_path / "taken")


SENDER = """
import sys
from pathlib import Path
from monitor.sources.inbox import Entry, Inbox
inbox = Inbox(Path(sys.argv[1]), 1 << 24, False)
while True:
    print(inbox.append([Entry(b"x" * 100)]).stop, flush=True)
"""


def test_a_killed_process_loses_nothing_that_it_said_was_kept(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SENDER, str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(300)]
    process.send_signal(signal.SIGKILL)
    said += process.stdout.read().splitlines(keepends=True)
    process.wait()
    process.stdout.close()
    promised = max(int(line) for line in said if line.endswith(b"\n"))
    messages = everything(InboxSource(opened(tmp_path), None), 1_000)
    assert len(messages) >= promised
    assert offsets(messages) == list(range(len(messages)))
    assert {message.body for message in messages} == {b"x" * 100}


def test_every_problem_is_one_that_a_supervisor_understands() -> None:
    assert issubclass(InboxFull, Problem)
    assert InboxFull(1, 2).exit_code == TemporaryProblem.exit_code
