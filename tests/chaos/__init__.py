"""`make chaos`: a whole portal under load while its processes are killed, stopped and cut off."""
