--- archive.lua: keeps all trades and answers questions about them.
-- Written as much published code is: a global json and a camel-case tag. Both work in docs fidelity
-- and appear among the findings, for on the network json must be required and RequestId arrives as
-- Requestid.

Feed = Feed or ao.env.Process.Tags.Feed
History = History or {}

Handlers.add("Trade", { Action = "Published", From = Feed }, function(msg)
  table.insert(History, { trade = tonumber(msg.Tags.Trade), price = tonumber(msg.Tags.Price) })
end)

Handlers.add("History", "History", function(msg)
  local count = tonumber(msg.Tags.Count) or 10
  msg.reply({
    Action = "History-Response",
    RequestId = msg.Tags.RequestId,
    Data = json.encode({ table.unpack(History, math.max(1, #History - count + 1)) }),
  })
end)

Handlers.add("Subscribed", "Subscribed", function() end)

Send({ Target = Feed, Action = "Subscribe", Topic = "gold" })
