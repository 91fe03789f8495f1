"""docker-compose.yml without containers: its commands and files as plain processes, up and with data."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.request import Request, urlopen

from confluent_kafka import Consumer, TopicPartition

from tests.deploy.composed import COMPOSE, Composed
from tests.deploy.watching import ask

DATA_SECONDS = 60.0


def test_everything_but_grafana_is_up_and_was_started_in_order(live: Composed) -> None:
    optional = {name for name, service in COMPOSE["services"].items() if service.get("profiles")}
    assert optional == {"grafana"}
    assert set(live.started) == set(COMPOSE["services"]) - optional
    for name in live.started:
        waited_for = live.services[name].get("depends_on", {})
        assert set(waited_for) <= set(live.started[: live.started.index(name)]), name
    assert all(live.is_healthy(name) for name in live.started if "healthcheck" in live.services[name])


def test_records_flow_from_the_producer_through_the_worker_to_its_topics(live: Composed) -> None:
    worker = live.address("worker", 8080)

    def learned() -> bool:
        account = ask(f"http://{worker}/status?stream=deliveries")["account"]
        return bool(account["learned"] > 500 and account["labels_joined"] > 500)

    _eventually(learned)
    consumer = Consumer({
        "bootstrap.servers": live.address("kafka", 9092), "group.id": "test", "auto.offset.reset": "earliest",
    })  # fmt: skip
    consumer.assign([TopicPartition("delivery-predictions", 0, 0)])
    message = consumer.poll(DATA_SECONDS)
    consumer.close()
    assert message is not None
    assert message.error() is None
    assert b'"prediction":' in (message.value() or b"").replace(b" ", b"")


def test_the_worker_is_called_by_its_name_in_the_network_of_the_containers(live: Composed) -> None:
    address = f"http://{live.address('worker', 8080)}/readyz"
    request = Request(address, headers={"Host": "worker:8080"})
    with urlopen(request, timeout=10) as answer:  # noqa: S310  as above
        assert answer.status == 200


def test_prometheus_scrapes_evaluates_and_reaches_the_pager(live: Composed) -> None:
    prometheus = f"http://{live.address('prometheus', 9090)}"

    def scraped() -> bool:
        found = ask(f"{prometheus}/api/v1/targets")["data"]["activeTargets"]
        health = {target["labels"]["job"]: target["health"] for target in found}
        return health == {"hmoe": "up", "prometheus": "up"}

    _eventually(scraped)
    groups = ask(f"{prometheus}/api/v1/rules")["data"]["groups"]
    assert {group["name"] for group in groups} == {"hmoe-recordings", "hmoe-alerts"}
    pages = f"http://{live.address('pager', 9095)}/pages"
    _eventually(lambda: "HmoeWatchdog" in {page["labels"]["alertname"] for page in ask(pages)})


def test_the_dashboard_has_the_journal_of_the_worker_before_it(live: Composed) -> None:
    folder = live.here("dashboard", live.services["dashboard"]["command"][1])
    assert live.here("worker", live.services["dashboard"]["command"][1]) == folder
    health = f"http://{live.address('dashboard', 8501)}/_stcore/health"
    with urlopen(health, timeout=10) as answer:
        assert answer.read() == b"ok"


def _eventually(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + DATA_SECONDS
    while not is_so():
        assert time.monotonic() < until, f"not so within {DATA_SECONDS} s"
        time.sleep(0.2)
