from django.db import migrations

# Rows may be rewritten only by a transaction that says it erases a person's data.
CREATE = """
CREATE FUNCTION coupons_journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('hexiao.erasing', true) = 'on' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER journal_is_append_only BEFORE UPDATE OR DELETE ON coupons_journalentry
    FOR EACH ROW EXECUTE FUNCTION coupons_journal_is_append_only();
"""
DROP = """
DROP TRIGGER journal_is_append_only ON coupons_journalentry;
DROP FUNCTION coupons_journal_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("coupons", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]
