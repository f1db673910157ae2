"""Every refusal and failure of the domain, with its code and its sentence: drawn here, written by subject beside.

GreenroomError
├── Refused                 the person may act; nothing was changed
│   ├── NotFound            there is nothing at this address, or it is not for this person
│   ├── NotAllowed          may look but not change
│   ├── LastOwner           a subscription is never without an owner
│   ├── NotAuthenticated    a publishing client without the slot's credentials
│   ├── SignInLimited       too many wrong passwords or codes
│   ├── SignInBusy          too many passwords at one moment
│   ├── PublishingLimited   too many wrong publishing credentials
│   ├── BodyTooSlow         a request arrives below the least rate
│   ├── RequestTooLarge     a form beyond its limit
│   ├── ServerBusy
│   ├── TooManyTails        more programs follow logs than are served at once
│   ├── TooManyUploads
│   ├── KeyMissing          values are encrypted and the key is gone
│   ├── KeyFileRefused
│   ├── DataFolderRefused
│   ├── DiskFull            less is free than is kept in reserve
│   ├── QuotaExceeded       content and builds of a web site would outgrow their quota
│   ├── UploadsBusy
│   ├── NotEnoughMemory     the limits of all instances together would exceed what the machine offers
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
│   ├── SettingRefused      a value cannot be taken
│   │   ├── NameTaken
│   │   └── NameRefused
│   ├── Outdated            somebody else saved the page meanwhile
│   ├── InstanceCountRefused
│   ├── WrongNameTyped
│   ├── PortTaken           `up` cannot have its port
│   ├── AlreadyUp           one `up` per data folder
│   ├── NotUp               a command needs a running `up`
│   ├── IsolationMissing    the machine gives no sandbox, and nobody allowed to go without
│   ├── ArchiveRefused      an upload that cannot be trusted or read
│   ├── UploadTooLarge
│   └── WorkerKindRefused   a Procfile's worker line
└── Failed                  something that was begun did not succeed; the sentence says what holds now
    ├── InstanceNotStarted
    ├── WarmupFailed
    ├── BuildFailed
    ├── ReleaseFailed
    ├── OutOfMemory         the machine has no memory for more instances
    ├── RoutesRefused       every router refused the routes
    ├── NoSpaceLeft         a write came to a full disk
    ├── InternalFault       an exception that nobody foresaw, again and again
    ├── Cancelled           a person asked for the end of an operation before its switch
    ├── Unreachable         a part of Greenroom does not answer; tried again by itself
    │   ├── RuntimeUnreachable
    │   └── RouterUnreachable
    ├── ServerFault         Greenroom itself failed
    └── StaleOrder          an order that a newer one has overtaken
"""

from sites.errors.access import (
    LastOwner,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    PublishingLimited,
    SignInBusy,
    SignInLimited,
)
from sites.errors.base import Failed, GreenroomError, Refused, status_of
from sites.errors.disk import is_disk_full
from sites.errors.door import BodyTooSlow, RequestTooLarge, ServerBusy, TooManyTails, TooManyUploads
from sites.errors.failures import (
    BuildFailed,
    Cancelled,
    InstanceNotStarted,
    InternalFault,
    NoSpaceLeft,
    OutOfMemory,
    ReleaseFailed,
    RouterUnreachable,
    RoutesRefused,
    RuntimeUnreachable,
    ServerFault,
    StaleOrder,
    Unreachable,
    WarmupFailed,
)
from sites.errors.keys import DataFolderRefused, KeyFileRefused, KeyMissing
from sites.errors.limits import DiskFull, NotEnoughMemory, QuotaExceeded, UploadsBusy
from sites.errors.slots import (
    NothingPublished,
    NothingToRollBack,
    NotRestorable,
    NotStandard,
    NotSwappable,
    SameSlot,
    SlotBusy,
    SlotLimit,
    SlotStopped,
    SwapPending,
)
from sites.errors.typed import (
    InstanceCountRefused,
    NameRefused,
    NameTaken,
    Outdated,
    SettingRefused,
    WrongNameTyped,
)
from sites.errors.up import AlreadyUp, IsolationMissing, NotUp, PortTaken
from sites.errors.uploads import ArchiveRefused, UploadTooLarge, WorkerKindRefused

__all__ = [
    "AlreadyUp",
    "ArchiveRefused",
    "BodyTooSlow",
    "BuildFailed",
    "Cancelled",
    "DataFolderRefused",
    "DiskFull",
    "Failed",
    "GreenroomError",
    "InstanceCountRefused",
    "InstanceNotStarted",
    "InternalFault",
    "IsolationMissing",
    "KeyFileRefused",
    "KeyMissing",
    "LastOwner",
    "NameRefused",
    "NameTaken",
    "NoSpaceLeft",
    "NotAllowed",
    "NotAuthenticated",
    "NotEnoughMemory",
    "NotFound",
    "NotRestorable",
    "NotStandard",
    "NotSwappable",
    "NotUp",
    "NothingPublished",
    "NothingToRollBack",
    "OutOfMemory",
    "Outdated",
    "PortTaken",
    "PublishingLimited",
    "QuotaExceeded",
    "Refused",
    "ReleaseFailed",
    "RequestTooLarge",
    "RouterUnreachable",
    "RoutesRefused",
    "RuntimeUnreachable",
    "SameSlot",
    "ServerBusy",
    "ServerFault",
    "SettingRefused",
    "SignInBusy",
    "SignInLimited",
    "SlotBusy",
    "SlotLimit",
    "SlotStopped",
    "StaleOrder",
    "SwapPending",
    "TooManyTails",
    "TooManyUploads",
    "Unreachable",
    "UploadTooLarge",
    "UploadsBusy",
    "WarmupFailed",
    "WorkerKindRefused",
    "WrongNameTyped",
    "is_disk_full",
    "status_of",
]
