"""The bytes of an inbox entry: a mark, the length, a checksum, then offset, time, channel, key and body.

An entry that does not match its checksum is passed over: reading goes on at the next mark behind which an
entry is whole. No text in UTF-8 holds the first byte of the mark.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from monitor.sources.messages import Channel

__all__ = ["Entry", "Stored", "pack", "whole_entries"]

MARK = b"\xff\xfeIN"
HEAD = struct.Struct("<4sII")
FIELDS = struct.Struct("<QdBi")
CHANNELS = tuple(Channel)
NO_KEY = -1


class Entry(NamedTuple):
    """A message on its way into the inbox, which gives it its place.

    Args:
        body: the bytes.
        channel: what it holds.
        key: the message's own key; None when it has none.
        time_seconds: when it happened, Unix time; 0 when nobody says.
    """

    body: bytes
    channel: Channel = Channel.EVENTS
    key: bytes | None = None
    time_seconds: float = 0.0


class Stored(NamedTuple):
    """An entry as it was read.

    Args:
        offset: its number; the first entry of an inbox has 0.
        entry: what was put in.
        end: first byte behind it.
    """

    offset: int
    entry: Entry
    end: int


def pack(offset: int, entry: Entry) -> bytes:
    """The bytes of an entry with its number."""
    key = b"" if entry.key is None else entry.key
    key_length = NO_KEY if entry.key is None else len(key)
    fields = FIELDS.pack(offset, entry.time_seconds, CHANNELS.index(entry.channel), key_length)
    content = b"".join((fields, key, entry.body))
    return HEAD.pack(MARK, len(content), _checksum(content)) + content


def whole_entries(data: bytes) -> Iterator[Stored]:
    """The entries that are whole, in order; bytes that belong to none are passed over."""
    at = 0
    while at >= 0:
        stored = _entry_at(data, at)
        if stored is None:
            at = data.find(MARK, at + 1)
        else:
            at = stored.end
            yield stored


def _entry_at(data: bytes, at: int) -> Stored | None:
    begin = at + HEAD.size
    if len(data) < begin:
        return None
    mark, length, checksum = HEAD.unpack_from(data, at)
    end = begin + length
    if mark != MARK or length < FIELDS.size or end > len(data):
        return None
    content = data[begin:end]
    if _checksum(content) != checksum:
        return None
    offset, time_seconds, channel, key_length = FIELDS.unpack_from(content)
    body = FIELDS.size + max(key_length, 0)
    key = None if key_length == NO_KEY else content[FIELDS.size : body]
    return Stored(offset, Entry(content[body:], CHANNELS[channel], key, time_seconds), end)


def _checksum(content: bytes) -> int:
    """CRC-32 of the content, begun with its length: a shorter content is another one."""
    return zlib.crc32(content, len(content))
