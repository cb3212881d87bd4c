from django.urls import path

from opsportal.notify.web import acknowledge, hooks, operations, views

app_name = "notify"

urlpatterns = [
    path("notifications/", views.inbox_page, name="inbox"),
    path("notifications/read/", views.read_all, name="read-all"),
    path("notifications/<uuid:pk>/read/", views.read, name="read"),
    path("account/notifications/", views.settings_page, name="settings"),
    path("ack/<str:token>/", acknowledge.acknowledge_page, name="acknowledge"),
    path("hooks/slack/", hooks.slack, name="hook-slack"),
    path("hooks/twilio/text/", hooks.twilio_text, name="hook-twilio-text"),
    path("hooks/twilio/call/<str:token>/", hooks.twilio_call, name="hook-twilio-call"),
    path("operations/", operations.operations, name="operations"),
    path("operations/messages/<int:pk>/retry/", operations.message_retry, name="message-retry"),
    path("operations/messages/<int:pk>/dismiss/", operations.message_dismiss, name="message-dismiss"),
    path("operations/deliveries/<uuid:pk>/retry/", operations.delivery_retry, name="delivery-retry"),
    path("operations/deliveries/<uuid:pk>/dismiss/", operations.delivery_dismiss, name="delivery-dismiss"),
]
