"""Celery ticks, by area."""
