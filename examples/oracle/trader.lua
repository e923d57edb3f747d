--- trader.lua: asks for a price in the middle of a handler, and buys when it is low enough.

Bought = Bought or 0

Handlers.add("Consider", "Consider", function(msg)
  local answer = Send({ Target = msg.Tags.Oracle, Action = "Price", Symbol = "AR" }).receive()
  local price = tonumber(answer.Tags.Price)
  if price > tonumber(msg.Tags.Limit) then
    print("too dear at " .. price)
    return
  end
  Bought = Bought + 1
  print("bought at " .. price)
end)
