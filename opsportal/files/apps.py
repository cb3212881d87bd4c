from datetime import timedelta

from django.apps import AppConfig

from opsportal.audit.actions import register_all
from opsportal.outbox.ticks import expect


class FilesConfig(AppConfig):
    name = "opsportal.files"
    label = "files"

    def ready(self) -> None:
        expect(
            "files.sweep",
            every=timedelta(hours=1),
            without_it="bytes of removed files are not deleted, and the disk fills up",
        )
        register_all(
            {
                "file.attached": "attached a file",
                "file.removed": "removed a file",
                "file.damaged": "found a stored file damaged",
                "file.purged": "deleted the bytes of a removed file",
            }
        )
