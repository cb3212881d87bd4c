"""Forms of the catalogue's pages. What is right is the services' business; forms hand over and show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from opsportal.catalog.models import Dependency, Environment, Provider, Service
from opsportal.catalog.services.environments import MAX_RANK
from opsportal.catalog.services.links import MAX_LINKS
from opsportal.catalog.services.providers import MAX_CONTACT
from opsportal.catalog.services.records import MAX_DESCRIPTION
from opsportal.catalog.sheet import MAX_ROWS
from opsportal.catalog.states import SERVICE
from opsportal.core.sheets import MAX_BYTES
from opsportal.web.forms import PortalForm

Choices = Iterable[tuple[str, str]]


class LinksField(forms.CharField):
    """Links as lines of "title address"; cleaned to `{"title", "url"}` each."""

    widget = forms.Textarea

    def clean(self, value: Any) -> list[dict[str, str]]:
        """Return the links, line by line; a line of one word is both title and address."""
        links = []
        for line in super().clean(value).splitlines():
            words = line.split()
            if words:
                links.append({"title": " ".join(words[:-1]) or words[0], "url": words[-1]})
        return links

    @staticmethod
    def lines(links: list[dict[str, str]]) -> str:
        """Return stored links as the lines that `clean` reads."""
        return "\n".join(f"{link['title']} {link['url']}" for link in links)


class ServiceFilter(PortalForm):
    """What the list of services may be narrowed by."""

    q = forms.CharField(label="Name or slug", required=False, max_length=200)
    tier = forms.ChoiceField(required=False, choices=[("", "Any tier"), *Service.Tier.choices])
    team = forms.ChoiceField(label="Owner team", required=False)
    state = forms.ChoiceField(required=False, choices=[*SERVICE.choices, ("any", "Any state")])

    def __init__(self, data: Any, *, teams: Choices) -> None:
        super().__init__(data, auto_id="filter_%s")
        self.fields["team"].choices = [("", "Any team"), *teams]  # type: ignore[attr-defined]


class ServiceForm(PortalForm):
    """A service that is changed."""

    name = forms.CharField(max_length=120)
    description = forms.CharField(
        required=False,
        max_length=MAX_DESCRIPTION,
        widget=forms.Textarea,
        help_text="What it does, and for whom.",
    )
    tier = forms.ChoiceField(
        choices=Service.Tier.choices, help_text="How bad it is when it is down. Rules differ by tier."
    )
    data_classification = forms.ChoiceField(
        choices=Service.DataClassification.choices, help_text="The most sensitive data that it holds."
    )
    owner_team = forms.ChoiceField(help_text="Who answers for it, and is asked about its changes.")
    links = LinksField(
        required=False,
        max_length=20_000,
        help_text=f"One a line: a title, then the address. At most {MAX_LINKS}.",
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, teams: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner_team"].choices = list(teams)  # type: ignore[attr-defined]

    @classmethod
    def of(cls, service: Service, *, teams: Choices) -> ServiceForm:
        """Return the form filled with what is stored."""
        return cls(
            initial={
                "name": service.name,
                "description": service.description,
                "tier": service.tier,
                "data_classification": service.data_classification,
                "owner_team": service.owner_team.slug,
                "links": LinksField.lines(service.links),
                "version": service.version,
            },
            teams=teams,
        )

    def _add(self, pointer: str, detail: str) -> None:
        parts = pointer.strip("/").split("/")
        if parts[0] == "links" and len(parts) > 1 and parts[1].isdigit():
            detail = f"Link {int(parts[1]) + 1}: {detail}"
        super()._add(pointer, detail)


class NewServiceForm(ServiceForm):
    """A service that is added."""

    slug = forms.CharField(
        max_length=60,
        help_text="What pipelines call it, e.g. payments-api. It never changes.",
    )
    field_order = ["slug", "name"]


class ReasonForm(PortalForm):
    """Why something is done, for its history."""

    reason = forms.CharField(
        label="Why?", required=False, max_length=500, widget=forms.Textarea, help_text="Kept in its history."
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class DependencyForm(PortalForm):
    """What a service depends on."""

    depends_on = forms.CharField(
        label="Depends on",
        max_length=60,
        help_text="The slug of another service.",
        widget=forms.TextInput(attrs={"list": "all-services", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        choices=Dependency.Kind.choices, help_text="Hard: down without it. Soft: worse without it."
    )


class ProviderForm(PortalForm):
    """An external provider that is changed."""

    name = forms.CharField(max_length=120)
    description = forms.CharField(
        required=False, max_length=MAX_DESCRIPTION, widget=forms.Textarea, help_text="What we use it for."
    )
    owner_team = forms.ChoiceField(help_text="Who answers for it here, and renews its key.")
    status_url = forms.CharField(
        label="Status page", required=False, max_length=500, help_text="Where it says whether it works."
    )
    contact = forms.CharField(
        required=False, max_length=MAX_CONTACT, help_text="How to reach it: address, phone, contract number."
    )
    key_expires_on = forms.DateField(
        label="Key expires on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Last good day of the key or contract. Its team is told 30, 7 and 1 days ahead.",
    )
    used_by = forms.CharField(
        required=False,
        max_length=4_000,
        help_text="Slugs of the services that lean on it, parted by blanks.",
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, teams: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner_team"].choices = list(teams)  # type: ignore[attr-defined]

    def clean_used_by(self) -> list[str]:
        """Return the slugs, each once."""
        return list(dict.fromkeys(str(self.cleaned_data["used_by"]).replace(",", " ").split()))

    @classmethod
    def of(cls, provider: Provider, *, teams: Choices) -> ProviderForm:
        """Return the form filled with what is stored."""
        names = ("name", "description", "status_url", "contact", "key_expires_on", "version")
        used_by = provider.uses.order_by("service__slug").values_list("service__slug", flat=True)
        initial = {name: getattr(provider, name) for name in names}
        initial |= {"owner_team": provider.owner_team.slug, "used_by": " ".join(used_by)}
        return cls(initial=initial, teams=teams)


class NewProviderForm(ProviderForm):
    """An external provider that is added."""

    slug = forms.CharField(max_length=60, help_text="What it is called here, e.g. main-acquirer.")
    field_order = ["slug", "name"]


class ImportForm(PortalForm):
    """A catalogue as a file or as text; `fingerprint` is of the preview that was seen."""

    file = forms.FileField(
        label="CSV or JSON file", required=False, help_text=f"UTF-8, at most {MAX_ROWS} services."
    )
    text = forms.CharField(
        label="Or paste it here", required=False, widget=forms.Textarea, strip=False, max_length=MAX_BYTES
    )
    fingerprint = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)


class EnvironmentForm(PortalForm):
    """An environment that is changed."""

    name = forms.CharField(max_length=120)
    kind = forms.ChoiceField(choices=Environment.Kind.choices)
    rank = forms.IntegerField(
        min_value=0, max_value=MAX_RANK, initial=0, help_text="Order of promotion, lowest first."
    )
    when_unreachable = forms.ChoiceField(
        label="When the portal does not answer",
        choices=Environment.WhenUnreachable.choices,
        help_text="What a pipeline that ships to this environment does then.",
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, environment: Environment) -> EnvironmentForm:
        """Return the form filled with what is stored."""
        names = ("name", "kind", "rank", "when_unreachable", "version")
        return cls(initial={name: getattr(environment, name) for name in names})


class NewEnvironmentForm(EnvironmentForm):
    """An environment that is added."""

    slug = forms.CharField(
        max_length=60, help_text="What pipelines call it, e.g. production. It never changes."
    )
    field_order = ["slug", "name"]
