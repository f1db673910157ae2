"""The domain's records, a noun per module."""

from sites.models import clock as clock  # it looks at the clock of every connection
from sites.models.access_token import AccessToken, IdempotentRequest, Scope
from sites.models.alert import Alert
from sites.models.automatic_certificate import AcmeAccount, AutomaticCertificate, CertificateOrder, OrderState
from sites.models.autoscale import SCHEDULED, Autoscale, CountRange, ScaleMetric, Times
from sites.models.certificate import Certificate
from sites.models.custom_domain import CustomDomain, DomainState
from sites.models.deleted_slot import DeletedSlot
from sites.models.deployment import Deployment, DeploymentState
from sites.models.deployment_user import DeploymentUser
from sites.models.endpoint_check import EndpointCheck
from sites.models.event import Event
from sites.models.event_target import Delivery, DeliveryState, EventTarget, TargetFormat
from sites.models.host_name import HostName, HostNameKind
from sites.models.instance import Instance
from sites.models.instance_size import SIZES, ChosenSize, InstanceSize, SizeFigures, chosen
from sites.models.limit_bucket import LimitBucket
from sites.models.linked_resource import Engine, Health, LinkedResource
from sites.models.log_drain import LogDrain
from sites.models.maintenance_page import MaintenancePage
from sites.models.metric import MetricSample, MetricState
from sites.models.mode import Mode, ModeLimits
from sites.models.one_off_command import OneOffCommand
from sites.models.operation import Operation, OperationState, OperationStep, SlotHold, Step
from sites.models.periodic_job import PeriodicJob
from sites.models.revision import Rest, Revision, RevisionState, cluster_of
from sites.models.router_node import RouterNode
from sites.models.site import Site
from sites.models.site_member import SiteMember
from sites.models.site_usage import SiteUsage
from sites.models.slot import PRODUCTION, STAGING, Slot
from sites.models.slot_setting import Category, SlotSetting, StickyName
from sites.models.source_control import Provider, SourceControl
from sites.models.stay import Stay
from sites.models.subscription import Membership, Role, Subscription
from sites.models.swap import SlotChange, Swap
from sites.models.trust import SpentIdentity, Trust
from sites.models.visitor_rule import Others, UsedVisitCode, VisitorRule
from sites.models.workload import Workload

__all__ = [
    "PRODUCTION",
    "SCHEDULED",
    "SIZES",
    "STAGING",
    "AccessToken",
    "AcmeAccount",
    "Alert",
    "AutomaticCertificate",
    "Autoscale",
    "Category",
    "Certificate",
    "CertificateOrder",
    "ChosenSize",
    "CountRange",
    "CustomDomain",
    "DeletedSlot",
    "Delivery",
    "DeliveryState",
    "Deployment",
    "DeploymentState",
    "DeploymentUser",
    "DomainState",
    "EndpointCheck",
    "Engine",
    "Event",
    "EventTarget",
    "Health",
    "HostName",
    "HostNameKind",
    "IdempotentRequest",
    "Instance",
    "InstanceSize",
    "LimitBucket",
    "LinkedResource",
    "LogDrain",
    "MaintenancePage",
    "Membership",
    "MetricSample",
    "MetricState",
    "Mode",
    "ModeLimits",
    "OneOffCommand",
    "Operation",
    "OperationState",
    "OperationStep",
    "OrderState",
    "Others",
    "PeriodicJob",
    "Provider",
    "Rest",
    "Revision",
    "RevisionState",
    "Role",
    "RouterNode",
    "ScaleMetric",
    "Scope",
    "Site",
    "SiteMember",
    "SiteUsage",
    "SizeFigures",
    "Slot",
    "SlotChange",
    "SlotHold",
    "SlotSetting",
    "SourceControl",
    "SpentIdentity",
    "Stay",
    "Step",
    "StickyName",
    "Subscription",
    "Swap",
    "TargetFormat",
    "Times",
    "Trust",
    "UsedVisitCode",
    "VisitorRule",
    "Workload",
    "chosen",
    "cluster_of",
]
