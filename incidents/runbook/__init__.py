"""What runbooks say and how they live, without database or clock. Pure."""
