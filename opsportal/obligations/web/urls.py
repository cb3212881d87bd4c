from django.urls import path

from opsportal.obligations.web import views

app_name = "obligations"

urlpatterns = [
    path("obligations/", views.mine, name="mine"),
    path("obligations/<int:pk>/", views.detail, name="detail"),
    path("obligations/<int:pk>/waive/", views.waive, name="waive"),
]
