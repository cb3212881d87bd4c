from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "opsportal.accounts"
    label = "accounts"

    def ready(self) -> None:
        from opsportal.accounts import handlers, permissions
        from opsportal.accounts.selectors import display_names, searches_of
        from opsportal.accounts.services.roles import scope_kinds, team_exists
        from opsportal.accounts.services.searches import search_keep, search_remove
        from opsportal.audit import actions
        from opsportal.core import ports
        from opsportal.core.registry import person_names

        permissions.register()
        handlers.register()
        person_names.add("people", display_names)
        scope_kinds.add("team", team_exists)
        ports.kept_searches.fill(searches_of)
        ports.keep_search.fill(search_keep)
        ports.drop_search.fill(search_remove)
        actions.register_all(
            {
                "user.created": "added a person",
                "user.updated": "changed a person",
                "user.deactivated": "barred a person from signing in",
                "user.reactivated": "let a person sign in again",
                "user.erased": "erased a person",
                "user.password_set": "set a password",
                "user.password_reset_requested": "asked for a new password",
                "user.signed_in": "signed in",
                "search.kept": "kept a search",
                "search.removed": "removed a kept search",
                "absence.recorded": "recorded an absence",
                "absence.changed": "changed an absence",
                "absence.ended": "ended an absence",
                "deputy.named": "named a deputy",
                "deputy.changed": "changed a deputyship",
                "deputy.ended": "ended a deputyship",
                "team.created": "made the team",
                "team.updated": "changed the team",
                "team.joined": "added a member to the team",
                "team.left": "ended a membership of the team",
                "role.declared": "declared the role",
                "role.granted": "granted the role",
                "role.ended": "ended a holding of the role",
                "service_account.created": "made the service account",
                "service_account.disabled": "disabled the service account",
                "service_account.enabled": "enabled the service account",
                "token.created": "made an API token",
                "token.revoked": "revoked an API token",
            }
        )
