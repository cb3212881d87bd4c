"""Writes the words of the changes that stand already, a batch at a time, each a transaction of its own.

Stopped midway, it begins again where words are missing.
"""

from django.db import migrations, transaction

from changes.search_words import searchable

BATCH = 500
TEXTS = (
    "description",
    "justification",
    "risk_assessment",
    "impact",
    "plan",
    "test_evidence",
    "rollback_plan",
    "review",
    "lessons_learned",
)


def write_words(apps, schema_editor):
    Change = apps.get_model("changes", "Change")
    last = 0
    while True:
        missing = Change.objects.filter(pk__gt=last, search_document__isnull=True).order_by("pk")
        batch = list(missing.prefetch_related("comments", "targets__service", "targets__environment")[:BATCH])
        if not batch:
            return
        with transaction.atomic():
            _write(apps, schema_editor, batch)
        last = batch[-1].pk


def _write(apps, schema_editor, changes):
    SearchDocument = apps.get_model("changes", "SearchDocument")
    documents = [_document(SearchDocument, change) for change in changes]
    SearchDocument.objects.bulk_create(documents)
    if schema_editor.connection.vendor == "sqlite":
        with schema_editor.connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO changes_search (rowid, title, names, body) VALUES (%s, %s, %s, %s)",
                [(one.change_id, one.title, one.names, one.body) for one in documents],
            )


def _document(SearchDocument, change):
    names = {name for row in change.targets.all() for name in (row.service.slug, row.environment.slug)}
    comments = sorted(change.comments.all(), key=lambda comment: -comment.pk)
    return SearchDocument(
        change_id=change.pk,
        title=searchable([change.title]),
        names=searchable([f"CHG-{change.pk}", *change.tags, *sorted(names)]),
        body=searchable([*(getattr(change, name) for name in TEXTS), *(one.text for one in comments[:500])]),
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("changes", "0003_search_documents"),
    ]

    operations = [
        migrations.RunPython(write_words, migrations.RunPython.noop),
    ]
