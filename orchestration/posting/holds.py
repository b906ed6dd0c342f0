"""Why a document does not go: one closed set of codes, with the words for each."""

from __future__ import annotations

from dataclasses import dataclass

HOLD_CODES: dict[str, str] = {
    "posting_off": "posting is not turned on for the company",
    "observe": "nobody is named to post for the store on that date",
    "before_cutover": "the business date is before the store's cutover",
    "writer_changed": "who posts for the store has changed since the proposal",
    "store_stopped": "posting is stopped for the store",
    "gate_blocked": "the posting gate does not let it through",
    "not_ready": "the proposal says it may not be posted yet",
    "unsound": "the document contradicts itself",
    "needs_approval": "a person has to approve it",
    "approval_lapsed": "what was approved is not what would be sent now",
    "rejected": "a person said no",
    "needs_second_approval": "the policy asks for another person's approval besides",
    "four_eyes": "whoever approved it wrote a mapping that it goes by: somebody else must",
    "remedy_not_allowed": "the policy does not allow the remedy",
    "over_document_limit": "the document is over the policy's limit",
    "over_run_limit": "the run has as many documents, or as much value, as the policy allows",
    "return_over_limit": "corrections would bring a filed VAT return over its limit: finance tells HMRC first",
    "quiet_window": "the policy wants nothing sent now",
    "canary_first": "the first document since a mapping changed is not proven yet",
    "case_held": "its other half may not go, and a correction goes whole or not at all",
    "summary_begun": "more of its store-day was sent than the publication knew: the next pass proposes what is left",
    "contra_first": "what it replaces is not proven to be undone",
    "key_taken": "the key already belongs to another event",
    "being_settled": "an earlier send of it is still to be settled",
    "set_aside": "a person sees to it in Sage",
    "already_posted": "it was posted and proven before",
    "refused": "Sage refused it; it is tried again when a later publication still proposes it",
    "customer_not_open": "the customer is missing, hidden or on hold in Sage now",
    "bank_not_open": "the bank account is missing or hidden in Sage now",
    "nominal_not_open": "a nominal account is missing or hidden in Sage now",
    "tax_code_changed": "a tax code is missing in Sage now or its rate is another",
    "order_not_takeable": "Sage would not take the sales order as the till sold it",
    "order_cancelled": "its sales order was cancelled in Sage: nothing enters it again",
    "order_not_invoiced": "it is a sales order in Sage that nobody has invoiced",
    "period_not_open": "the accounting period is not the one the proposal expected",
    "connector_was_first": "the connector has posted the receipt since the proposal",
    "alike_in_ledger": "a document just like it has appeared in Sage since the proposal",
    "revision_live": "another revision of it is in Sage",
    "target_changed": "what it would reverse is gone, different, or touched by a person",
    "survivor_gone": "what is to stay is gone from Sage, undone or changed: to undo its copy would leave none of it",
    "already_reversed": "a contra of it is in Sage already",
    "allocated_by_us": "we allocated what it would undo: a person undoes that allocation in Sage first",
    "being_allocated": "an allocation of what it would undo was sent and is not settled yet",
    "being_undone": "one of the documents is being undone, or is about to be",
    "members_changed": "what would be allocated is no longer what was proven",
    "allocated_already": "somebody else has allocated it",
    "not_proven": "what it would undo is not proven to be in Sage",
}


@dataclass(frozen=True)
class Hold:
    """Why one document stays: a code of `HOLD_CODES` and what exactly was seen."""

    code: str
    detail: str = ""

    def __post_init__(self) -> None:
        if self.code not in HOLD_CODES:
            raise ValueError(f"'{self.code}' is not a reason to hold")

    def __str__(self) -> str:
        return f"{self.code}: {self.detail or HOLD_CODES[self.code]}"

    @classmethod
    def code_of(cls, text: str) -> str:
        """The code in a hold written down earlier."""
        return text.split(":", 1)[0]


def pounds(pence: int) -> str:
    """£1,234.56, or -£1,234.56."""
    return f"{'-' if pence < 0 else ''}£{abs(pence) // 100:,}.{abs(pence) % 100:02d}"
