"""Writes about assets, backups, restore tests, exercises and retention."""
