"""The service: streams that learn for months, lose nothing, and answer over HTTP meanwhile.

``service`` lets the streams take turns, ``supervisor`` keeps one going, ``worker`` is one under way,
``opening`` begins or resumes it, ``state`` is what its checkpoint holds; ``gateway`` and ``answers`` serve
the HTTP API.
"""

from monitor.service.service import Service, run_service

__all__ = ["Service", "run_service"]
