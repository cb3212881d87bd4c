"""Pages and API of import, export and providers."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from opsportal.catalog.models import Provider, Service
from opsportal.catalog.selectors import entries
from tests.makers import make_service, make_team, make_token, make_user
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db

CSV = "slug,name,tier,data_classification,owner_team,depends_on\nshop,Shop,core,internal,owners,\n"
SHOP = {
    "slug": "shop",
    "name": "Shop",
    "tier": "core",
    "data_classification": "internal",
    "owner_team": "owners",
}

OLDER = "old,'=Older,core,public,owners,\n"


@pytest.fixture
def admin() -> Client:
    make_team("owners")
    client = Client()
    client.force_login(make_user(staff=True))
    return client


@pytest.fixture
def api() -> Client:
    make_team("owners")
    _, secret = make_token(["catalog:read", "catalog:write"])
    return Client(headers={"Authorization": f"Bearer {secret}"})


def confirmed(page: str) -> dict[str, str]:
    """Return what the preview's form would send."""
    text = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    fingerprint = re.search(r'name="fingerprint" value="(\w+)"', page)
    assert text is not None
    assert fingerprint is not None
    return {"text": unescape(text[1]), "fingerprint": fingerprint[1], "apply": "1"}


def test_a_file_is_shown_first_and_then_imported(admin: Client) -> None:
    make_service("old", name="=Old")
    upload = SimpleUploadedFile("s.csv", f"{CSV}old,'=Older,,,,shop:soft\n".encode())
    with nothing_written(at_an_edge=True):
        answer = admin.post("/services/import/", {"file": upload})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "1 new, 0 changed, 0 as they are, 1 wrong" in page  # an empty tier is no tier
    assert "(services, line 3 tier)" in page
    with nothing_written(at_an_edge=True):
        page = admin.post("/services/import/", {"text": CSV + OLDER}).content.decode()
    answer = admin.post("/services/import/", confirmed(page))
    assert (answer.status_code, answer["Location"]) == (302, "/services/")
    assert set(Service.objects.values_list("name", flat=True)) == {"Shop", "=Older"}


def test_what_is_exported_imports_as_it_is(admin: Client) -> None:
    make_service("till", name="+Till", links=[{"title": "Wiki", "url": "https://wiki.example/x"}])
    for kind in ("csv", "json"):
        answer = admin.get(f"/services/export/{kind}/")
        content = answer.getvalue()
        assert "attachment" in answer["Content-Disposition"]
        page = admin.post("/services/import/", {"file": SimpleUploadedFile("x", content)}).content.decode()
        assert "0 new, 0 changed, 1 as they are" in page


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose a file, or paste its text"),
        ({"text": "name\nx"}, "The column “slug” is missing"),
        ({"text": CSV, "apply": "1"}, "Look at it again"),
        ({"text": CSV, "apply": "1", "fingerprint": "0" * 64}, "Look at it again"),
    ],
)
def test_what_cannot_be_imported_is_said(admin: Client, sent: dict[str, str], words: str) -> None:
    with nothing_written(at_an_edge=True):
        answer = admin.post("/services/import/", sent)
    assert answer.status_code in {400, 409}
    assert words in answer.content.decode()


def test_text_in_a_file_is_never_markup(admin: Client) -> None:
    hostile = CSV.replace("Shop", "</textarea><script>alert(1)</script>")
    page = admin.post("/services/import/", {"text": hostile}).content.decode()
    assert "<script>alert(1)" not in page
    assert admin.post(
        "/services/import/", confirmed(page.replace("&lt;", "<").replace("&gt;", ">"))
    ).status_code


