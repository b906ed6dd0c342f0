"""What one seed stands for: a few documents, and everything that goes wrong while they are posted.

A story is plain data, so that it can be printed, replayed and made smaller. Steps are counted over the whole
story: each touch of the store and of the network is one or two.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

POST_FAULTS = (
    *("lock 400", "lock 409", "lock 423", "too many", "unauthorised", "refuse", "server error"),
    *("lost reply", "lost before it came", "timeout before commit", "timeout after commit"),
    *("saved with server error", "saved with refusal", "ghost", "late", "deferred", "suspense", "breaks"),
)
HAPPENINGS = (
    *("die", "die", "die", "lose power", "stall", "hide nominal", "connector posts", "reject"),
    *("stop store", "posting off"),
)
LIVES_MAX = 8
UNDOING = ("contra", "case")
UNDOES, FILED, ALLOCATES, ORDERS, SWALLOWS = 0.3, 0.2, 0.35, 0.25, 0.15  # of the stories
UNDOES_THE_OTHER = 0.4  # of the stories in which a copy is undone: a person undoes what was to stay
SETTLES = ("not there", "aside", "there")


@dataclass(frozen=True)
class Paper:
    """One document of the publication. S01 is ours to post, S02 the connector's: there a person must approve."""

    kind: str  # invoice, receipt, contra, case (a contra and its repost), sale (an invoice and the money for it)
    store_id: str
    net: int
    is_approved: bool = True
    is_order: bool = False  # its invoice goes as a sales order, and is one when a person invoices it


@dataclass(frozen=True)
class Meets:
    """What the nth POST of the story meets; the document is seen `late_s` after Sage has done with it."""

    nth: int
    fault: str
    late_s: float = 0.0


@dataclass(frozen=True)
class Happens:
    """What happens at a step, and to which document."""

    step: int
    what: str
    paper: int = 0


@dataclass(frozen=True)
class Story:
    """A seed, told. `turns` seeds whose turn it is where there are two workers."""

    seed: int
    papers: tuple[Paper, ...]
    meets: tuple[Meets, ...] = ()
    silent_reads: tuple[int, ...] = ()
    happens: tuple[Happens, ...] = ()
    workers: int = 1
    rests_s: float = 1.0
    is_republished: bool = False
    hidden_is_refused: bool = True
    undoes: bool = False  # what was posted is undone again, every document of it
    is_filed: bool = False  # the VAT return of all of it is filed, and may come to little error
    unseconded: tuple[int, ...] = ()  # the papers that only one person approved, where two must
    allocates: bool = False  # the documents of a sale are set against each other
    turns: int = 0
    swallowed: int | None = None  # the paper whose every POST is lost, until all is calm
    settles: str = "not there"  # what a person says of whatever no run could settle

    def lines(self) -> Iterator[str]:
        """The story for a person."""
        yield (
            f"seed {self.seed}: {self.workers} worker(s), {self.rests_s:g} s between lives"
            + (", published anew each life" if self.is_republished else "")
            + (", then all undone" if self.undoes else "")
            + (", its sales allocated" if self.allocates else "")
            + (f", on a filed return, not seconded: {self.unseconded}" if self.is_filed else "")
            + (
                f", document {self.swallowed} swallowed, a person says: {self.settles}"
                if self.swallowed is not None
                else ""
            )
        )
        yield from (f"  document {number}: {paper}" for number, paper in enumerate(self.papers))
        yield from (f"  {one}" for one in (*self.meets, *self.happens))
        if self.silent_reads:
            yield f"  reads without an answer: {self.silent_reads}"


