"""Metrics for Prometheus, computed from the statuses at every scrape.

``catalogue`` says what there is; one file an idea says where the values come from; docs/metrics.md is the
catalogue as a page.
"""

from .catalogue import CATALOGUE, CatalogueEntry, Kind, catalogue_page
from .collector import StatusCollector, registry_of
from .process import Process
from .server import MetricsServer

__all__ = [
    "CATALOGUE",
    "CatalogueEntry",
    "Kind",
    "MetricsServer",
    "Process",
    "StatusCollector",
    "catalogue_page",
    "registry_of",
]
