"""Work that is done side by side, each as soon as what it comes after is done."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

Work = Callable[[], Awaitable[None]]


async def in_order(works: Mapping[str, tuple[Sequence[str], Work]]) -> None:
    """Do all of `works`: name → names that it comes after, and the work. The first failure ends the others.

    A name in `after` that nobody has is done. Raises what the first work that fails raises.
    """
    tasks: dict[str, asyncio.Task[None]] = {}

    async def do(after: Sequence[str], work: Work) -> None:
        for other in after:
            if other in tasks:
                await asyncio.shield(tasks[other])
        await work()

    for name, (after, work) in works.items():
        tasks[name] = asyncio.create_task(do(after, work), name=name)
    try:
        await asyncio.gather(*tasks.values())
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
