"""Every refusal and failure of the domain, with its code and its sentence: drawn here, written by subject beside.

GreenroomError
├── Refused                 the person may act; nothing was changed
│   ├── NotFound            there is nothing at this address, or it is not for this person
│   ├── NotAllowed          may look but not change
│   ├── LastOwner           a subscription is never without an owner
│   ├── NotAuthenticated    a publishing client without the slot's credentials
│   ├── VisitRefused        a visitor is not let into a slot that is not open to everybody
│   ├── VisitsLimited       too many wrong passwords for visitors
│   ├── SignInLimited       too many wrong passwords or codes
│   ├── SignInBusy          too many passwords at one moment
│   ├── PublishingLimited   too many wrong publishing credentials
│   ├── BackupRefused       a file that is no backup, or one that this installation cannot take
│   ├── BackupPlaceRefused  a place where no backup can be written
│   ├── BackupStoreRefused  a store for backups that cannot be used as it is set, or does not answer
│   ├── DiskFull            less is free than is kept in reserve
│   ├── QuotaExceeded       content and builds of a web site would outgrow their quota
│   ├── UploadsBusy
│   ├── NotEnoughMemory     the limits of all instances together would exceed what the machine offers
│   ├── DomainTaken         a slot has the domain name already
│   ├── DomainLimit         the mode allows no more domain names
│   ├── CertificateLimit    the mode allows no more certificates
│   ├── TooManyCertificateChanges    more of them in a web site than may be within an hour
│   ├── BodyTooSlow         a request arrives below the least rate
│   ├── RequestTooLarge     a form beyond its limit
│   ├── ServerBusy
│   ├── TooManyTails        more programs follow logs than are served at once
│   ├── TooManyUploads
│   ├── TooManyStreams      more programs follow events than are served at once
│   ├── TargetLimit         a subscription has as many event targets as it may have
│   ├── TargetDisabled      nothing is sent to an event target that is disabled
│   ├── StillWaiting        a delivery is still being tried
│   ├── KeyMissing          values are encrypted and the key is gone
│   ├── KeyFileRefused
│   ├── DataFolderRefused
│   ├── RequestRefused      a program's request is not as the API describes it
│   ├── TokenRefused        a program without an access token that is in force
│   ├── TokenLimited        too many wrong access tokens
│   ├── IdentityRefused     an identity token that a web site does not trust
│   ├── IssuersBusy         as many issuers of identity tokens are asked as may be at once
│   ├── TooManyExchanges    more access tokens for one trust than it gives within a quarter of an hour
│   ├── ScopeMissing        the access token lacks the scope
│   ├── PreconditionFailed  a request holds only under a condition that is not met
│   ├── DeploymentElsewhere  no slot holds what production should serve
│   ├── KeyReused           an Idempotency-Key comes with another request
│   ├── TooManyKeys
│   ├── TooManyWaiting
│   ├── NotOffered          a client of Azure asks for a setting that Greenroom does not have
│   ├── AddressNotOffered   a client of Azure asks at an address that Greenroom does not have
│   ├── VersionRefused      a client of Azure names no version of the interface, or none that there is
│   ├── NotEndedYet         what was begun goes on for longer than an answer is held back
│   ├── RouterUnknown       a command names a router that is not registered
│   ├── RouterRefused       a router cannot become what a command asks for
│   ├── NotStandard         staged publishing needs Standard mode
│   ├── NotSwappable        the site left Standard mode
│   ├── SlotLimit
│   ├── SlotBusy            another operation holds a slot
│   ├── SwapPending         a swap with preview waits for its completion
│   ├── NothingToRollBack
│   ├── SlotStopped
│   ├── NothingToRun        a command for a slot that has only its placeholder page
│   ├── TooManyCommands     as many commands run as may at once
│   ├── NothingPublished
│   ├── SameSlot
│   ├── NotRestorable       deleted content that is gone, or whose place is taken
│   ├── SettingRefused      a value cannot be taken
│   │   ├── NameTaken
│   │   ├── NameRefused
│   │   ├── DomainRefused
│   │   ├── CertificateRefused
│   │   ├── TargetRefused   an event target that cannot be taken
│   │   ├── TrustRefused    what a web site cannot trust
│   │   ├── ResourceRefused  a database that cannot be linked
│   │   ├── AutoscaleRefused
│   │   └── SourceRefused   a repository that cannot be connected
│   ├── Outdated            somebody else saved the page meanwhile
│   ├── ChangedMeanwhile    somebody else saved what a tab or dialog shows
│   ├── InstanceCountRefused
│   ├── InstanceSizeRefused  a size that the mode or the machine does not have
│   ├── WrongNameTyped
│   ├── NotConnected        a slot is published from no repository
│   ├── HookRefused         a webhook without the right signature
│   ├── HookLimited
│   ├── PortTaken           `up` cannot have its port
│   ├── AlreadyUp           one `up` per data folder
│   ├── NotUp               a command needs a running `up`
│   ├── IsolationMissing    the machine gives no sandbox, and nobody allowed to go without
│   ├── ServiceRefused      no service of systemd can be made of it, or removed
│   ├── ArchiveRefused      an upload that cannot be trusted or read
│   ├── ContentRefused      an upload that is not recognised
│   ├── UploadTooLarge
│   ├── PublicationRefused
│   ├── FileChanged         a file is not the one that its writer has seen
│   ├── PushUnderWay        one push to a slot at a time
│   └── GitMissing
└── Failed                  something that was begun did not succeed; the sentence says what holds now
    ├── BackupFailed        a backup that could not be written
    ├── InstanceNotStarted
    ├── WarmupFailed
    ├── BuildFailed
    │   └── InterpreterMissing   neither there nor to be fetched
    ├── ReleaseFailed
    ├── OutOfMemory         the machine has no memory for more instances
    ├── RoutesRefused       every router refused the routes
    ├── NoSpaceLeft         a write came to a full disk
    ├── InternalFault       an exception that nobody foresaw, again and again
    ├── Cancelled           a person asked for the end of an operation before its switch
    ├── Unreachable         a part of Greenroom does not answer; tried again automatically
    │   ├── RuntimeUnreachable
    │   └── RouterUnreachable
    ├── ServerFault         Greenroom itself failed
    ├── StaleOrder          an order that a newer one has overtaken
    ├── RoutersLate         some routers did not acknowledge the routes before the switch
    └── FetchFailed         a repository elsewhere could not be fetched
"""

