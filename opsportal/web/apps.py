from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class WebConfig(AppConfig):
    name = "opsportal.web"
    label = "web"


class OpsAdminConfig(AdminConfig):
    default_site = "opsportal.web.admin_site.OpsAdminSite"
