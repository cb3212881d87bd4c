"""Durable messages: written in the transaction of what they tell of, handled at least once afterwards."""