from sites.errors.access import (
    LastOwner,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    PublishingLimited,
    SignInBusy,
    SignInLimited,
    VisitRefused,
    VisitsLimited,
)
from sites.errors.backups import BackupFailed, BackupPlaceRefused, BackupRefused, BackupStoreRefused
from sites.errors.base import Failed, GreenroomError, Refused, status_of
from sites.errors.capacity import DiskFull, NotEnoughMemory, QuotaExceeded, UploadsBusy
from sites.errors.disk import is_disk_full
from sites.errors.domains import CertificateLimit, DomainLimit, DomainTaken, TooManyCertificateChanges
from sites.errors.door import BodyTooSlow, RequestTooLarge, ServerBusy, TooManyTails, TooManyUploads
from sites.errors.events import StillWaiting, TargetDisabled, TargetLimit, TooManyStreams
from sites.errors.failures import (
    BuildFailed,
    Cancelled,
    InstanceNotStarted,
    InternalFault,
    InterpreterMissing,
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
from sites.errors.faults import MAX_FAULTS, Fault
from sites.errors.keys import DataFolderRefused, KeyFileRefused, KeyMissing
from sites.errors.programs import (
    AddressNotOffered,
    DeploymentElsewhere,
    IdentityRefused,
    IssuersBusy,
    KeyReused,
    NotEndedYet,
    NotOffered,
    PreconditionFailed,
    RequestRefused,
    ScopeMissing,
    TokenLimited,
    TokenRefused,
    TooManyExchanges,
    TooManyKeys,
    TooManyWaiting,
    VersionRefused,
)
from sites.errors.routers import RouterRefused, RoutersLate, RouterUnknown
from sites.errors.slots import (
    NothingPublished,
    NothingToRollBack,
    NothingToRun,
    NotRestorable,
    NotStandard,
    NotSwappable,
    SameSlot,
    SlotBusy,
    SlotLimit,
    SlotStopped,
    SwapPending,
    TooManyCommands,
)
from sites.errors.sources import FetchFailed, HookLimited, HookRefused, NotConnected, SourceRefused
from sites.errors.typed import (
    AutoscaleRefused,
    CertificateRefused,
    ChangedMeanwhile,
    DomainRefused,
    InstanceCountRefused,
    InstanceSizeRefused,
    NameRefused,
    NameTaken,
    Outdated,
    ResourceRefused,
    SettingRefused,
    TargetRefused,
    TrustRefused,
    WrongNameTyped,
)
from sites.errors.up import AlreadyUp, IsolationMissing, NotUp, PortTaken, ServiceRefused
from sites.errors.uploads import (
    ArchiveRefused,
    ContentRefused,
    FileChanged,
    GitMissing,
    PublicationRefused,
    PushUnderWay,
    UploadTooLarge,
)

__all__ = [
    "MAX_FAULTS",
    "AddressNotOffered",
    "AlreadyUp",
    "ArchiveRefused",
    "AutoscaleRefused",
    "BackupFailed",
    "BackupPlaceRefused",
    "BackupRefused",
    "BackupStoreRefused",
    "BodyTooSlow",
    "BuildFailed",
    "Cancelled",
    "CertificateLimit",
    "CertificateRefused",
    "ChangedMeanwhile",
    "ContentRefused",
    "DataFolderRefused",
    "DeploymentElsewhere",
    "DiskFull",
    "DomainLimit",
    "DomainRefused",
    "DomainTaken",
    "Failed",
    "Fault",
    "FetchFailed",
    "FileChanged",
    "GitMissing",
    "GreenroomError",
    "HookLimited",
    "HookRefused",
    "IdentityRefused",
    "InstanceCountRefused",
    "InstanceNotStarted",
    "InstanceSizeRefused",
    "InternalFault",
    "InterpreterMissing",
    "IsolationMissing",
    "IssuersBusy",
    "KeyFileRefused",
    "KeyMissing",
    "KeyReused",
    "LastOwner",
    "NameRefused",
    "NameTaken",
    "NoSpaceLeft",
    "NotAllowed",
    "NotAuthenticated",
    "NotConnected",
    "NotEndedYet",
    "NotEnoughMemory",
    "NotFound",
    "NotOffered",
    "NotRestorable",
    "NotStandard",
    "NotSwappable",
    "NotUp",
    "NothingPublished",
    "NothingToRollBack",
    "NothingToRun",
    "OutOfMemory",
    "Outdated",
    "PortTaken",
    "PreconditionFailed",
    "PublicationRefused",
    "PublishingLimited",
    "PushUnderWay",
    "QuotaExceeded",
    "Refused",
    "ReleaseFailed",
    "RequestRefused",
    "RequestTooLarge",
    "ResourceRefused",
    "RouterRefused",
    "RouterUnknown",
    "RouterUnreachable",
    "RoutersLate",
    "RoutesRefused",
    "RuntimeUnreachable",
    "SameSlot",
    "ScopeMissing",
    "ServerBusy",
    "ServerFault",
    "ServiceRefused",
    "SettingRefused",
    "SignInBusy",
    "SignInLimited",
    "SlotBusy",
    "SlotLimit",
    "SlotStopped",
    "SourceRefused",
    "StaleOrder",
    "StillWaiting",
    "SwapPending",
    "TargetDisabled",
    "TargetLimit",
    "TargetRefused",
    "TokenLimited",
    "TokenRefused",
    "TooManyCertificateChanges",
    "TooManyCommands",
    "TooManyExchanges",
    "TooManyKeys",
    "TooManyStreams",
    "TooManyTails",
    "TooManyUploads",
    "TooManyWaiting",
    "TrustRefused",
    "Unreachable",
    "UploadTooLarge",
    "UploadsBusy",
    "VersionRefused",
    "VisitRefused",
    "VisitsLimited",
    "WarmupFailed",
    "WrongNameTyped",
    "is_disk_full",
    "status_of",
]
