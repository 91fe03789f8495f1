"""Configuration of everything that stands around the service: see docker-compose.yml."""
