"""The monthly report: made once, sent to whoever wants it."""

from compliance.services.reports.making import monthly_report_make
from compliance.services.reports.recipients import report_address, report_subscribe, report_unsubscribe
from compliance.services.reports.sending import report_mails_send

__all__ = [
    "monthly_report_make",
    "report_address",
    "report_mails_send",
    "report_subscribe",
    "report_unsubscribe",
]
