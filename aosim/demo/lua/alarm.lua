--- alarm.lua: tells a wallet, once, when the price has reached what it waits for.

Feed = Feed or ao.env.Process.Tags.Feed
Watches = Watches or {} -- in the order in which they came: { owner, above }

Handlers.add("Watch", "Watch", function(msg)
  local above = assert(tonumber(msg.Tags.Above), "Above must be a number")
  Watches[#Watches + 1] = { owner = msg.From, above = above }
  msg.reply({ Action = "Watching", Above = msg.Tags.Above })
end)

Handlers.add("Trade", { Action = "Published", From = Feed }, function(msg)
  local price, left = tonumber(msg.Tags.Price), {}
  for _, watch in ipairs(Watches) do
    if price >= watch.above then
      ao.send({ Target = watch.owner, Action = "Alarm", Price = msg.Tags.Price })
    else
      left[#left + 1] = watch
    end
  end
  Watches = left
end)

Handlers.add("Subscribed", "Subscribed", function() end)

Send({ Target = Feed, Action = "Subscribe", Topic = "gold" })
