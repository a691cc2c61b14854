from django.db import migrations


def say_what_they_do(apps, schema_editor):
    """Name the jobs that move codes; all others made some."""
    jobs = apps.get_model("coupons", "Job")
    jobs.objects.filter(replacement__isnull=False).update(kind="move")


class Migration(migrations.Migration):
    dependencies = [("coupons", "0016_job_kinds_and_results")]

    operations = [migrations.RunPython(say_what_they_do, migrations.RunPython.noop)]