def story_of(seed: int) -> Story:
    """The story a seed stands for, always the same."""
    rng = random.Random(seed)  # noqa: S311  tells stories, guards nothing
    papers = tuple(_paper(rng) for _ in range(rng.choice((1, 1, 1, 2, 2, 3))))
    undoes = rng.random() < UNDOES
    acts = 2 if undoes else 1
    posts = rng.sample(range(1, acts * len(papers) + 4), rng.choice((0, 1, 1, 1, 2, 3)))
    meets = tuple(Meets(nth, rng.choice(POST_FAULTS), _late_s(rng)) for nth in sorted(posts))
    reads = rng.randrange(12)
    silent = tuple(range(reads, reads + rng.choice((1, 2, 6)))) if rng.random() < 0.15 else ()
    times = rng.choice((0, 0, 1, 1, 1, 2, 3))
    last = acts * (12 + 24 * len(papers))
    happens = tuple(
        Happens(rng.randrange(1, last), rng.choice(HAPPENINGS), rng.randrange(len(papers)))
        for _ in range(times)
    )
    story = Story(
        seed,
        papers,
        meets,
        silent,
        tuple(sorted(happens, key=lambda one: (one.step, one.what))),
        workers=rng.choice((1, 1, 2)),
        rests_s=rng.choice((1.0, 1.0, 30.0, 300.0, 1000.0)),
        is_republished=rng.random() < 0.3,
        hidden_is_refused=rng.random() < 0.5,
        undoes=undoes,
        turns=rng.randrange(2**30),
        is_filed=not undoes and rng.random() < FILED,  # what undoes is told enough by itself
        unseconded=tuple(number for number in range(len(papers)) if rng.random() < 0.2),
    )
    if rng.random() < ALLOCATES and not story.is_filed:
        story = _with_sales(story, rng)
    # drawn apart, so that every other story is as it was
    orders = random.Random(f"orders of {seed}")  # noqa: S311  tells stories, guards nothing
    if orders.random() < ORDERS:
        story = _with_orders(story, orders, last)
    others = random.Random(f"survivors of {seed}")  # noqa: S311  tells stories, guards nothing
    copies = [number for number, paper in enumerate(papers) if paper.kind == "contra"]
    if copies and others.random() < UNDOES_THE_OTHER:
        undone = Happens(others.randrange(1, last), "survivor undone", others.choice(copies))
        happens = sorted((*story.happens, undone), key=lambda one: (one.step, one.what))
        story = replace(story, happens=tuple(happens))
    apart = random.Random(f"swallows {seed}")  # noqa: S311  tells stories, guards nothing
    if apart.random() < SWALLOWS:
        swallowed = apart.randrange(len(papers))
        story = replace(story, swallowed=swallowed, settles=apart.choice(SETTLES))
    return story


def _with_orders(story: Story, rng: random.Random, last: int) -> Story:
    """The same story, where goods leave as sales orders, and a person invoices what he sees of them now and then."""
    papers = tuple(replace(paper, is_order=paper.kind in ("invoice", "sale")) for paper in story.papers)
    invoiced = tuple(Happens(rng.randrange(1, last), "invoice orders") for _ in range(rng.choice((0, 1, 2))))
    happens = sorted((*story.happens, *invoiced), key=lambda one: (one.step, one.what))
    return replace(story, papers=papers, happens=tuple(happens))


def _with_sales(story: Story, rng: random.Random) -> Story:
    """The same story, of sales and their money; drawn last, so that every other is as it was."""
    papers = [
        replace(paper, kind="sale") if paper.kind in ("invoice", "receipt") and rng.random() < 0.8 else paper
        for paper in story.papers
    ]
    meets = tuple(replace(one, nth=one.nth + rng.choice((0, 1, 2))) for one in story.meets)
    return replace(story, papers=tuple(papers), meets=meets, allocates=True)


def _paper(rng: random.Random) -> Paper:
    kind = rng.choice(("invoice", "invoice", "invoice", "receipt", "contra", "case"))
    store = "S02" if kind in UNDOING else rng.choice(("S01", "S01", "S02"))
    return Paper(kind, store, rng.choice((1000, 2000)), rng.random() < 0.8)


def _late_s(rng: random.Random) -> float:
    return rng.choice((0.0, 0.0, 1.0, 10.0, 45.0))


def smaller(story: Story) -> Iterator[Story]:
    """Every story that is this one with one thing less, or one thing simpler."""
    for name in ("happens", "meets", "silent_reads", "papers"):
        things = getattr(story, name)
        for place in reversed(range(len(things))):
            if name != "papers" or len(things) > 1:
                yield replace(story, **{name: things[:place] + things[place + 1 :]})
    for place, one in enumerate(story.meets):
        if one.late_s:
            calm = replace(one, late_s=0.0)
            yield replace(story, meets=(*story.meets[:place], calm, *story.meets[place + 1 :]))
    if any(paper.is_order for paper in story.papers):
        yield replace(story, papers=tuple(replace(paper, is_order=False) for paper in story.papers))
    if story.workers > 1:
        yield replace(story, workers=1)
    if story.undoes:
        yield replace(story, undoes=False)
    if story.is_filed:
        yield replace(story, is_filed=False)
    if story.allocates:
        yield replace(story, allocates=False)
    if story.swallowed is not None:
        yield replace(story, swallowed=None)
    if story.is_republished:
        yield replace(story, is_republished=False)
