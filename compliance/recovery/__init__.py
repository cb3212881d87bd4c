"""What backups, restore tests, exercises and retention are decided by. Pure: no database, no clock."""
