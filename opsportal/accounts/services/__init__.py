from opsportal.accounts.services.absences import absence_change, absence_end, absence_record
from opsportal.accounts.services.deputies import deputy_change, deputy_end, deputy_name
from opsportal.accounts.services.erasure import user_erase
from opsportal.accounts.services.imports import people_import, people_rows, roles_import
from opsportal.accounts.services.passwords import (
    first_password_link,
    password_reset_request,
    reset_link_send,
    welcome_send,
)
from opsportal.accounts.services.people import clean_colleague, clean_worker, require_worker, time_zones
from opsportal.accounts.services.roles import role_declare, role_end, role_grant
from opsportal.accounts.services.searches import search_keep, search_remove
from opsportal.accounts.services.service_accounts import (
    service_account_create,
    service_account_disable,
    service_account_enable,
)
from opsportal.accounts.services.sign_ins import sign_in_record, sign_in_refuse
from opsportal.accounts.services.teams import team_create, team_join, team_leave, team_update
from opsportal.accounts.services.tokens import token_check, token_create, token_revoke
from opsportal.accounts.services.users import (
    user_create,
    user_deactivate,
    user_reactivate,
    user_set_password,
    user_update,
)

__all__ = [
    "absence_change",
    "absence_end",
    "absence_record",
    "clean_colleague",
    "clean_worker",
    "deputy_change",
    "deputy_end",
    "deputy_name",
    "first_password_link",
    "password_reset_request",
    "people_import",
    "people_rows",
    "require_worker",
    "reset_link_send",
    "role_declare",
    "role_end",
    "role_grant",
    "roles_import",
    "search_keep",
    "search_remove",
    "service_account_create",
    "service_account_disable",
    "service_account_enable",
    "sign_in_record",
    "sign_in_refuse",
    "team_create",
    "team_join",
    "team_leave",
    "team_update",
    "time_zones",
    "token_check",
    "token_create",
    "token_revoke",
    "user_create",
    "user_deactivate",
    "user_erase",
    "user_reactivate",
    "user_set_password",
    "user_update",
    "welcome_send",
]
