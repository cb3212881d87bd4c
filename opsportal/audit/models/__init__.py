from opsportal.audit.models.append_only import AppendOnly, HistoryBase
from opsportal.audit.models.entry import AuditEntry

__all__ = ["AppendOnly", "AuditEntry", "HistoryBase"]
