"""The API of changes, templates and deployments."""
