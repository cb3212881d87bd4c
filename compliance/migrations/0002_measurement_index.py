from django.db import migrations


def make_index(apps, schema_editor):
    # Old points are found by their time in a few pages of this, where a tree of it had gigabytes.
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE INDEX measurement_at ON compliance_measurement USING brin (at) WITH (autosummarize = on)"
        )


class Migration(migrations.Migration):

    dependencies = [("compliance", "0001_initial")]

    operations = [migrations.RunPython(make_index, migrations.RunPython.noop)]
