"""Reading what other on-call systems export. Pure."""
