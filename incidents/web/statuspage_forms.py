"""Forms of the status page. What is right is decided by the services."""

from __future__ import annotations

from typing import Any

from django import forms

from incidents.models import StatusComponent
from incidents.public_status import IMPACT_WORDS, MACHINES
from incidents.services.statuspage.notices import MAX_TEXT
from opsportal.web.forms import LocalMomentField, PortalForm

NOT_NAMED = ""


class ComponentForm(PortalForm):
    """A component as the public knows it."""

    always = ("slug", "name")
    slug = forms.CharField(max_length=60, help_text="Its name in addresses, for good, e.g. payments.")
    name = forms.CharField(max_length=120)
    description = forms.CharField(max_length=300, required=False)
    group = forms.CharField(max_length=120, required=False, help_text="Components of a group stand together.")
    position = forms.IntegerField(min_value=0, max_value=1_000, initial=0, help_text="Lowest first.")
    service = forms.ChoiceField(required=False, help_text="The service behind it, for incidents and changes.")
    announces = forms.ChoiceField(choices=StatusComponent.Announces.choices, label="Maintenance")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, services: list[tuple[str, str]], edits: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service"].choices = [("", "None"), *services]  # type: ignore[attr-defined]
        if edits:
            del self.fields["slug"]

    @property
    def values(self) -> dict[str, Any]:
        """What was typed, without the version."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class NoticeForm(PortalForm):
    """A word to the public; one choice for each component."""

    always = ("title", "text")
    title = forms.CharField(max_length=200, help_text="For outsiders: what does not work for them?")
    state = forms.ChoiceField(label="Where it stands")
    starts_at = LocalMomentField(required=False, label="From")
    ends_at = LocalMomentField(required=False, label="Until")
    text = forms.CharField(max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 4}), label="What to say")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        kind: str,
        state: str = "",
        components: list[StatusComponent],
        named: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        machine = MACHINES[kind]
        states = machine.verbs(state) if state else set(machine.states)
        self.fields["state"].choices = [  # type: ignore[attr-defined]
            (one, words) for one, words in machine.names.items() if one in states
        ]
        if kind == "incident":
            del self.fields["starts_at"], self.fields["ends_at"]
        self.part_names: list[str] = []
        for component in components:
            name = f"impact_{component.slug}"
            self.part_names.append(name)
            self.fields[name] = forms.ChoiceField(
                required=False,
                label=component.name,
                choices=[(NOT_NAMED, "Not concerned"), *IMPACT_WORDS.items()],
                initial=(named or {}).get(component.slug, NOT_NAMED),
            )

    @property
    def parts(self) -> list[Any]:
        """The choices for the components, to be laid out together."""
        return [self[name] for name in self.part_names]

    @property
    def impacts(self) -> dict[str, str]:
        """The components that were named, and how each stands."""
        given = {name.removeprefix("impact_"): self.cleaned_data[name] for name in self.part_names}
        return {slug: impact for slug, impact in given.items() if impact}

    @property
    def values(self) -> dict[str, Any]:
        """What was typed, as the services take it; without the version."""
        names = [name for name in ("title", "state", "text", "starts_at", "ends_at") if name in self.fields]
        return {**{name: self.cleaned_data[name] for name in names}, "impacts": self.impacts}


class SubscribeForm(PortalForm):
    """An address, and of what it wants to hear."""

    always = ("email",)
    email = forms.CharField(max_length=254, label="E-mail address", widget=forms.EmailInput())
    components = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, help_text="None: all of them."
    )

    def __init__(self, *args: Any, components: list[StatusComponent], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["components"].choices = [(one.slug, one.name) for one in components]  # type: ignore[attr-defined]


class ChoiceForm(PortalForm):
    """Of what a subscriber wants to hear."""

    components = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, help_text="None: all of them."
    )

    def __init__(self, *args: Any, components: list[StatusComponent], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["components"].choices = [(one.slug, one.name) for one in components]  # type: ignore[attr-defined]
