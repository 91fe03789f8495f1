"""A Kafka cluster in one process: librdkafka's own mock, inside the wheel, driven through ctypes.

Run as a program it prints its addresses and then obeys one JSON command a line, answering ``ok`` or what went
wrong. It ends with its standard input, so it never outlives the test.
"""

from __future__ import annotations

import ctypes
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NUM_BROKERS = 2
PRODUCER = 0
API_KEYS = {"Produce": 0, "Fetch": 1, "ListOffsets": 2, "Metadata": 3, "OffsetCommit": 8, "OffsetFetch": 9}


def load_library() -> ctypes.CDLL:
    spec = find_spec("confluent_kafka")
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent.with_name("confluent_kafka.libs")
    library = ctypes.CDLL(str(next(folder.glob("librdkafka*.so*"))))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return library


class MockCluster:
    """The mock and what can be done to it."""

    def __init__(self) -> None:
        self._library = load_library()
        configuration = ctypes.c_void_p(self._library.rd_kafka_conf_new())
        self._library.rd_kafka_conf_set(configuration, b"log_level", b"0", None, 0)
        self._client = ctypes.c_void_p(self._library.rd_kafka_new(PRODUCER, configuration, None, 0))
        self._cluster = ctypes.c_void_p(
            self._library.rd_kafka_mock_cluster_new(self._client, ctypes.c_int(NUM_BROKERS))
        )

    @property
    def bootstrap(self) -> str:
        found: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return found.decode()

    def create(self, topic: str, partitions: int) -> int:
        return int(
            self._library.rd_kafka_mock_topic_create(
                self._cluster, topic.encode(), ctypes.c_int(partitions), ctypes.c_int(1)
            )
        )

    def topic_error(self, topic: str, code: int) -> int:
        self._library.rd_kafka_mock_topic_set_error(self._cluster, topic.encode(), ctypes.c_int(code))
        return 0

    def down(self) -> int:
        return self._each_broker("rd_kafka_mock_broker_set_down")

    def up(self) -> int:
        return self._each_broker("rd_kafka_mock_broker_set_up")

    def delay(self, broker: int, milliseconds: int) -> int:
        return int(
            self._library.rd_kafka_mock_broker_set_rtt(
                self._cluster, ctypes.c_int32(broker), ctypes.c_int(milliseconds)
            )
        )

    def lead(self, topic: str, partition: int, broker: int) -> int:
        return int(
            self._library.rd_kafka_mock_partition_set_leader(
                self._cluster, topic.encode(), ctypes.c_int32(partition), ctypes.c_int32(broker)
            )
        )

    def fail(self, request: str, codes: list[int]) -> int:
        self._library.rd_kafka_mock_push_request_errors(
            self._cluster,
            ctypes.c_int16(API_KEYS[request]),
            ctypes.c_size_t(len(codes)),
            *(ctypes.c_int(code) for code in codes),
        )
        return 0

    def _each_broker(self, name: str) -> int:
        act = getattr(self._library, name)
        return max(
            (int(act(self._cluster, ctypes.c_int32(broker))) for broker in range(1, NUM_BROKERS + 1)), key=abs
        )

    def obey(self, command: list[Any]) -> int:
        name, *arguments = command
        done: int = getattr(self, name)(*arguments)
        return done


def main() -> None:
    cluster = MockCluster()
    print(cluster.bootstrap, flush=True)
    for line in sys.stdin:
        code = cluster.obey(json.loads(line))
        print("ok" if code == 0 else f"error {code} from {line.strip()}", flush=True)


if __name__ == "__main__":
    main()
