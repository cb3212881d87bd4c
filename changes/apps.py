from django.apps import AppConfig


class ChangesConfig(AppConfig):
    name = "changes"
    label = "changes"

    def ready(self) -> None:
        from changes.facts import DECLARATIONS
        from opsportal.standards import vocabulary

        vocabulary.declare(*DECLARATIONS)
