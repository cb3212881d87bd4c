"""Who may do what: predicates by area, one source for buttons and for refusal."""
