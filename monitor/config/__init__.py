"""The configuration of the service: one YAML file, checked before anything starts."""
