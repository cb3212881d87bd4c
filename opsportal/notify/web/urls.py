from django.urls import path

from opsportal.notify.web import acknowledge, hooks, ledger, operations, reach, targets, views

app_name = "notify"

urlpatterns = [
    path("notifications/", views.inbox_page, name="inbox"),
    path("notifications/read/", views.read_all, name="read-all"),
    path("notifications/<uuid:pk>/read/", views.read, name="read"),
    path("account/notifications/", views.settings_page, name="settings"),
    path("account/reach/", reach.reach_page, name="reach"),
    path("account/reach/add/", reach.add, name="reach-add"),
    path("account/reach/order/", reach.order, name="reach-order"),
    path("account/reach/test/", reach.try_out, name="reach-test-account"),
    path("account/reach/<uuid:pk>/verify/", reach.verify, name="reach-verify"),
    path("account/reach/<uuid:pk>/code/", reach.send_code, name="reach-code"),
    path("account/reach/<uuid:pk>/test/", reach.try_out, name="reach-test"),
    path("account/reach/<uuid:pk>/remove/", reach.remove, name="reach-remove"),
    path("pages/<uuid:pk>/", ledger.page_detail, name="page"),
    path("pages/<uuid:pk>/acknowledge/", reach.confirm, name="page-acknowledge"),
    path("channels/", targets.targets_page, name="targets"),
    path("channels/<slug:slug>/test/", targets.try_out, name="target-test"),
    path("channels/<slug:slug>/switch-<slug:word>/", targets.switch, name="target-switch"),
    path("channels/<slug:slug>/secret/", targets.exchange_secret, name="target-secret"),
    path("channels/<slug:slug>/address/", targets.change_address, name="target-address"),
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
