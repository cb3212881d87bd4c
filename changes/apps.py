from datetime import timedelta

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    name = "changes"
    label = "changes"

    def ready(self) -> None:
        from changes import followers, handlers, panels, permissions
        from changes.facts import DECLARATIONS
        from changes.services.activation import change_activate_named
        from opsportal.audit.actions import register_all
        from opsportal.core.ports import activate_by_change
        from opsportal.outbox.ticks import expect
        from opsportal.standards import vocabulary

        expect(
            "changes.break_glass",
            every=timedelta(seconds=5),
            without_it="a break-glass that is over still shows as in force, though the gate obeys it no more",
        )
        expect(
            "changes.meetings",
            every=timedelta(seconds=60),
            without_it="members of a board are not reminded of its meetings",
        )
        vocabulary.declare(*DECLARATIONS)
        permissions.register()
        handlers.register()
        followers.register()
        expect(
            "changes.recount",
            every=timedelta(seconds=120),
            without_it="votes are not counted anew when members leave a board",
        )
        panels.register()
        activate_by_change.fill(change_activate_named)
        register_all(
            {
                "change.created": "drafted the change",
                "change.cloned": "copied it from another change",
                "change.edited": "edited the draft",
                "change.tagged": "changed the tags",
                "change.revised": "revised the change; earlier votes are void",
                "change.submitted": "submitted the change",
                "change.withdrawn": "took the change back",
                "change.approved": "brought the approval about",
                "change.rejected": "brought the rejection about",
                "change.scheduled": "scheduled the change",
                "change.standard_activated": "put the standard in force",
                "change.started": "started the implementation",
                "change.freeze_passed": "let the change pass a freeze",
                "deployment.freeze_passed": "let the deployment pass a freeze",
                "change.implemented": "completed the implementation",
                "change.failed": "reported a failure",
                "change.rolled_back": "rolled the change back",
                "change.reviewed": "wrote the review",
                "change.learned": "edited the review or the lessons learned",
                "change.attested": "attested a duty",
                "change.retrospective_approved": "brought the approval in retrospect about",
                "change.retrospective_rejected": "brought the rejection in retrospect about",
                "change.objection_answered": "answered the objection",
                "change.objection_accepted": "accepted the answer to the objection",
                "change.objection_upheld": "found the answer to the objection not enough",
                "change.rolled_back_later": "reported that what it brought was rolled back",
                "change.closed": "closed the change",
                "change.cancelled": "cancelled the change",
                "change.held": "held the change",
                "change.released": "released the change",
                "change.commented": "commented",
                "change.asked": "asked a question",
                "change.comment_edited": "edited a comment",
                "change.watched": "watches the change",
                "change.unwatched": "watches the change no more",
                "filter.saved": "saved a filter",
                "filter.removed": "removed a filter",
                "template.created": "drafted the template",
                "template.edited": "edited the draft",
                "template.revised": "revised the template; earlier votes are void",
                "template.submitted": "submitted the template",
                "template.withdrawn": "took the template back",
                "template.approved": "brought the approval about",
                "template.rejected": "brought the rejection about",
                "template.retired": "retired the template",
                "deployment.registered": "registered the deployment",
                "deployment.decided": "decided anew on the deployment",
                "deployment.started": "reported that the deployment started",
                "deployment.rolled_out": "reported a step of the rollout",
                "deployment.verified": "reported that the deployment was verified",
                "deployment.succeeded": "reported that the deployment succeeded",
                "deployment.failed": "reported that the deployment failed",
                "deployment.rolled_back": "reported that the deployment was rolled back",
                "deployment.flagged": "reported what is not allowed",
                "break_glass.asked": "asked to break the glass",
                "break_glass.confirmed": "confirmed it as the second person",
                "break_glass.refused": "refused it",
                "break_glass.expired": "let it expire: nobody confirmed it in time",
                "break_glass.used": "let a deployment pass",
                "break_glass.ended": "ended it: its time was up",
                "break_glass.revoked": "ended it ahead of its time",
                "meeting.reminded": "reminded the members of the meeting",
                "meeting.called": "called the meeting",
                "meeting.edited": "changed the meeting",
                "meeting.cancelled": "cancelled the meeting",
                "meeting.held": "closed its minutes",
                "meeting.item_added": "put something on the agenda",
                "meeting.item_removed": "took something off the agenda",
                "meeting.attended": "noted who is there",
                "meeting.decided": "voted in the meeting",
            }
        )
