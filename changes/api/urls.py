from changes.api import changes_urls

urlpatterns = [*changes_urls.urlpatterns]
