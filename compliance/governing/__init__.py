"""The deciding parts of governance: states, periods, checklists, scans, readiness, declarations. Pure."""
