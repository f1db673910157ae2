"""Every refusal and failure of the domain, with its code and its sentence.

GreenroomError
├── Refused                 the person may act; nothing was changed
│   ├── NotFound            there is nothing at this address, or it is not for this person
│   ├── NotAllowed          may look but not change
│   ├── LastOwner           a subscription is never without an owner
│   ├── NotAuthenticated    a publishing client without the slot's credentials
│   ├── SettingRefused      a value cannot be taken
│   │   ├── NameTaken
│   │   └── NameRefused
│   ├── Outdated            somebody else saved the page meanwhile
│   ├── WrongNameTyped
│   ├── NotStandard         staged publishing needs Standard mode
│   ├── NotSwappable        the site left Standard mode
│   ├── SlotLimit
│   ├── SlotBusy            another operation holds a slot
│   ├── SwapPending         a swap with preview waits for its completion
│   ├── NothingToRollBack
│   ├── SlotStopped
│   ├── NothingPublished
│   ├── SameSlot
│   ├── NotRestorable       deleted content that is gone, or whose place is taken
│   ├── InstanceCountRefused
│   ├── ArchiveRefused      an upload that cannot be trusted or read
│   ├── UploadTooLarge
│   ├── WorkerKindRefused   a Procfile's worker line
│   ├── SignInLimited
│   ├── PortTaken           `up` cannot have its port
│   ├── AlreadyUp           one `up` per data folder
│   ├── NotUp               a command needs a running `up`
│   └── IsolationMissing    the machine gives no sandbox, and nobody allowed to go without
└── Failed                  something that was begun did not succeed; the sentence says what holds now
    ├── InstanceNotStarted
    ├── WarmupFailed
    ├── BuildFailed
    ├── ReleaseFailed
    ├── RoutesRefused       every router refused the routes
    ├── Cancelled           a person asked for the end of an operation before its switch
    ├── Unreachable         a part of Greenroom does not answer; tried again by itself
    │   ├── RuntimeUnreachable
    │   └── RouterUnreachable
    └── StaleOrder          an order that a newer one has overtaken
"""


class GreenroomError(Exception):
    """Base of all. `str(error)` is a sentence for people, `code` is stable for programs."""

    code = "Error"
    sentence = ""

    def __init__(self, sentence: str | None = None, /, **values: object) -> None:
        self.values = values
        super().__init__(sentence if sentence is not None else self.sentence.format(**values))


class Refused(GreenroomError):
    """The caller may act; nothing was changed."""

    code = "Refused"


class NotFound(Refused):
    """An address leads nowhere, or to what is not for this person: a stranger learns nothing."""

    code = "NotFound"
    sentence = "There is nothing at this address."


class NotAllowed(Refused):
    """A reader of a subscription asks for a change."""

    code = "NotAllowed"
    sentence = (
        "You may look at '{name}' but not change it: you are a {role} of the subscription "
        "'{subscription}'. Its owner is {owner}; ask there for the role of a contributor."
    )


class LastOwner(Refused):
    """The only owner of a subscription leaves it, is removed or gets another role."""

    code = "LastOwner"
    sentence = (
        "{person} is the last owner of the subscription '{subscription}', which cannot be without one. "
        "Nothing was changed; make somebody else its owner first, or choose another person."
    )


class NotAuthenticated(Refused):
    """A publishing client showed no credentials of the slot, or wrong ones."""

    code = "NotAuthenticated"
    sentence = (
        "These are not the publishing credentials of {host}; nothing was changed. "
        "Use the publishing user and password that stand on the slot's dashboard in the portal."
    )


class SettingRefused(Refused):
    """A value cannot be taken; always raised with a sentence of its own."""

    code = "SettingRefused"


class NameTaken(SettingRefused):
    """A web site gets a name that another one of the installation has."""

    code = "NameTaken"
    sentence = "The name '{name}' is in use. Choose another; letters, digits and hyphens, at most 40."


class NameRefused(SettingRefused):
    """A web site gets a name that cannot become a host name of its own."""

    code = "NameRefused"
    sentence = "'{name}' cannot be a web site's name: {reason}. {remedy}"


