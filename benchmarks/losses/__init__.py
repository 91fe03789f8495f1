"""Synthetic losses given gate weights, and what is measured on them."""
