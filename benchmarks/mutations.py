"""Rubbish made of good messages: a seeded mutator, for tests of what a service does with anything at all."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from monitor.made_deliveries import TARGET, MadeMessage
from monitor.sources.inbox_entries import Entry
from monitor.sources.messages import Channel

__all__ = ["Mutator"]

KEY, TIME = "id", "time"
HUGE = ("1e300", "-1e300", "1e308", "1e999", "-1e999", "NaN", "Infinity", "-Infinity", "9" * 400, "1e-320")
SPECIAL = b'{}[]",:\\\x00\xff\xfe\n -+.eE0123456789tfn\xc3\xed\xa0\x80'
TEXTS = (
    "",
    " ",
    "null",
    "\u0000",
    "\u202e",
    "\ud800",
    "e\u0301" * 40,
    "\U0001f9ea",
    "x" * 5_000,
    "'; DROP TABLE",
)
TIMES: tuple[Any, ...] = (-1, 0, 1e11, 9.9e10, 1e300, 1.7e12, "2024-05-01", True, None, [], -1e-300, 10**30)
NUM_WORDS = 100_000
MAX_BYTES = 1_200_000  # a little more than the decoder takes
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Mutator:
    """Makes one bad or odd message of a good one; equal seeds and calls give equal messages.

    Args:
        seed: of everything random.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._keys: list[str] = []
        self._words = ["".join(self._random.choices(LETTERS, k=1 + n % 8)) for n in range(NUM_WORDS)]
        self._of_values: list[Callable[[dict[str, Any]], None]] = [
            self._change_type,
            self._change_key,
            self._change_label,
            self._change_time,
            self._rename,
            self._add_fields,
            self._nest,
            self._drop_fields,
            self._change_text,
        ]
        self._of_text: list[Callable[[bytes], bytes]] = [
            self._flip,
            self._cut,
            self._insert,
            self._put_huge_number,
            self._say_twice,
            self._wrap,
            self._repeat,
            self._replace,
        ]

    def mutate(self, message: MadeMessage) -> Entry:
        """The message after one to three mutations; some come on the wrong channel."""
        choose = self._random
        self._remember(message.key)
        body = message.body
        if choose.random() < 0.5:
            values = json.loads(body)
            for _ in range(choose.randint(1, 3)):
                choose.choice(self._of_values)(values)
            body = json.dumps(values, ensure_ascii=choose.random() < 0.5).encode("utf-8", "surrogatepass")
        else:
            for _ in range(choose.randint(1, 3)):
                body = choose.choice(self._of_text)(body)
        body = body[:MAX_BYTES]
        channel = message.channel
        if choose.random() < 0.02:
            channel = Channel.LABELS if channel is Channel.EVENTS else Channel.EVENTS
        key = choose.choice((None, b"", message.key.encode(), b"\xff\x00"))
        return Entry(body, channel, key, 1.7e9)

    def _remember(self, key: str) -> None:
        if len(self._keys) < 1_000:
            self._keys.append(key)
        else:
            self._keys[self._random.randrange(1_000)] = key

    # Of the values of a record.

    def _change_type(self, values: dict[str, Any]) -> None:
        if values:
            name = self._random.choice(list(values))
            odd: tuple[Any, ...] = (
                None,
                True,
                False,
                -0.0,
                1e300,
                -1e300,
                10**400,
                "12",
                "1e999",
                [],
                {},
                2**63,
            )
            values[name] = self._random.choice(odd)

    def _change_key(self, values: dict[str, Any]) -> None:
        known = self._random.choice(self._keys)
        odd: tuple[Any, ...] = (
            None,
            "",
            7,
            7.5,
            True,
            [],
            {},
            "k" * 201,
            "k" * 200,
            known,
            known,
            -1,
            10**300,
        )
        values[KEY] = self._random.choice(odd)
        if self._random.random() < 0.3:
            del values[KEY]

    def _change_label(self, values: dict[str, Any]) -> None:
        odd: tuple[Any, ...] = (
            *(None, "", " ", 0, 1e300, -1e99, 1e12, True, [], {"a": 1}, "c" * 201, self._word()),
            self._random.random(),
        )
        values[TARGET] = self._random.choice(odd)

    def _change_time(self, values: dict[str, Any]) -> None:
        values[TIME] = self._random.choice(TIMES)

    def _rename(self, values: dict[str, Any]) -> None:
        if values:
            name = self._random.choice(list(values))
            values[self._random.choice((name.upper(), name + " ", self._word(), "", *TEXTS))] = values.pop(
                name
            )

    def _add_fields(self, values: dict[str, Any]) -> None:
        names = self._random.choices(self._words, k=self._random.choice((1, 1, 1, 10, 2_000)))
        values |= dict.fromkeys(names, self._random.choice((1.0, "x", None, self._random.random())))

    def _nest(self, values: dict[str, Any]) -> None:
        value: Any = 1
        for _ in range(self._random.choice((1, 2, 50, 400))):
            value = [value] if self._random.random() < 0.5 else {"a": value}
        values[self._random.choice([*values, "deep"])] = value

    def _drop_fields(self, values: dict[str, Any]) -> None:
        for name in self._random.sample(list(values), self._random.randint(0, len(values))):
            del values[name]

    def _change_text(self, values: dict[str, Any]) -> None:
        if values:
            values[self._random.choice(list(values))] = self._random.choice((*TEXTS, self._word()))

    def _word(self) -> str:
        return self._random.choice(self._words)

    # Of the bytes.

    def _flip(self, body: bytes) -> bytes:
        flipped = bytearray(body)
        for _ in range(self._random.randint(1, 8)):
            if flipped:
                flipped[self._random.randrange(len(flipped))] ^= 1 << self._random.randrange(8)
        return bytes(flipped)

    def _cut(self, body: bytes) -> bytes:
        begin, end = sorted(self._random.choices(range(len(body) + 1), k=2))
        return self._random.choice((body[:begin], body[end:], body[:begin] + body[end:], b""))

    def _insert(self, body: bytes) -> bytes:
        at = self._random.randint(0, len(body))
        return body[:at] + bytes(self._random.choices(SPECIAL, k=self._random.randint(1, 20))) + body[at:]

    def _put_huge_number(self, body: bytes) -> bytes:
        head, colon, tail = body.partition(b":")
        for _ in range(self._random.randint(0, 5)):
            more, found, rest = tail.partition(b":")
            if found:
                head, tail = head + colon + more, rest
        rest = tail.lstrip(b' "-.0123456789eE')
        return head + colon + self._random.choice(HUGE).encode() + rest

    def _say_twice(self, body: bytes) -> bytes:
        field = body.strip(b"{} ").partition(b",")[0]
        return body.rstrip(b"} ") + b"," + field + b"}"

    def _wrap(self, body: bytes) -> bytes:
        depth = self._random.choice((1, 2, 1_000, 3_000)) if self._random.random() < 0.99 else 100_000
        return b"[" * depth + body + b"]" * self._random.choice((depth, 0))

    def _repeat(self, body: bytes) -> bytes:
        times = self._random.choice((2, 3, 50)) if self._random.random() < 0.998 else 8_000
        return body * times

    def _replace(self, body: bytes) -> bytes:
        whole = (b"", b"null", b"0", b'""', b"[]", b"{}", b"{", b"\xef\xbb\xbf" + body, b"\x00" * 64)
        return self._random.choice((*whole, self._random.randbytes(self._random.randint(0, 300))))
