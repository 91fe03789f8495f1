"""``python -m monitor`` is the command ``hmoe``."""

from monitor.cli import main

main()
