"""The result of a batch: the file again, with what became of each row."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _

from redemption.batching.sentences import message_in
from redemption.models import BatchRow, RedemptionBatch
