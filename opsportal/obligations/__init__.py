"""The one engine for "X owes Y about Z by T": remind, breach, climb, meet, waive."""
