"""The arithmetic of measurements: units, windows, statistics, budgets, targets, DORA. Pure."""
