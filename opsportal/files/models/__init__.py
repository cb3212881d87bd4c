from opsportal.files.models.files import Attachment, StoredFile

__all__ = ["Attachment", "StoredFile"]
