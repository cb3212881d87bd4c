from changes.api import changes_urls, deployments_urls, filters_urls, meetings_urls

urlpatterns = [
    *deployments_urls.urlpatterns,
    *changes_urls.urlpatterns,
    *meetings_urls.urlpatterns,
    *filters_urls.urlpatterns,
]
