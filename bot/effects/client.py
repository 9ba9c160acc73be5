"""The Web API client of effects."""

from __future__ import annotations

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.effects import lease


class CarefulClient(AsyncWebClient):
    """A Web API client that begins no call for an effect that may not be carried out now."""

    async def api_call(self, *args: Any, **kwargs: Any) -> AsyncSlackResponse:
        """As in the SDK. Raises ``LeaseLost`` and ``ToldToWait``."""
        lease.check()
        return await super().api_call(*args, **kwargs)
