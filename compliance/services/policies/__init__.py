"""Writes about policies, who signed them, and the register of documents."""
