from django.db import migrations, models

INDEX = models.Index(fields=["event", "-observed_at", "-id"], name="evidence_newest")


def make_index(apps, schema_editor):
    # A table of millions is written to all the time: nobody waits for this. What a run that was broken off
    # left behind is no index; it goes first.
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS evidence_newest")
        schema_editor.execute(
            "CREATE INDEX CONCURRENTLY evidence_newest ON compliance_evidence (event, observed_at DESC, id DESC)"
        )
    else:
        schema_editor.add_index(apps.get_model("compliance", "Evidence"), INDEX)


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS evidence_newest")
    else:
        schema_editor.remove_index(apps.get_model("compliance", "Evidence"), INDEX)


class Migration(migrations.Migration):

    atomic = False

    dependencies = [("compliance", "0003_who_plans_and_who_took_in")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.AddIndex("evidence", INDEX)],
            database_operations=[migrations.RunPython(make_index, drop_index)],
        )
    ]
