--- chart.lua: makes candles of the trades on the feed; the clock says when one is closed.

Feed = Feed or ao.env.Process.Tags.Feed
Candles = Candles or {} -- each { open, high, low, close, volume }
Current = Current or nil

Handlers.add("Trade", { Action = "Published", From = Feed }, function(msg)
  local price, quantity = tonumber(msg.Tags.Price), tonumber(msg.Tags.Quantity)
  if not Current then
    Current = { open = price, high = price, low = price, close = price, volume = 0 }
  end
  Current.high = math.max(Current.high, price)
  Current.low = math.min(Current.low, price)
  Current.close = price
  Current.volume = Current.volume + quantity
end)

Handlers.add("Close", "Close-Candle", function()
  if Current then
    Candles[#Candles + 1] = Current
    Current = nil
  end
end)

Handlers.add("Subscribed", "Subscribed", function() end)

Send({ Target = Feed, Action = "Subscribe", Topic = "gold" })
