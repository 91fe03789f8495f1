"""Contestants: the project and other libraries, each behind the same two verbs."""
