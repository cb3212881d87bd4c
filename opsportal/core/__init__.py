"""The ground: actor, access, state machine, errors, clock, correlation, ports and registries."""
