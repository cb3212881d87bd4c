"""Users, teams, roles and boards, service accounts and their tokens."""
