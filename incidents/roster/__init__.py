"""What follows from who is on call when: hours, rest, fairness, what moved. Pure."""
