from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "opsportal.web"
    label = "web"
