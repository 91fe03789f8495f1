"""Requests at a fixed rate against a running HTTP API."""
