"""JSON: one object a message.

Stricter than most readers: UTF-8 without a mark, no NaN, no number beyond a 64-bit float, no field twice.
"""

from __future__ import annotations

from typing import Any

import msgspec

from monitor.decoding.decoded import BadKind, Unusable, shown
from monitor.decoding.json_faults import explained, refuse_duplicates
from monitor.decoding.one_record import MAX_BYTES, OneRecordDecoder
from monitor.decoding.records import RecordReader

__all__ = ["JsonDecoder"]


class JsonDecoder(OneRecordDecoder):
    """Reads JSON objects.

    Args:
        reader: makes events of records.
        max_bytes: longer messages are refused.
    """

    def __init__(self, reader: RecordReader, max_bytes: int = MAX_BYTES) -> None:
        super().__init__(reader, max_bytes)
        self._decode = msgspec.json.Decoder().decode

    def _record(self, body: bytes) -> dict[str, Any]:
        try:
            record = self._decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise explained(body, error) from None
        if type(record) is not dict:
            reason = "the message is JSON, but no object"
            raise Unusable(BadKind.NO_RECORD, "", shown(record), reason, "Send one object a message.")
        if body.count(b":") != len(record) and not _is_single(record, body):
            refuse_duplicates(body)
        return record


def _is_single(record: dict[str, Any], body: bytes) -> bool:
    """Whether no field stands twice, told from the colons without reading the text again; may doubt wrongly.

    Every field has one colon; the others stand inside text, unless an escape stands for one.
    """
    if b"\\u003" in body:
        return False
    inside = 0
    for name, value in record.items():
        inside += name.count(":")
        if type(value) is str:
            inside += value.count(":")
    return body.count(b":") == len(record) + inside
