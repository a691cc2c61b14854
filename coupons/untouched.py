"""Which codes nobody has had in hand: they may still go to somebody else."""

#: The condition in SQL, of a code called `c`. A code that the journal tells of has been in
#: somebody's hands, and so has one that was given for another.
UNTOUCHED = """
       NOT c.shared AND c.state = 'active' AND c.uses = 0 AND c.replaced_by_id IS NULL
   AND NOT EXISTS (SELECT FROM coupons_code r WHERE r.replaced_by_id = c.id)
   AND NOT EXISTS (SELECT FROM coupons_journalentry j WHERE j.code_id = c.id)
"""
