"""Commands of az, in an order in which they can be run, and what each comes to. docs/azure-clients.md shows them."""

from dataclasses import dataclass

HERE = "-g greenroom -n contoso"
STAGING = f"{HERE} --slot staging"


@dataclass(frozen=True, slots=True)
class Command:
    """One line for az. `{folder}` is where site.zip lies."""

    line: str
    says: str = ""
    """What is in the answer; of a refusal a part of its sentence."""
    is_refused: bool = False
    remark: str = ""
    """For people."""

    @property
    def name(self) -> str:
        """The command without what is about this web site."""
        words = self.line.replace(STAGING, "").replace(HERE, "").split()
        return " ".join(word for word in words if "{" not in word)


COMMANDS = (
    Command("appservice plan list", '"standard"', remark="one plan for each mode"),
    Command("appservice plan show -g greenroom -n standard", "S1"),
    Command("group show -n greenroom", "Succeeded", remark="the one resource group of a subscription"),
    Command(f"webapp create {HERE} -p standard", "Running", remark="the plan is the mode: free, shared or standard"),
    Command("webapp list", "contoso"),
    Command(f"webapp show {HERE}", "Running"),
    Command(f"webapp config show {HERE}", '"alwaysOn": true'),
    Command(
        f"webapp config set {HERE} --web-sockets-enabled false",
        '"webSocketsEnabled": false',
        remark="also --always-on and --startup-file",
    ),
    Command(f"webapp config appsettings set {HERE} --settings A=1 --slot-settings B=2", '"B"'),
    Command(f"webapp config appsettings list {HERE}", '"B"', remark="recorded, as it shows the values"),
    Command(f"webapp config appsettings delete {HERE} --setting-names A", '"B"'),
    Command(f"webapp config connection-string set {HERE} -t SQLAzure --settings DB=server", "SQLAzure"),
    Command(f"webapp config connection-string list {HERE}", "server", remark="the same"),
    Command(
        f"webapp deployment slot create {STAGING} --configuration-source contoso",
        "contoso",
        remark="the slot is called staging; az leaves out what stays with its slot",
    ),
    Command(f"webapp deploy {HERE} --src-path {{folder}}/one.zip --type zip", '"status": 4'),
    Command(f"webapp deploy {STAGING} --src-path {{folder}}/two.zip --type zip", '"status": 4'),
    Command(f"webapp deployment slot list {HERE}", '"staging"'),
    Command(f"webapp deployment slot swap {STAGING}"),
    Command(f"webapp deployment slot swap {STAGING} --action preview"),
    Command(f"webapp deployment slot swap {STAGING} --action reset", remark="cancels what is prepared"),
    Command(f"webapp deployment slot auto-swap {STAGING}", '"autoSwapSlotName": "production"'),
    Command(f"webapp deployment slot auto-swap {STAGING} --disable"),
    Command(f"webapp deployment list-publishing-profiles {STAGING}", "ZipDeploy"),
    Command(f"webapp deployment list-publishing-credentials {STAGING}", "contoso__staging"),
    Command(f"webapp stop {STAGING}"),
    Command(f"webapp start {STAGING}"),
    Command(f"webapp restart {HERE}"),
    Command(f"webapp update {HERE} --https-only true", '"httpsOnly": true'),
    Command(f"webapp deployment slot create {HERE} --slot blue", "staging", is_refused=True, remark="no other names"),
    Command(
        f"webapp traffic-routing set {HERE} --distribution staging=10",
        "experiments",
        is_refused=True,
        remark="visitors are not divided between slots",
    ),
    Command(
        f"webapp config set {HERE} --http20-enabled false",
        "http20Enabled",
        is_refused=True,
        remark="Greenroom speaks HTTP/2",
    ),
    Command(
        "webapp config hostname list -g greenroom --webapp-name contoso",
        "hostNameBindings",
        is_refused=True,
        remark="domain names are claimed in the portal",
    ),
    Command(
        "appservice plan update -g greenroom -n standard --number-of-workers 3",
        "the number belongs to each slot",
        is_refused=True,
        remark="the instance count is a slot's: webapp config set --number-of-workers",
    ),
    Command(
        "appservice plan create -g greenroom -n premium --sku P1V3",
        "serverfarms",
        is_refused=True,
        remark="plans are fixed",
    ),
    Command(f"webapp deployment slot delete {STAGING}"),
    Command(f"webapp delete {HERE}", remark="with all slots; seven days to restore it in the portal"),
)


def table() -> str:
    """For docs/azure-clients.md."""
    rows = ["| `az …` | | |", "| --- | --- | --- |"]
    shown: dict[str, str] = {}
    for command in COMMANDS:
        outcome = "refused" if command.is_refused else "works"
        row = f"| `{command.name}` | {outcome} | {command.remark} |"
        shown.setdefault(f"{command.name} {outcome}", row)
    return "\n".join([*rows, *shown.values()])
