from opsportal.accounts.models.absences import Absence, Deputyship
from opsportal.accounts.models.roles import Role, RoleHolding
from opsportal.accounts.models.searches import SavedSearch
from opsportal.accounts.models.service_accounts import ApiToken, ServiceAccount
from opsportal.accounts.models.teams import Team, TeamMembership
from opsportal.accounts.models.users import User, UserManager

__all__ = [
    "Absence",
    "ApiToken",
    "Deputyship",
    "Role",
    "RoleHolding",
    "SavedSearch",
    "ServiceAccount",
    "Team",
    "TeamMembership",
    "User",
    "UserManager",
]
