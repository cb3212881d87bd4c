"""Change requests, their approval and the deployments that carry them out."""
