from opsportal.files.services.attachments import attachment_add, attachment_remove
from opsportal.files.services.reading import file_opened
from opsportal.files.services.sweep import files_sweep

__all__ = ["attachment_add", "attachment_remove", "file_opened", "files_sweep"]
