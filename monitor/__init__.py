"""The running service around the learner: sources, journal, metrics, live view and the command ``hmoe``."""