def test_the_api_previews_imports_and_exports(api: Client) -> None:
    body: dict[str, Any] = {"services": [{**SHOP, "depends_on": {}}], "preview": True}
    with nothing_written(at_an_edge=True):
        answer = api.post("/api/v1/catalog/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["new"]) == (200, 1)
    answer = api.post("/api/v1/catalog", {"services": body["services"]}, content_type="application/json")
    assert answer.json()["services"] == [{"slug": "shop", "what": "new", "fields": [], "errors": []}]
    exported = api.get("/api/v1/catalog/").json()
    assert exported == {"services": entries()}
    again = api.post("/api/v1/catalog/", exported, content_type="application/json")
    assert again.json()["same"] == 1


def test_the_api_tells_each_wrong_row_and_imports_none(api: Client) -> None:
    body = {"services": [SHOP, {**SHOP, "slug": "other", "owner_team": "nobody"}]}
    with nothing_written(at_an_edge=True):
        answer = api.post("/api/v1/catalog/", body, content_type="application/json")
    assert answer.status_code == 400
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/services/1/owner_team"]


@pytest.mark.parametrize("preview", [True, False])
def test_the_api_tells_faults_of_shape_and_of_content_at_once(api: Client, preview: bool) -> None:
    services: list[Any] = [
        {**SHOP, "tier": "top", "owner_team": "nobody", "colour": "red", "depends_on": {"gone": "hard"}},
        {**SHOP, "slug": 7, "name": 7},
        {**SHOP, "slug": "till", "links": [{"title": "", "url": "x"}]},
        {**SHOP, "slug": "bad slug"},
        SHOP,
        "text",
    ]
    body = {"services": services, "preview": preview}
    with nothing_written(at_an_edge=True):
        answer = api.post("/api/v1/catalog/", body, content_type="application/json")
    assert answer.status_code == 400
    told = sorted(one["pointer"] for one in answer.json()["errors"])
    assert told == [
        "/services/0/colour",
        "/services/0/depends_on",
        "/services/0/owner_team",
        "/services/0/tier",
        "/services/1/name",
        "/services/1/slug",
        "/services/2/links/0/title",
        "/services/2/links/0/url",
        "/services/3/slug",
        "/services/4/slug",
        "/services/5",
    ]


def test_a_provider_by_api(api: Client) -> None:
    make_service("shop")
    body = {"slug": "acquirer", "name": "Acquirer", "owner_team": "owners", "key_expires_on": "2027-01-31"}
    answer = api.post("/api/v1/providers/", body, content_type="application/json")
    assert (answer.status_code, answer["ETag"]) == (201, '"1"')
    patch = json.dumps({"used_by": ["shop"], "key_expires_on": None})
    answer = api.patch(
        "/api/v1/providers/acquirer/", patch, content_type="application/json", headers={"If-Match": '"1"'}
    )
    assert (answer.json()["used_by"], answer.json()["key_expires_on"]) == (["shop"], None)
    assert api.get("/api/v1/providers/?state=active").json()["results"][0]["slug"] == "acquirer"
    assert (
        api.post("/api/v1/providers/acquirer/retire/", {}, content_type="application/json").status_code == 200
    )
    assert (
        api.post("/api/v1/providers/acquirer/retire/", {}, content_type="application/json").status_code == 409
    )
    stale = api.patch(
        "/api/v1/providers/acquirer/", "{}", content_type="application/json", headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 409


def test_a_provider_on_its_pages(admin: Client) -> None:
    make_service("shop", name="The Shop")
    sent = {"slug": "acquirer", "name": "Acquirer", "owner_team": "owners", "key_expires_on": "2020-01-31"}
    sent |= {"used_by": "shop", "status_url": "https://status.acquirer.example"}
    assert admin.post("/providers/new/", {**sent, "used_by": "gone"}).status_code == 400
    assert admin.post("/providers/new/", sent).status_code == 302
    page = admin.get("/providers/acquirer/").content.decode()
    assert "Over since 31 Jan 2020" in page
    assert "The Shop" in page
    assert "Keys of providers that end" in admin.get("/").content.decode()
    assert "Providers it leans on" in admin.get("/services/shop/").content.decode()
    assert "Acquirer" in admin.get("/search/?q=acqui").content.decode()
    assert admin.post("/providers/acquirer/edit/", {**sent, "name": "", "version": "1"}).status_code == 400
    assert admin.post("/providers/acquirer/retire/", {"reason": "gone", "version": "1"}).status_code == 302
    assert Provider.objects.get().state == "retired"
    assert "Keys of providers that end" not in admin.get("/").content.decode()