class Outdated(Refused):
    """Two people edited the same configuration, or it was swapped away meanwhile."""

    code = "Outdated"
    sentence = (
        "{person} {did} at {at} while you were editing. Yours is not saved yet: it stands below beside what is in "
        "force now; save again to put yours over it."
    )


class WrongNameTyped(Refused):
    """A web site is deleted, which asks for its name, and another one was typed."""

    code = "WrongNameTyped"
    sentence = "The name does not match, so nothing was deleted. Type {name} to delete {what}."


class NotStandard(Refused):
    """Staged publishing is enabled in Free or Shared mode (seed: Enable, note, whose words these are)."""

    code = "NotStandard"
    sentence = (
        "You must be in the standard mode to enable staged publishing. '{name}' is in {mode} mode. "
        "Change it to Standard on the Scale tab first."
    )


class NotSwappable(Refused):
    """A site that has left Standard mode is swapped (seed: About Configuration, notes)."""

    code = "NotSwappable"
    sentence = (
        "'{name}' is in {mode} mode and no longer swappable. Both slots go on serving. "
        "Change it back to Standard on the Scale tab to swap."
    )


class SlotLimit(Refused):
    """Staged publishing is enabled once more (seed: Overview, last sentence)."""

    code = "SlotLimit"
    sentence = (
        "'{name}' already has {existing}. {limit} beside production {is_are} supported; delete "
        "'{name} ({slot})' first, or raise STAGING_SLOTS_PER_SITE."
    )


class SlotBusy(Refused):
    """Another operation holds a slot that this one needs."""

    code = "SlotBusy"
    sentence = (
        "'{name}' is held by {operation} of {person} since {since}{progress}. Your {wanted} was not "
        "started. Watch it under DETAILS, or try again when it has ended."
    )


class SwapPending(Refused):
    """A preview holds both slots until somebody completes or cancels it."""

    code = "SwapPending"
    sentence = (
        "'{name}' is prepared for a swap with production, started by {person} at {since}. Settings and content "
        "are held until it is completed or cancelled. Complete or cancel it in the command bar."
    )


class NothingToRollBack(Refused):
    """No swap of the site is left that could be undone."""

    code = "NothingToRollBack"
    sentence = (
        "'{name}' has no swap that could be rolled back: {reason}. Nothing was changed. "
        "Publish or swap what production is to serve."
    )


class SlotStopped(Refused):
    """A stopped slot, which has no instances to warm up, is swapped."""

    code = "SlotStopped"
    sentence = "'{name}' is stopped, so nothing can be warmed up. Start it, look at it, then swap."


class NothingPublished(Refused):
    """A slot is swapped that has only its placeholder page to offer."""

    code = "NothingPublished"
    sentence = (
        "'{name}' has no content yet. Swapping now would put the placeholder page into production. "
        "Publish to {slot} first."
    )


class SameSlot(Refused):
    """A swap or comparison names one slot twice, or two of which neither is production of the other's site."""

    code = "SameSlot"
    sentence = (
        "'{name}' cannot be swapped or compared with {other}; nothing was changed. "
        "Choose production and a staging slot of one site."
    )


class NotRestorable(Refused):
    """Deleted content cannot be brought back: it is gone, or something else has its place."""

    code = "NotRestorable"
    sentence = "'{name}' cannot be restored: {reason}. Nothing was changed. {remedy}"


class InstanceCountRefused(Refused):
    """A slot is scaled beyond its mode: Free 1, Shared 1–6, Standard 1–10 instances."""

    code = "InstanceCountRefused"
    sentence = (
        "{count} instances are not possible for '{name}': {mode} mode has 1 to {most}. "
        "It keeps its {present}; choose a number in that range."
    )


class ArchiveRefused(Refused):
    """An upload is no zip, or one that cannot be trusted."""

    code = "ArchiveRefused"
    sentence = "The archive was refused and nothing was changed: {reason}. {remedy}"


class UploadTooLarge(Refused):
    """An upload exceeds MAX_UPLOAD."""

    code = "UploadTooLarge"
    sentence = (
        "The upload is larger than {limit}, the limit of this installation, and was ended at that point. "
        "Nothing was changed. Leave build products out, or ask the administrator to raise MAX_UPLOAD."
    )


