"""What the tools of the Kafka image do for docker-compose.yml, so far as it asks them to.

python -m tests.deploy.kafka_tools --bootstrap-server HOST:PORT [--create --topic NAME ...]
"""

from __future__ import annotations

import argparse

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

SECONDS = 10.0


def main() -> None:
    """Make a topic that is not there yet, or see whether the broker answers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap-server", required=True)
    for flag in ("--create", "--if-not-exists"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--topic")
    for count in ("--partitions", "--replication-factor"):
        parser.add_argument(count, type=int, default=1)
    asked = parser.parse_args()
    admin = AdminClient({"bootstrap.servers": asked.bootstrap_server, "log_level": 0})
    found = admin.list_topics(timeout=SECONDS).topics
    if asked.create and not (asked.if_not_exists and asked.topic in found):
        wanted = NewTopic(asked.topic, asked.partitions, asked.replication_factor)
        admin.create_topics([wanted])[asked.topic].result(SECONDS)


if __name__ == "__main__":
    main()
