from django.apps import AppConfig


class StandardsConfig(AppConfig):
    name = "opsportal.standards"
    label = "standards"
