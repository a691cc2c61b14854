"""What the desk says of one more proof."""

from typing import Any

from redemption import desk_proofs
from redemption.desk import Checked, Clerk


def proof_ways(*, clerk: Clerk, checked: Checked) -> dict[str, Any]:
    """Return where a code would be sent, masked, and whose PIN would do."""
    people = desk_proofs.supervisors(clerk=clerk).exclude(user=clerk.user)
    return {
        "sends_to": desk_proofs.sent_to(customer=checked.customer),
        "has_customer": checked.customer is not None,
        "supervisors": [(row.pk, row.user.get_username()) for row in people],
        "supervises": desk_proofs.supervises(clerk=clerk),
    }
