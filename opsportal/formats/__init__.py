"""How days and times are written where Django writes them: as on the portal's own pages."""
