from opsportal.audit.services.entries import audit_record
from opsportal.audit.services.exports import export_record
from opsportal.audit.services.refusals import refusal_record

__all__ = ["audit_record", "export_record", "refusal_record"]
