"""Pages of changes, the CAB, templates and deployments: parse, make one call, render."""
