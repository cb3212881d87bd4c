"""Services, environments, dependencies and ownership."""