class WorkerKindRefused(Refused):
    """A Procfile has a line of a kind other than `web` and `release`."""

    code = "WorkerKindRefused"
    sentence = (
        "The Procfile asks for a '{kind}' process, which Greenroom does not run yet; nothing was changed. "
        "Remove that line and publish again; 'web' and 'release' are run."
    )


class SignInLimited(Refused):
    """A name was given five wrong passwords from one address within a quarter of an hour."""

    code = "SignInLimited"
    sentence = (
        "Too many wrong passwords for '{name}' from this address, so none is taken for now. "
        "Try again at {until}, or set a new one "
        "on the server: ./greenroom password"
    )


class PortTaken(Refused):
    """`up` finds another program on a port that the router needs."""

    code = "PortTaken"
    sentence = "Port {port} is used by {owner}. Nothing was started. Start with another: ./greenroom up --port {other}"


class AlreadyUp(Refused):
    """`up` finds its data folder in use by a running `up`."""

    code = "AlreadyUp"
    sentence = (
        "Greenroom is already running here since {since} (process {pid}), portal {address}. "
        "Use ./greenroom restart, or another folder with --data."
    )


class NotUp(Refused):
    """A command needs a running `up`, and there is none."""

    code = "NotUp"
    sentence = "Greenroom is not running with the data folder {data}; nothing was changed. Start it: ./greenroom up"


class IsolationMissing(Refused):
    """`up` finds no sandbox on this machine, and `--isolation none` was not said."""

    code = "IsolationMissing"
    sentence = (
        "This machine gives no sandbox for the sites ({reason}). Nothing was started. {remedy} "
        "To run the sites without a sandbox: ./greenroom up --isolation none"
    )


class Failed(GreenroomError):
    """Something that was begun did not succeed."""

    code = "Failed"


class InstanceNotStarted(Failed):
    """An instance ended before it served, or did not listen in time."""

    code = "InstanceNotStarted"
    sentence = (
        "{what} was stopped: instance {ordinal} of {count} of '{name}' {how}. {holds} "
        "Mend the application and try again.{last_lines}"
    )


class WarmupFailed(Failed):
    """An instance did not answer the warm-up acceptably."""

    code = "WarmupFailed"
    sentence = (
        "{what} was stopped: instance {ordinal} of '{name}' {answered} to GET {path} {tries}; accepted are "
        "{accepted}. {holds} Mend the application and try again.{last_lines}"
    )


class BuildFailed(Failed):
    """The content could not be made runnable."""

    code = "BuildFailed"
    sentence = "The build of '{message}' failed{where}. {holds} Mend it and publish again.{last_lines}"


class ReleaseFailed(Failed):
    """The Procfile's release command ended with a code other than 0."""

    code = "ReleaseFailed"
    sentence = (
        "The release command of '{message}' ended with code {exit_code}. {holds} Mend it and publish again.{last_lines}"
    )


class RoutesRefused(Failed):
    """Every router refused the new routes; they were switched back."""

    code = "RoutesRefused"
    sentence = "{what} was undone: every router refused the new routes ({reason}). {holds} See ./greenroom status."


class Cancelled(Failed):
    """A person asked for the end of an operation before its switch."""

    code = "Cancelled"


class Unreachable(Failed):
    """A part of Greenroom does not answer; whoever needed it tries again."""

    code = "Unreachable"
    sentence = (
        "{part} does not answer ({reason}). Nothing was changed; it is tried again by itself. "
        "See ./greenroom status if that lasts."
    )


class RuntimeUnreachable(Unreachable):
    """The agent does not answer."""

    code = "RuntimeUnreachable"


class RouterUnreachable(Unreachable):
    """The router's control plane does not answer."""

    code = "RouterUnreachable"


class StaleOrder(Failed):
    """An order has a lower generation or attempt than one seen before (invariant I7); stands in logs only."""

    code = "StaleOrder"
    sentence = (
        "An older order for {what} was ignored, because a newer one has been given. "
        "The newer one holds; there is nothing left to do."
    )
