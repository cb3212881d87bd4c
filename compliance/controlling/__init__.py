"""How controls are judged, and how a framework is read. Pure."""
