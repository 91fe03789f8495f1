"""Grafana dashboards as code: ``panels`` says what is shown, ``generate`` writes the JSON."""
