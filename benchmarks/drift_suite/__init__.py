"""Detectors of gate shifts on streams whose changes are known: false alarms, delays, attribution, cost."""
