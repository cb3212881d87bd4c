from django.urls import path

from opsportal.accounts.web import away, views

app_name = "accounts"

urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("away/", away.away, name="away"),
    path("away/absence/<int:number>/", away.away_change, name="away-change"),
    path("away/deputy/<int:number>/", away.deputy_until, name="deputy-change"),
    path("away/end/<slug:kind>/<int:number>/", away.away_end, name="away-end"),
    path("people/<uuid:pk>/away/", away.away, name="away-of"),
    path("people/<uuid:pk>/away/absence/<int:number>/", away.away_change, name="away-change-of"),
    path("people/<uuid:pk>/away/deputy/<int:number>/", away.deputy_until, name="deputy-change-of"),
    path("people/<uuid:pk>/away/end/<slug:kind>/<int:number>/", away.away_end, name="away-end-of"),
    path("people/", views.people, name="people"),
    path("people/<uuid:pk>/", views.person, name="person"),
    path("teams/", views.teams, name="teams"),
    path("teams/<slug:slug>/", views.team, name="team"),
    path("boards/", views.boards, name="boards"),
]
