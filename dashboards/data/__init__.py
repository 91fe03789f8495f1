"""The journal -> what a page shows, read in one go so that the whole page tells one story.

``snapshot`` is what every page needs, ``parts`` what one page needs besides, ``shapes`` when
leaves lived, ``notices`` why there is nothing to show.
"""

from dashboards.data.notices import Notice, notice
from dashboards.data.snapshot import WINDOWS, Snapshot, read

__all__ = ["WINDOWS", "Notice", "Snapshot", "notice", "read"]
