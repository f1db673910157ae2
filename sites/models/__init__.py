"""The domain's records, a noun per module."""

from sites.models.deleted_slot import DeletedSlot
from sites.models.deployment import Deployment, DeploymentState
from sites.models.host_name import HostName, HostNameKind
from sites.models.instance import Instance
from sites.models.limit_bucket import LimitBucket
from sites.models.metric import MetricSample, MetricState
from sites.models.operation import Operation, OperationState, OperationStep, SlotHold, Step
from sites.models.periodic_job import PeriodicJob
from sites.models.revision import Revision, RevisionState, cluster_of
from sites.models.router_node import RouterNode
from sites.models.site import InstanceSize, Mode, Site
from sites.models.site_usage import SiteUsage
from sites.models.slot import PRODUCTION, STAGING, Slot
from sites.models.slot_setting import Category, SlotSetting, StickyName
from sites.models.stay import Stay
from sites.models.subscription import Membership, Role, Subscription
from sites.models.swap import SlotChange, Swap
from sites.models.workload import Workload

__all__ = [
    "PRODUCTION",
    "STAGING",
    "Category",
    "DeletedSlot",
    "Deployment",
    "DeploymentState",
    "HostName",
    "HostNameKind",
    "Instance",
    "InstanceSize",
    "LimitBucket",
    "Membership",
    "MetricSample",
    "MetricState",
    "Mode",
    "Operation",
    "OperationState",
    "OperationStep",
    "PeriodicJob",
    "Revision",
    "RevisionState",
    "Role",
    "RouterNode",
    "Site",
    "SiteUsage",
    "Slot",
    "SlotChange",
    "SlotHold",
    "SlotSetting",
    "Stay",
    "Step",
    "StickyName",
    "Subscription",
    "Swap",
    "Workload",
    "cluster_of",
]
