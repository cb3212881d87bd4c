"""The demo organisation: a small company and its changes, made through the portal's own services."""
